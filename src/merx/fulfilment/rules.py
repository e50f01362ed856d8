"""What may go into a parcel. Pure."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from merx.fulfilment.errors import BadParcel, NothingToShip
from merx.orders import OrderLine

MAX_UNITS: Final = 999

Pick = tuple[UUID, int]
"""An order line and how many units of it."""


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
