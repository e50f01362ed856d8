"""Post transfers."""

from collections.abc import Sequence
from datetime import datetime

from merx.infra.db import Tx
from merx.ledger import store
from merx.ledger.model import Transfer


async def post(tx: Tx, transfers: Sequence[Transfer], *, now: datetime) -> None:
    """Book transfers, in one statement. A (cause, leg) that was booked before is refused by the database."""
    if transfers:
        await store.insert_transfers(tx, transfers, now=now)
