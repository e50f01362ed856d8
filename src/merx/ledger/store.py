"""All SQL of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Record, Sql, Tx
from merx.ledger.model import Transfer

INSERT_TRANSFERS = Sql("""
INSERT INTO transfers (cause_id, leg, purchase_id, debit_kind, debit_owner, credit_kind, credit_owner, currency,
                       amount, created_at)
SELECT t.*, $10
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::uuid[], $8::text[],
              $9::bigint[]) AS t
""")


async def insert_transfers(tx: Tx, transfers: Sequence[Transfer], *, now: datetime) -> None:
    """Write transfers; one whose (cause, leg) exists raises a unique violation."""
    await tx.run(
        INSERT_TRANSFERS,
        [transfer.cause_id for transfer in transfers],
        [transfer.leg for transfer in transfers],
        [transfer.purchase_id for transfer in transfers],
        [transfer.debit_kind for transfer in transfers],
        [transfer.debit_owner for transfer in transfers],
        [transfer.credit_kind for transfer in transfers],
        [transfer.credit_owner for transfer in transfers],
        [transfer.currency for transfer in transfers],
        [transfer.amount for transfer in transfers],
        now,
    )


FOLD = Sql("""
WITH bounds AS (
    SELECT folded_xid AS lower, pg_snapshot_xmin(pg_current_snapshot()) AS upper FROM balances_cursor FOR UPDATE
), fresh AS (
    SELECT t.* FROM transfers t, bounds b WHERE t.xid >= b.lower AND t.xid < b.upper
), sums AS (
    SELECT kind, owner_id, currency, sum(debits) AS debits, sum(credits) AS credits
      FROM (SELECT debit_kind AS kind, debit_owner AS owner_id, currency, amount AS debits, 0 AS credits FROM fresh
            UNION ALL
            SELECT credit_kind, credit_owner, currency, 0, amount FROM fresh) entries
     WHERE kind <> 'customer_receivable'
     GROUP BY kind, owner_id, currency
), folded AS (
    INSERT INTO balances AS b (kind, owner_id, currency, debits, credits)
    SELECT kind, owner_id, currency, debits, credits FROM sums
        ON CONFLICT (kind, owner_id, currency)
        DO UPDATE SET debits = b.debits + excluded.debits, credits = b.credits + excluded.credits
), moved AS (
    UPDATE balances_cursor SET folded_xid = greatest(folded_xid, (SELECT upper FROM bounds))
)
SELECT count(*) FROM fresh
""")


async def fold(tx: Tx) -> int:
    """Add every transfer that no running transaction can still precede to the balances; return how many."""
    count: int = await tx.value(FOLD)
    return count


BALANCE = Sql("""
WITH tail AS (
    SELECT t.* FROM transfers t, balances_cursor c WHERE t.xid >= c.folded_xid
), sums AS (
    SELECT debits, credits FROM balances WHERE kind = $1 AND owner_id = $2 AND currency = $3
    UNION ALL
    SELECT amount, 0 FROM tail WHERE debit_kind = $1 AND debit_owner = $2 AND currency = $3
    UNION ALL
    SELECT 0, amount FROM tail WHERE credit_kind = $1 AND credit_owner = $2 AND currency = $3
)
SELECT coalesce(sum(debits), 0)::bigint, coalesce(sum(credits), 0)::bigint FROM sums
""")


async def get_balance(tx: ReadTx, *, kind: str, owner_id: UUID, currency: str) -> Record:
    """Folded sums plus the tail not folded yet: exact in one snapshot."""
    row = await tx.row(BALANCE, kind, owner_id, currency)
    assert row is not None
    return row
