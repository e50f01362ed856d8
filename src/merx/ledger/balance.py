"""Balances: folded by a job, exact at read."""

from uuid import UUID

from merx.infra.db import ReadTx, Tx
from merx.ledger import store
from merx.ledger.model import AccountKind, Balance


async def balance(tx: ReadTx, *, kind: AccountKind, owner_id: UUID, currency: str) -> Balance:
    """The balance of an account as of this snapshot, in minor units.

    A purchase's receivable is not folded: sum its transfers instead.
    """
    return await store.get_balance(tx, kind=kind.value, owner_id=owner_id, currency=currency)


async def fold_balances(tx: Tx) -> int:
    """Fold new transfers into the balances; returns how many were folded."""
    return await store.fold(tx)
