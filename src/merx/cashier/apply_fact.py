"""What a provider said becomes ours: the one way from a fact to what it moves, for notices, queries and people."""

from datetime import datetime
from uuid import UUID

from merx.cashier.authorize_payment import authorize_payment
from merx.cashier.confirm_payment import confirm_payment
from merx.infra.db import Tx
from merx.payments import Fact


async def apply_fact(tx: Tx, *, purchase_id: UUID, payment_id: UUID, fact: Fact, now: datetime) -> str:
    """Apply a fact that says the money is there "captured" or only "authorized"; returns what came of it.

    Raises AmountMismatch, ReferenceTaken.
    """
    move = authorize_payment if fact.kind == "authorized" else confirm_payment
    return await move(tx, purchase_id=purchase_id, payment_id=payment_id, fact=fact, now=now)
