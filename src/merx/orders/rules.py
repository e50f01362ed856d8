"""Derived order facts. Pure."""

from collections.abc import Sequence


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
