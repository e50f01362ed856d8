"""Hold stock for a while: lock, decide, write."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from merx.infra.db import Tx
from merx.inventory.model import Claim, NewHold
from merx.inventory.rules import StockSheet
from merx.inventory.store import stock as store
from merx.kit.ids import new_id


async def lock_stock(tx: Tx, *, variant_ids: Collection[UUID]) -> StockSheet:
    """Lock the stock of these variants, in id order, and return what is free of it.

    Expired holds still count as taken here; where that leaves too little, call `expire_holds`.
    """
    locked = await store.lock_by_variant(tx, list(variant_ids))
    sheet = StockSheet()
    for each in sorted(locked, key=attrgetter("position")):
        sheet.add(allotment_id=each.allotment_id, variant_id=each.variant_id, free=each.free)
    return sheet


async def expire_holds(tx: Tx, *, sheet: StockSheet, variant_ids: Collection[UUID], now: datetime) -> None:
    """Lift the run-out holds on locked stock and enter the units as free."""
    for allotment_id, quantity in await store.expire(tx, sheet.allotments(variant_ids), now=now):
        sheet.give_back(allotment_id=allotment_id, quantity=quantity)


async def claim_free(
    tx: Tx, *, purchase_id: UUID, lines: Sequence[tuple[UUID | None, UUID, int]], now: datetime
) -> list[Claim] | None:
    """Lock the stock of (order line, variant, units) and claim all of it, also from run-out holds; None: too little.

    A line that is None stands for the purchase itself, and its variant for a limit.

    The caller writes the claims in the same transaction.
    """
    wanted = [(variant_id, quantity) for _, variant_id, quantity in lines]
    demand = Counter[UUID]()
    for variant_id, quantity in wanted:
        demand[variant_id] += quantity
    sheet = await lock_stock(tx, variant_ids=demand)
    await expire_holds(tx, sheet=sheet, variant_ids=sheet.short(demand), now=now)
    if sheet.shortages(wanted):
        return None
    return [
        Claim(new_id(), allotment_id, variant_id, purchase_id, line_id, part)
        for (line_id, variant_id, _), parts in zip(lines, sheet.take(wanted), strict=True)
        for allotment_id, part in parts
    ]


async def hold_stock(
    tx: Tx,
    *,
    claims: Sequence[Claim],
    expires_at: datetime,
    now: datetime,
    longer: Mapping[UUID, datetime] | None = None,
) -> None:
    """Write decided claims, until `expires_at` or, for purchases in `longer`, until then.

    The database refuses any that would take more than was received.
    """
    if claims:
        await store.insert_holds(tx, new_holds(claims, expires_at=expires_at, longer=longer or {}), now=now)


def new_holds(
    claims: Sequence[Claim], *, expires_at: datetime, longer: Mapping[UUID, datetime]
) -> list[NewHold]:
    """The holds that decided claims become."""
    return [
        NewHold(
            each.hold_id, each.allotment_id, each.variant_id, each.purchase_id, each.order_line_id, each.quantity,
            longer.get(each.purchase_id, expires_at),
        )
        for each in claims
    ]  # fmt: skip
