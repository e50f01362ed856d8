"""What may go into a parcel, and what may be said of one. Pure."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from merx.fulfilment.errors import BadParcel, NothingToShip
from merx.fulfilment.model import Fulfilment
from merx.fulfilment.states import PARCEL
from merx.orders import Order, OrderLine, OrderState

MAX_UNITS: Final = 999

Pick = tuple[UUID, int]
"""An order line and how many units of it."""


def takes_parcels(order: Order) -> bool:
    """Whether parcels of an order may leave: it is paid or its money is authorized, and it is not over."""
    return order.state == OrderState.PLACED and order.payment_status != "unpaid"


def can_ship(order: Order, lines: Sequence[OrderLine]) -> bool:
    """Whether there is something of an order to ship now."""
    return takes_parcels(order) and any(line.to_ship > 0 for line in lines)


def is_delivered(parcel: Fulfilment) -> bool:
    """Whether a parcel has reached the buyer."""
    return parcel.state in ("delivered", "received")


def can_deliver(parcel: Fulfilment) -> bool:
    """Whether a parcel can reach the buyer now."""
    return PARCEL.allows(parcel.state, "delivered")


def can_receive(parcel: Fulfilment) -> bool:
    """Whether the buyer can say now that a parcel is there, delivered or not."""
    return can_deliver(parcel) or PARCEL.allows(parcel.state, "received")


def can_come_back(parcels: Sequence[Fulfilment]) -> bool:
    """Whether the parcels of an order can be refused at the door: some left, and the buyer has kept none."""
    left = [parcel for parcel in parcels if parcel.state != "cancelled"]
    return bool(left) and all(PARCEL.allows(parcel.state, "returned") for parcel in left)


def choose_lines(ordered: Sequence[OrderLine], wanted: Sequence[Pick] | None) -> list[Pick]:
    """The lines of a new parcel: those wanted, or everything that has not been shipped and is not asked back (None).

    Whether the order still has so many units is left to the order itself. Raises BadParcel, NothingToShip.
    """
    if wanted is None:
        rest = [(line.id, line.to_ship) for line in ordered if line.to_ship > 0]
        if not rest:
            raise NothingToShip
        return rest
    if not wanted or len({line_id for line_id, _ in wanted}) < len(wanted):
        raise BadParcel
    if not all(1 <= quantity <= MAX_UNITS for _, quantity in wanted):
        raise BadParcel
    return sorted(wanted)
