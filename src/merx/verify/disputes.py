"""What must hold of disputes."""

from typing import Final

from merx.infra.db import Sql
from merx.verify.model import Check

DISPUTES: Final = (
    Check(
        code="M24",
        area="money",
        title="What disputes withdrew is booked once, waits in their account until they end, and is not refundable",
        sql=Sql("""
            WITH moved AS (
                SELECT d.id, d.reference, d.provider, d.state, d.payment_id, coalesce(sum(m.amount), 0) AS withdrawn,
                       coalesce(sum(m.fee) FILTER (WHERE m.fee_currency = d.currency), 0) AS fees
                  FROM disputes d LEFT JOIN dispute_moves m ON m.dispute_id = d.id GROUP BY d.id
            ), legs AS (
                SELECT cause_id, debit_kind AS kind, amount FROM transfers
                UNION ALL
                SELECT cause_id, credit_kind, -amount FROM transfers
            ), booked AS (
                SELECT m.id, coalesce(sum(l.amount) FILTER (WHERE l.kind = 'disputes'), 0) AS waiting,
                       coalesce(sum(l.amount) FILTER (WHERE l.kind = 'seller_pending'), 0) AS borne,
                       coalesce(sum(l.amount) FILTER (WHERE l.kind = 'provider_fees'), 0) AS fees,
                       coalesce(sum(-l.amount) FILTER (WHERE l.kind IN ('provider_clearing', 'provider_balance')), 0) AS taken
                  FROM moved m LEFT JOIN legs l ON l.cause_id = m.id GROUP BY m.id
            )
            SELECT 'dispute ' || m.reference AS key,
                   format('%s, withdrew %s and %s of fees; booked %s waiting, %s borne, %s of fees, %s taken', m.state,
                          m.withdrawn, m.fees, b.waiting, b.borne, b.fees, b.taken) AS detail
              FROM moved m JOIN booked b ON b.id = m.id
             WHERE b.waiting <> CASE m.state WHEN 'lost' THEN 0 ELSE m.withdrawn END
                OR b.borne <> CASE m.state WHEN 'lost' THEN m.withdrawn ELSE 0 END
                OR b.fees <> m.fees OR b.taken <> m.withdrawn + m.fees
            UNION ALL
            SELECT 'payment ' || p.number,
                   format('disputed %s of %s, its disputes withdrew %s', p.disputed, p.captured, coalesce(w.amount, 0))
              FROM payments p
              LEFT JOIN (SELECT payment_id, sum(greatest(withdrawn, 0)) AS amount FROM moved GROUP BY payment_id) w
                ON w.payment_id = p.id
             WHERE p.disputed <> least(coalesce(w.amount, 0), p.captured - p.refunded)
               AND NOT (p.disputed < coalesce(w.amount, 0) AND p.refunded > 0)
            UNION ALL
            SELECT 'dispute ' || d.reference, format('of payment %s, in %s', coalesce(p.number, 'none'), d.currency)
              FROM disputes d LEFT JOIN payments p ON p.id = d.payment_id
             WHERE p.id IS NULL
                OR (p.provider, p.currency, p.state) <> (d.provider, d.currency, 'captured')
        """),
        examined_sql=Sql("SELECT count(*) FROM disputes"),
    ),
)
