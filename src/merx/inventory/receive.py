"""Take in stock, and keep the list of places."""

from collections.abc import Sequence
from datetime import datetime

from merx.infra.db import ReadTx, Tx
from merx.infra.outbox import publish
from merx.inventory.events import StockReceived
from merx.inventory.model import Location, Receipt
from merx.inventory.store import stock as store
from merx.kit.errors import Invalid
from merx.kit.ids import new_id


class BadReceipt(Invalid):
    """A receipt of no or negative units."""

    code = "bad_receipt"
    message = "A receipt needs a quantity of at least 1."


async def receive_stock(tx: Tx, *, receipts: Sequence[Receipt], now: datetime) -> int:
    """Add received units; a receipt whose `cause_id` came before adds nothing. Returns how many were new."""
    if any(receipt.quantity < 1 for receipt in receipts):
        raise BadReceipt
    if not receipts:
        return 0
    received = await store.receive(tx, receipts, new_ids=[new_id() for _ in receipts], now=now)
    if received:
        variants = sorted({receipt.variant_id for receipt in receipts})
        await publish(tx, [StockReceived(receipts[0].cause_id, tuple(variants))], now=now)
    return received


async def create_locations(tx: Tx, *, locations: Sequence[Location]) -> None:
    """Create the locations whose code does not exist yet."""
    await store.insert_locations(tx, locations)


async def locations(tx: ReadTx) -> dict[str, Location]:
    """Every location by its code, in the order they are tried."""
    return {each.code: each for each in await store.list_locations(tx)}
