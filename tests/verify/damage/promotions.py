"""Damage to promotions, coupons and their limits."""

from tests.verify.damage.core import Damage

A_DISCOUNT = "(SELECT id FROM order_adjustments WHERE order_line_id IS NOT NULL AND funder = 'seller' ORDER BY id LIMIT 1)"
A_LIMITED = """(SELECT a.purchase_id FROM order_adjustments a JOIN promotions p ON p.id = a.cause_id
                 WHERE p.uses_total IS NOT NULL AND p.trigger = 'code' ORDER BY a.id LIMIT 1)"""

DAMAGES = (
    Damage(
        "P1",
        "a discount is of no promotion",
        f"""
        UPDATE order_adjustments SET cause_id = gen_random_uuid() WHERE id = {A_DISCOUNT}
        RETURNING 'adjustment ' || id""",
        also=frozenset({"P3"}),
    ),
    Damage(
        "P1",
        "a seller's discount is in another currency than the promotion",
        f"""
        WITH moved AS (
            UPDATE promotions SET currency = 'USD' WHERE id = (SELECT cause_id FROM order_adjustments WHERE id = {A_DISCOUNT})
            RETURNING id)
        SELECT 'adjustment ' || a.id FROM order_adjustments a JOIN moved ON moved.id = a.cause_id""",
    ),
    Damage(
        "P2",
        "a purchase got more than the promotion gives",
        f"""
        WITH less AS (
            UPDATE promotions SET amount = 1 WHERE id = (SELECT cause_id FROM order_adjustments WHERE id = {A_DISCOUNT})
            RETURNING id)
        SELECT DISTINCT 'purchase ' || u.number
          FROM order_adjustments a JOIN less ON less.id = a.cause_id JOIN purchases u ON u.id = a.purchase_id""",
    ),
    Damage(
        "P3",
        "a purchase got a limited promotion without using it up",
        f"""
        WITH gone AS (
            UPDATE holds SET state = 'released'
             WHERE purchase_id = {A_LIMITED} AND order_line_id IS NULL
               AND allotment_id IN (SELECT id FROM allotments WHERE kind = 'promotion')
            RETURNING purchase_id)
        SELECT 'purchase ' || u.number FROM gone JOIN purchases u ON u.id = gone.purchase_id""",
        also=frozenset({"S4"}),
    ),
    Damage(
        "P4",
        "a promotion gives more uses than its limit has",
        """
        UPDATE promotions SET uses_total = uses_total + 1
         WHERE id = (SELECT id FROM promotions WHERE uses_total IS NOT NULL ORDER BY id LIMIT 1)
        RETURNING 'promotion ' || id""",
    ),
    Damage(
        "P4",
        "a coupon became somebody else's",
        """
        UPDATE coupons SET account_id = gen_random_uuid()
         WHERE id IN (SELECT subject_id FROM holds WHERE order_line_id IS NULL) RETURNING 'coupon ' || id""",
    ),
    Damage(
        "P4",
        "a coupon was handed out beside the limit",
        """
        WITH made AS (
            INSERT INTO coupons (id, promotion_id, account_id, claimed_at)
            SELECT gen_random_uuid(), id, gen_random_uuid(), now() FROM promotions
             WHERE trigger = 'coupon' AND uses_total IS NOT NULL ORDER BY id LIMIT 1
            RETURNING id, promotion_id)
        SELECT 'coupon ' || id FROM made UNION ALL SELECT 'promotion ' || promotion_id FROM made""",
    ),
)
