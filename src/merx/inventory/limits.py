"""Limits beside stock: uses of a promotion, of a person, of a coupon. The same rows, locks, holds and journal.

A limit's subject is nobody's variant, so the lock and the holds of stock take subjects of both kinds.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Tx
from merx.inventory.hold import expire_holds, lock_stock
from merx.inventory.model import Limit, NewLimit, TakenAllotment, TakenUnit
from merx.inventory.store import limits as store
from merx.inventory.store import stock
from merx.kit.ids import new_id


async def ensure_limits(tx: Tx, *, limits: Sequence[Limit], now: datetime) -> None:
    """Open the limits that do not exist yet; one that does stays as it is."""
    if limits:
        distinct = {limit.subject_id: limit for limit in limits}
        await store.open_limits(
            tx, [NewLimit(new_id(), each.kind, each.subject_id, each.quantity) for each in distinct.values()], now=now
        )  # fmt: skip


async def change_limit(tx: Tx, *, subject_id: UUID, quantity: int, now: datetime) -> bool:
    """Set how many units there are; False when more than that are used or held."""
    return await store.change_limit(tx, subject_id, quantity=quantity, cause_id=new_id(), now=now)


async def free_of(tx: ReadTx, *, subject_ids: Collection[UUID], now: datetime) -> dict[UUID, int]:
    """Units of these limits that are free, an expired hold's among them. Limits that were never opened are absent."""
    return await stock.available(tx, list(subject_ids), now=now) if subject_ids else {}


async def take_units(tx: Tx, *, units: Sequence[TakenUnit], now: datetime) -> UUID | None:
    """Give units away at once, all or nothing; the first subject of which none is left, else None."""
    wanted = [(unit.subject_id, 1) for unit in units]
    subjects = [unit.subject_id for unit in units]
    sheet = await lock_stock(tx, variant_ids=subjects)
    await expire_holds(tx, sheet=sheet, variant_ids=subjects, now=now)
    shortages = sheet.shortages(wanted)
    if shortages:
        return shortages[0].variant_id
    parts = sheet.take(wanted)
    taken = [
        TakenAllotment(unit.cause_id, unit.subject_id, part[0][0])
        for unit, part in zip(units, parts, strict=True)
    ]
    await store.give_away(tx, taken, now=now)
    return None


async def give_back_limits(tx: Tx, *, purchase_id: UUID, subject_ids: Sequence[UUID], now: datetime) -> None:
    """Give a purchase's uses of these limits back; a second call changes nothing."""
    if subject_ids:
        await stock.lock_by_purchase(tx, [purchase_id])
        await store.give_back(tx, purchase_id, subject_ids, now=now)


async def limits_without_hold(tx: ReadTx, *, purchase_id: UUID) -> list[UUID]:
    """The limits that a purchase held and neither holds nor uses now."""
    return await store.unheld(tx, purchase_id)
