"""What an exchange does to the stock and to its order."""

from datetime import datetime

from merx.infra.db import Tx
from merx.inventory import hold_for_return, sell_for_return
from merx.orders import NewReplacement, record_exchanged
from merx.returns.model import Return


async def set_aside(tx: Tx, case: Return, *, now: datetime) -> bool:
    """Hold what an exchange is for until its goods are back; False when too little is free."""
    wanted = [
        (line.order_line_id, line.replacement.variant_id, line.quantity)
        for line in case.lines
        if line.replacement is not None
    ]
    return await hold_for_return(tx, return_id=case.id, purchase_id=case.purchase_id, lines=wanted, now=now)


async def owe_replacements(tx: Tx, case: Return, *, delivered: bool, now: datetime) -> None:
    """The goods are back: what was set aside is sold, and the order has it to ship.

    `delivered` says whether every parcel of the order that left has been delivered.
    """
    await sell_for_return(tx, return_id=case.id, purchase_id=case.purchase_id, now=now)
    owed = [
        NewReplacement(
            line.order_line_id,
            line.replacement.variant_id,
            line.replacement.sku,
            line.replacement.label,
            line.quantity,
        )
        for line in case.lines
        if line.replacement is not None
    ]
    await record_exchanged(
        tx, order_id=case.order_id, return_id=case.id, owed=owed, delivered=delivered, now=now
    )
