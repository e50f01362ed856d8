"""Damage to stock: counters, holds and movements."""

from tests.verify.damage.core import LATER, LONG_AGO, WAITING, Damage

SOLD_LINE = """(SELECT h.order_line_id FROM holds h JOIN allotments a ON a.id = h.allotment_id
                 WHERE h.state = 'consumed' AND a.received - a.sold > 1 ORDER BY h.id LIMIT 1)"""
ACTIVE_HOLD_OF_A_PAID_LINE = """
WITH made AS (
    INSERT INTO holds (id, allotment_id, subject_id, purchase_id, order_line_id, quantity, expires_at, created_at)
    SELECT gen_random_uuid(), allotment_id, subject_id, purchase_id, order_line_id, 1, {expires}, created_at
      FROM holds WHERE order_line_id = {line} AND state = 'consumed'
    RETURNING *
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, held_delta, created_at)
    SELECT id, 'hold', allotment_id, subject_id, 1, created_at FROM made
), counted AS (
    UPDATE allotments a SET held = held + 1 FROM made WHERE a.id = made.allotment_id
)
SELECT 'hold ' || id FROM made"""


DAMAGES = (
    Damage("S1", "a counter is changed by hand", """
        UPDATE allotments SET received = received + 1 WHERE id = (SELECT id FROM allotments ORDER BY id LIMIT 1)
        RETURNING 'allotment ' || id"""),
    Damage("S2", "more is sold than there is", """
        WITH lost AS (
            INSERT INTO movements (cause_id, kind, allotment_id, subject_id, received_delta, created_at)
            SELECT gen_random_uuid(), 'adjust', id, subject_id, -1, now() FROM allotments WHERE received = 1 AND kind = 'stock'
            RETURNING allotment_id)
        UPDATE allotments a SET received = 0 FROM lost WHERE a.id = lost.allotment_id RETURNING 'allotment ' || a.id""",
        before=("ALTER TABLE allotments DROP CONSTRAINT allotments_never_oversold",)),
    Damage("S3", "a hold is lifted and its counter is not", f"""
        UPDATE holds SET state = 'expired' WHERE purchase_id = {WAITING} RETURNING 'allotment ' || allotment_id""",
        also=frozenset({"S4"})),
    Damage("S4", "a hold ended without a movement", """
        DELETE FROM movements WHERE kind = 'expire' RETURNING 'hold ' || cause_id""", also=frozenset({"S1"})),
    Damage("S4", "a released hold is called expired", """
        WITH hit AS (
            UPDATE holds SET state = 'expired'
             WHERE id = (SELECT id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) RETURNING id)
        SELECT 'hold ' || id FROM hit, (VALUES ('no movement ended it so'), ('another ended it')) each_is_named"""),
    Damage("S5", "a movement is of another variant", """
        UPDATE movements SET subject_id = (SELECT id FROM variants WHERE sku = 'POT')
         WHERE kind = 'receive' AND received_delta > 1 AND subject_id = (SELECT id FROM variants WHERE sku = 'TEA')
        RETURNING 'movement receive of ' || cause_id"""),
    Damage("S5", "a hold is of another variant", """
        UPDATE holds SET subject_id = (SELECT id FROM variants WHERE sku = 'POT')
         WHERE id = (SELECT id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) RETURNING 'hold ' || id"""),
    Damage("S5", "a release moves another allotment than the hold did", """
        UPDATE movements m SET allotment_id = o.id, subject_id = o.subject_id
          FROM allotments o, (SELECT id, allotment_id FROM holds WHERE state = 'released' ORDER BY id LIMIT 1) h
         WHERE m.kind = 'release' AND m.cause_id = h.id
           AND o.subject_id = (SELECT id FROM variants WHERE sku = 'POT') AND o.id <> h.allotment_id
        RETURNING 'movement release of ' || m.cause_id""",
        also=frozenset({"S1"})),
    Damage("S6", "a hold of a paid purchase ran out long ago",
        ACTIVE_HOLD_OF_A_PAID_LINE.format(expires=LONG_AGO, line=SOLD_LINE), also=frozenset({"S8"})),
    Damage("S7", "a paid line is put back on the shelf", f"""
        WITH back AS (
            INSERT INTO movements (cause_id, kind, allotment_id, subject_id, sold_delta, created_at)
            SELECT id, 'unsell', allotment_id, subject_id, -quantity, created_at FROM holds
             WHERE order_line_id = {SOLD_LINE} AND state = 'consumed'
            RETURNING cause_id, allotment_id, sold_delta
        ), counted AS (
            UPDATE allotments a SET sold = sold + back.sold_delta FROM back WHERE a.id = back.allotment_id)
        SELECT 'order ' || o.number || ' line ' || l.id
          FROM back JOIN holds h ON h.id = back.cause_id JOIN order_lines l ON l.id = h.order_line_id
          JOIN orders o ON o.id = l.order_id"""),
    Damage("S8", "a paid purchase still holds stock",
        ACTIVE_HOLD_OF_A_PAID_LINE.format(expires=LATER, line=SOLD_LINE)),
    Damage("S9", "a line counts a unit as shipped that is in no parcel", """
        UPDATE order_lines l SET shipped = shipped + 1 FROM orders o
         WHERE o.id = l.order_id AND o.fulfilment_status = 'partial' AND l.shipped = 1
        RETURNING 'order ' || o.number || ' line ' || l.id"""),
    Damage("S9", "more is shipped than was bought", """
        WITH filled AS (
            UPDATE fulfilment_lines fl SET quantity = 3 FROM fulfilments f
             WHERE f.id = fl.fulfilment_id AND f.id = (SELECT id FROM fulfilments WHERE state = 'delivered')
            RETURNING fl.order_line_id)
        UPDATE order_lines l SET shipped = 3 FROM filled, orders o WHERE l.id = filled.order_line_id AND o.id = l.order_id
        RETURNING 'order ' || o.number || ' line ' || l.id""",
        before=("ALTER TABLE order_lines DROP CONSTRAINT order_lines_never_overshipped",
                "ALTER TABLE order_lines DROP CONSTRAINT order_lines_never_overreturned")),
    Damage("S10", "the hold of a waiting purchase is released", f"""
        WITH ended AS (
            UPDATE holds SET state = 'released' WHERE purchase_id = {WAITING} RETURNING *
        ), moved AS (
            INSERT INTO movements (cause_id, kind, allotment_id, subject_id, held_delta, created_at)
            SELECT id, 'release', allotment_id, subject_id, -quantity, created_at FROM ended
        ), counted AS (
            UPDATE allotments a SET held = held - ended.quantity FROM ended WHERE a.id = ended.allotment_id)
        SELECT 'order ' || o.number || ' line ' || l.id
          FROM ended JOIN order_lines l ON l.id = ended.order_line_id JOIN orders o ON o.id = l.order_id"""),
)  # fmt: skip
