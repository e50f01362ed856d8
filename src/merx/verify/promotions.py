"""What must hold of promotions, coupons and their limits."""

from typing import Final

from merx.infra.db import Sql
from merx.verify.model import Check

PROMOTIONS: Final = (
    Check(
        code="P1",
        area="promotions",
        title="A discount is of a promotion, in its currency, of its seller's goods, and borne by whose it is",
        sql=Sql("""
            SELECT 'adjustment ' || a.id AS key,
                   format('of promotion %s, %s, borne by the %s', a.cause_id, o.currency, a.funder) AS detail
              FROM order_adjustments a
              JOIN orders o ON o.id = a.order_id
              LEFT JOIN promotions p ON p.id = a.cause_id
             WHERE a.kind = 'discount'
               AND (p.id IS NULL OR p.currency <> o.currency OR p.seller_id <> o.seller_id
                    OR a.funder <> CASE WHEN p.seller_id IS NULL THEN 'platform' ELSE 'seller' END)
        """),
        examined_sql=Sql("SELECT count(*) FROM order_adjustments"),
    ),
    Check(
        code="P2",
        area="promotions",
        title="No purchase got more of a promotion than it gives",
        sql=Sql("""
            SELECT 'purchase ' || u.number AS key,
                   format('%s of promotion %s, which gives at most %s', a.off, p.id, coalesce(p.amount, p.most)) AS detail
              FROM (SELECT purchase_id, cause_id, sum(-amount) AS off FROM order_adjustments
                     WHERE kind = 'discount' GROUP BY purchase_id, cause_id) a
              JOIN promotions p ON p.id = a.cause_id
              JOIN purchases u ON u.id = a.purchase_id
             WHERE a.off > coalesce(p.amount, p.most, a.off)
        """),
        examined_sql=Sql("SELECT count(*) FROM order_adjustments"),
    ),
    Check(
        code="P3",
        area="promotions",
        title="A paid purchase has used one of each limited promotion it got, and of no other",
        sql=Sql("""
            WITH got AS (
                SELECT DISTINCT a.purchase_id, p.id, p.trigger
                  FROM order_adjustments a
                  JOIN promotions p ON p.id = a.cause_id
                  JOIN purchases u ON u.id = a.purchase_id
                 WHERE u.state IN ('placed', 'closed') AND (p.uses_total IS NOT NULL OR p.trigger = 'coupon')
            ), used AS (
                SELECT h.purchase_id, coalesce(c.promotion_id, h.subject_id) AS id, count(*) AS uses
                  FROM holds h
                  JOIN allotments l ON l.id = h.allotment_id AND l.kind IN ('promotion', 'coupon')
                  LEFT JOIN coupons c ON c.id = h.subject_id
                  JOIN purchases u ON u.id = h.purchase_id
                 WHERE u.state IN ('placed', 'closed') AND h.state = 'consumed'
                 GROUP BY h.purchase_id, coalesce(c.promotion_id, h.subject_id)
            )
            SELECT 'purchase ' || u.number AS key,
                   format('promotion %s: got %s, used %s', coalesce(got.id, used.id), CASE WHEN got.id IS NULL THEN 0 ELSE 1 END,
                          coalesce(used.uses, 0)) AS detail
              FROM got FULL JOIN used ON used.purchase_id = got.purchase_id AND used.id = got.id
              JOIN purchases u ON u.id = coalesce(got.purchase_id, used.purchase_id)
             WHERE coalesce(used.uses, 0) <> CASE WHEN got.id IS NULL THEN 0 ELSE 1 END
        """),
        examined_sql=Sql("SELECT count(*) FROM promotions"),
    ),
    Check(
        code="P4",
        area="promotions",
        title="Limits are as their promotions and coupons say, and coupons are used by who claimed them",
        sql=Sql("""
            SELECT 'promotion ' || p.id AS key,
                   format('%s uses, its limit has %s', coalesce(p.uses_total::text, 'no limit of'),
                          coalesce(l.received::text, 'none')) AS detail
              FROM promotions p LEFT JOIN allotments l ON l.subject_id = p.id AND l.kind = 'promotion'
             WHERE p.uses_total::bigint IS DISTINCT FROM l.received
            UNION ALL
            SELECT 'coupon ' || c.id, format('can be used %s times', coalesce(l.received, 0))
              FROM coupons c LEFT JOIN allotments l ON l.subject_id = c.id AND l.kind = 'coupon'
             WHERE l.received IS DISTINCT FROM 1
            UNION ALL
            SELECT 'coupon ' || c.id, format('used by purchase %s of another account', u.number)
              FROM coupons c
              JOIN holds h ON h.subject_id = c.id
              JOIN purchases u ON u.id = h.purchase_id
             WHERE u.account_id IS DISTINCT FROM c.account_id
            UNION ALL
            SELECT 'promotion ' || p.id, format('%s coupons claimed, %s given away', count(c.id), l.sold)
              FROM promotions p
              JOIN allotments l ON l.subject_id = p.id AND l.kind = 'promotion'
              LEFT JOIN coupons c ON c.promotion_id = p.id
             WHERE p.trigger = 'coupon'
             GROUP BY p.id, l.sold HAVING count(c.id) <> l.sold
        """),
        examined_sql=Sql("SELECT count(*) FROM coupons"),
    ),
)
