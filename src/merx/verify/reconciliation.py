"""What must hold of bills and of the money they confirm."""

from typing import Final

from merx.infra.db import Sql
from merx.verify.model import Check

ROWS: Final = Sql("SELECT count(*) FROM bill_rows")
CONFIRMED: Final = Sql("SELECT count(*) FROM transfers WHERE leg = 'settled'")
CAPTURED: Final = Sql("SELECT count(*) FROM payments WHERE captured > 0")

RECONCILIATION: Final = (
    Check(
        code="M30",
        area="money",
        title="A bill's row that agreed has the amount of its payment or refund, which is booked once to the provider's balance",
        sql=Sql("""
            SELECT 'bill row ' || b.day || ' ' || b.provider || ' ' || r.position AS key,
                   format('%s of %s; ours is %s, booked %s', r.kind, r.amount,
                          coalesce(CASE WHEN r.kind = 'refund' THEN f.amount ELSE p.captured END, 0), coalesce(t.amount, 0))
                       AS detail
              FROM bill_rows r
              JOIN bills b ON b.id = r.bill_id
              LEFT JOIN payments p ON p.id = r.payment_id AND p.state = 'captured'
              LEFT JOIN refunds f ON f.id = r.refund_id AND f.payment_id = r.payment_id
              LEFT JOIN transfers t ON t.cause_id = coalesce(r.refund_id, r.payment_id) AND t.leg = 'settled'
                   AND 'provider_balance' = CASE WHEN r.kind = 'refund' THEN t.credit_kind ELSE t.debit_kind END
             WHERE r.outcome <> 'difference' AND r.kind NOT IN ('dispute', 'refund_failure')
               AND ((r.amount, r.currency) IS DISTINCT FROM (t.amount, t.currency)
                    OR p.id IS NULL
                    OR r.amount IS DISTINCT FROM CASE WHEN r.kind = 'refund' THEN f.amount ELSE p.captured END)
            UNION ALL
            SELECT 'bill ' || b.day || ' ' || b.provider, format('%s rows counted, %s kept', b.rows_read, coalesce(n.kept, 0))
              FROM bills b LEFT JOIN (SELECT bill_id, count(*) AS kept FROM bill_rows GROUP BY bill_id) n ON n.bill_id = b.id
             WHERE b.rows_read <> coalesce(n.kept, 0)
            UNION ALL
            SELECT 'bill row ' || b.day || ' ' || b.provider || ' ' || r.position, format('%s taken by a dispute, not booked', r.amount)
              FROM bill_rows r JOIN bills b ON b.id = r.bill_id
             WHERE r.outcome <> 'difference' AND r.kind = 'dispute' AND r.amount + r.fee <> 0
               AND NOT EXISTS (SELECT FROM transfers t WHERE t.leg = 'settled:' || r.reference
                                  AND 'provider_balance' IN (t.debit_kind, t.credit_kind))
            UNION ALL
            SELECT 'payment or refund ' || a.cause, format('%s rows of bills agreed with it, %s booked', a.rows, coalesce(s.legs, 0))
              FROM (SELECT coalesce(refund_id, payment_id) AS cause, count(*) AS rows
                      FROM bill_rows WHERE outcome <> 'difference' AND kind IN ('payment', 'refund') GROUP BY 1) a
              LEFT JOIN (SELECT cause_id, count(*) AS legs FROM transfers WHERE leg = 'settled' OR leg LIKE 'settled:%'
                          GROUP BY cause_id) s ON s.cause_id = a.cause
             WHERE a.rows > coalesce(s.legs, 0)
            UNION ALL
            SELECT 'refund ' || coalesce(a.refund_id, s.cause_id),
                   format('rows of bills: %s came back, booked %s', coalesce(a.amount, 0), coalesce(s.amount, 0))
              FROM (SELECT refund_id, sum(amount) AS amount, count(*) AS rows
                      FROM bill_rows WHERE outcome <> 'difference' AND kind = 'refund_failure' GROUP BY refund_id) a
              FULL JOIN (SELECT cause_id, sum(amount) AS amount, count(*) AS rows
                           FROM transfers WHERE leg LIKE 'taken_back:%' AND debit_kind = 'provider_balance'
                          GROUP BY cause_id) s ON s.cause_id = a.refund_id
             WHERE (a.amount, a.rows) IS DISTINCT FROM (s.amount, s.rows)
        """),
        examined_sql=ROWS,
    ),
    Check(
        code="M31",
        area="money",
        title="What the books say a provider kept is what its bills say: each fee once, with the money it is of",
        sql=Sql("""
            WITH settled AS (
                SELECT t.cause_id, coalesce(r.fee, d.fee) AS fee,
                       CASE WHEN coalesce(r.fee, d.fee) <> 0 THEN coalesce(r.fee_currency, d.fee_currency) END AS currency
                  FROM transfers t
                  LEFT JOIN (
                       SELECT coalesce(refund_id, payment_id) AS cause_id, sum(fee)::bigint AS fee,
                              max(CASE WHEN fee <> 0 THEN fee_currency END) AS fee_currency
                         FROM bill_rows WHERE payment_id IS NOT NULL AND outcome <> 'difference' GROUP BY 1) r
                    ON r.cause_id = t.cause_id
                  LEFT JOIN LATERAL (
                       SELECT fee, fee_currency FROM differences
                        WHERE (id = t.cause_id OR (cause_id = t.cause_id AND theirs IS NOT NULL)) AND state = 'resolved'
                        ORDER BY resolved_at DESC LIMIT 1) d ON true
                 WHERE t.leg = 'settled'
            ), booked AS (
                SELECT cause_id, sum(CASE WHEN debit_kind = 'provider_fees' THEN amount ELSE -amount END)::bigint AS fee, currency
                  FROM transfers
                 WHERE 'provider_fees' IN (debit_kind, credit_kind)
                   AND (leg = 'fee' OR leg ~ '^fee:[0-9]+$' OR leg LIKE 'taken_back_fee:%')
                 GROUP BY cause_id, currency
            ), corrected AS (
                SELECT id, theirs - ours AS fee, fee_currency FROM differences
                 WHERE kind = 'fee_differs' AND resolution = 'accept_theirs'
            )
            SELECT 'settled ' || s.cause_id AS key,
                   format('the bill has a fee of %s, booked %s', coalesce(s.fee::text, 'no row'), coalesce(b.fee, 0)) AS detail
              FROM settled s LEFT JOIN booked b ON b.cause_id = s.cause_id
             WHERE s.fee IS DISTINCT FROM coalesce(b.fee, 0) OR s.currency IS DISTINCT FROM b.currency
            UNION ALL
            SELECT 'fee of ' || b.cause_id, format('%s booked, in no bill', b.fee)
              FROM booked b
             WHERE NOT EXISTS (SELECT FROM settled s WHERE s.cause_id = b.cause_id)
               AND NOT EXISTS (SELECT FROM corrected c WHERE c.id = b.cause_id AND c.fee = b.fee)
               AND NOT EXISTS (SELECT FROM differences d WHERE d.id = b.cause_id AND d.resolution = 'book' AND d.theirs = 0)
            UNION ALL
            SELECT 'difference ' || c.id, format('a fee corrected by %s is not booked', c.fee)
              FROM corrected c WHERE c.fee <> 0 AND NOT EXISTS (SELECT FROM booked b WHERE b.cause_id = c.id)
        """),
        examined_sql=CONFIRMED,
    ),
    Check(
        code="M32",
        area="money",
        title="Money whose bill is due has left clearing, or is an open difference",
        needs=("now", "clearing_days"),
        sql=Sql("""
            WITH covered AS (
                SELECT code, min(starts_at) AS since, $1::timestamptz - make_interval(days => $2::int) AS until
                  FROM bills CROSS JOIN LATERAL unnest(codes) AS code GROUP BY code
            ), due AS (
                SELECT p.id AS cause_id, 'payment ' || p.number AS key, p.captured_at AS at
                  FROM covered c JOIN payments p ON p.provider = c.code AND p.captured_at >= c.since AND p.captured_at < c.until
                UNION ALL
                SELECT r.id, 'refund ' || r.number, r.settled_at
                  FROM covered c
                  JOIN payments p ON p.provider = c.code
                  JOIN refunds r ON r.payment_id = p.id AND r.settled_at >= c.since AND r.settled_at < c.until
            )
            SELECT d.key, format('moved %s, %s still in clearing', d.at, t.amount) AS detail
              FROM due d
              JOIN (SELECT cause_id, sum(CASE WHEN debit_kind = 'provider_clearing' THEN amount ELSE -amount END) AS amount
                      FROM transfers WHERE 'provider_clearing' IN (debit_kind, credit_kind)
                     GROUP BY cause_id) t ON t.cause_id = d.cause_id
             WHERE t.amount <> 0
               AND NOT EXISTS (SELECT FROM differences o WHERE o.cause_id = d.cause_id AND o.state = 'open')
        """),
        examined_sql=CAPTURED,
    ),
)
