"""Derived order facts. Pure."""

from collections.abc import Sequence
from uuid import UUID

from merx.orders.model import OrderLine, Replacement


def fulfilment_status(lines: Sequence[tuple[int, int, int]], *, delivered: bool) -> str:
    """Derive an order's fulfilment status.

    `lines` are (quantity, shipped, received); `delivered` says whether every parcel that left has been delivered.
    """
    quantity = sum(line[0] for line in lines)
    shipped = sum(line[1] for line in lines)
    received = sum(line[2] for line in lines)
    if shipped == 0:
        return "unfulfilled"
    if shipped < quantity:
        return "partial"
    if received == quantity:
        return "received"
    return "delivered" if delivered else "shipped"


def pick_replacements(
    lines: Sequence[OrderLine], shipped: Sequence[tuple[UUID, int]]
) -> list[tuple[UUID, Replacement, int]]:
    """Which of these units replace exchanged ones, as (line, replacement, units).

    A line's own units leave first, then replacements, the one that is owed longest first.
    """
    known = {line.id: line for line in lines}
    picked = []
    for line_id, quantity in shipped:
        line = known[line_id]
        rest = quantity - (line.to_ship - line.to_replace)
        for each in line.replacements:
            part = min(each.left, rest)
            if part > 0:
                rest -= part
                picked.append((line_id, each, part))
    return picked
