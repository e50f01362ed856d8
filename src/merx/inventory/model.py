"""Nouns of inventory. Quantities are whole units."""

from typing import Final
from uuid import UUID

import msgspec

SCARCE_BELOW: Final = 10
"""Fewer free units than this are worth telling a shopper, so pages that show them are forgotten when they change."""


class Location(msgspec.Struct, frozen=True):
    """A place that keeps stock; lower positions are tried first."""

    id: UUID
    code: str
    name: dict[str, str]
    position: int = 0


class Receipt(msgspec.Struct, frozen=True):
    """Units that arrived. `cause_id` names the delivery: receiving it twice adds nothing."""

    cause_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A decided hold on one allotment, for one order line of one purchase."""

    hold_id: UUID
    allotment_id: UUID
    variant_id: UUID
    purchase_id: UUID
    order_line_id: UUID
    quantity: int


class SettledHold(msgspec.Struct, frozen=True):
    """A hold that has just been consumed, released or expired."""

    purchase_id: UUID
    order_line_id: UUID
    allotment_id: UUID
    variant_id: UUID
    quantity: int


class Shortage(msgspec.Struct, frozen=True):
    """A variant of which fewer units are free than asked for."""

    variant_id: UUID
    wanted: int
    available: int
