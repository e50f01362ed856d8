"""What must hold of money that is authorized: it serves one purchase, is captured or voided, and is not in the books."""

from typing import Final

from merx.infra.db import Sql
from merx.orders import OrderAuthorized
from merx.payments import PaymentAuthorized, PaymentVoided
from merx.verify.model import Check

AUTHORIZATIONS: Final = Sql("SELECT count(*) FROM payments WHERE authorized_at IS NOT NULL")
SERVED: Final = Sql("SELECT count(*) FROM purchases WHERE authorized_at IS NOT NULL")

AUTHORIZED: Final = (
    Check(
        code="M23",
        area="money",
        title="Authorized money has exactly one fact of its authorization with its amount, one of its void, and nothing booked",
        sql=Sql("""
            SELECT 'payment ' || p.number AS key,
                   format('%s, amount %s; authorizations %s with %s, voids %s, booked %s', p.state, p.amount,
                          coalesce(e.authorizations, 0), coalesce(e.amount, 0), coalesce(e.voids, 0), coalesce(t.amount, 0)) AS detail
              FROM payments p
              LEFT JOIN (SELECT payment_id, count(*) FILTER (WHERE kind = 'authorized') AS authorizations,
                                count(*) FILTER (WHERE kind = 'voided') AS voids,
                                sum(amount) FILTER (WHERE kind = 'authorized') AS amount
                           FROM payment_events WHERE kind IN ('authorized', 'voided') GROUP BY payment_id) e
                ON e.payment_id = p.id
              LEFT JOIN transfers t ON t.cause_id = p.id AND t.leg = 'capture'
             WHERE CASE WHEN p.authorized_at IS NULL THEN e.payment_id IS NOT NULL
                        ELSE (e.authorizations, e.amount) IS DISTINCT FROM (1, p.amount) END
                OR CASE p.state WHEN 'voided' THEN coalesce(e.voids, 0) <> 1
                                WHEN 'captured' THEN coalesce(e.voids, 0) > 1
                                ELSE coalesce(e.voids, 0) <> 0 END
                OR (p.state IN ('authorized', 'voided') AND t.amount IS NOT NULL)
        """),
        examined_sql=AUTHORIZATIONS,
    ),
    Check(
        code="O20",
        area="workflow",
        title="A purchase placed on an authorization has the authorization, and an authorization that serves none is voided within a day",
        needs=("now",),
        sql=Sql("""
            SELECT 'purchase ' || p.number AS key,
                   format('%s on an authorization of %s; authorizations that serve it %s', p.state, p.authorized_at, count(y.id)) AS detail
              FROM purchases p
              LEFT JOIN payments y ON y.purchase_id = p.id AND y.state = 'authorized' AND y.void_wanted_at IS NULL
             WHERE p.authorized_at IS NOT NULL
             GROUP BY p.id
            HAVING count(y.id) <> CASE WHEN p.state IN ('placed', 'closed') AND p.paid_at IS NULL THEN 1 ELSE 0 END
            UNION ALL
            SELECT 'payment ' || y.number, format('authorized, purchase %s is %s', p.number, p.state)
              FROM payments y JOIN purchases p ON p.id = y.purchase_id
             WHERE y.state = 'authorized' AND y.void_wanted_at IS NULL AND p.authorized_at IS NULL
            UNION ALL
            SELECT 'payment ' || number, format('to be voided since %s', void_wanted_at)
              FROM payments WHERE state = 'authorized' AND void_wanted_at < $1::timestamptz - interval '1 day'
        """),
        examined_sql=SERVED,
    ),
    Check(
        code="O21",
        area="workflow",
        title="Every authorization, its void and every order served on one told so, and nothing else did",
        sql=Sql(f"""
            WITH told AS (
                SELECT kind, subject_id, coalesce(data->>'payment_id', data->>'order_id') AS id
                  FROM events WHERE kind IN ('{PaymentAuthorized.__name__}', '{PaymentVoided.__name__}', '{OrderAuthorized.__name__}')
            ), happened AS (
                SELECT '{PaymentAuthorized.__name__}' AS kind, purchase_id, id::text, 'payment ' || number AS key
                  FROM payments WHERE authorized_at IS NOT NULL
                UNION ALL
                SELECT '{PaymentVoided.__name__}', purchase_id, payment_id::text, 'payment ' || reference
                  FROM payment_events WHERE kind = 'voided'
                UNION ALL
                SELECT '{OrderAuthorized.__name__}', o.purchase_id, o.id::text, 'order ' || o.number
                  FROM orders o JOIN purchases p ON p.id = o.purchase_id WHERE p.authorized_at IS NOT NULL
            )
            SELECT coalesce(h.key, 'event ' || t.kind || ' of ' || t.id) AS key,
                   CASE WHEN t.id IS NULL THEN format('no event %s', h.kind) ELSE 'nothing of the kind happened' END AS detail
              FROM happened h
              FULL JOIN told t ON t.kind = h.kind AND t.subject_id = h.purchase_id AND t.id = h.id
             WHERE t.id IS NULL OR h.id IS NULL
        """),
        examined_sql=AUTHORIZATIONS,
    ),
)
