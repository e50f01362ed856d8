"""All SQL of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from merx.infra.db import ReadTx, Sql, Tx
from merx.infra.rows import Columns
from merx.ledger.model import Balance, Transfer

TRANSFER: Final = Columns(Transfer)

INSERT_TRANSFERS = Sql(f"""
INSERT INTO transfers ({TRANSFER.joined}, created_at) SELECT t.*, $1 FROM {TRANSFER.unnest("t", 2)}
""")


async def insert_transfers(tx: Tx, transfers: Sequence[Transfer], *, now: datetime) -> None:
    """Write transfers; one whose (cause, leg) exists raises a unique violation."""
    await tx.run(INSERT_TRANSFERS, now, *TRANSFER.arrays(transfers))


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
SELECT coalesce(sum(debits), 0)::bigint AS debits, coalesce(sum(credits), 0)::bigint AS credits FROM sums
""")


async def get_balance(tx: ReadTx, *, kind: str, owner_id: UUID, currency: str) -> Balance:
    """Folded sums plus the tail not folded yet: exact in one snapshot."""
    row = await tx.row(BALANCE, kind, owner_id, currency)
    assert row is not None
    return Balance(row["debits"], row["credits"])
