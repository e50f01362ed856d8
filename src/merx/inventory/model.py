"""Nouns of inventory. Quantities are whole units."""

from datetime import datetime
from typing import Final, Literal
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
    """A decided hold on one allotment, for one order line of one purchase; for the purchase itself on a limit."""

    hold_id: UUID
    allotment_id: UUID
    variant_id: UUID
    purchase_id: UUID
    order_line_id: UUID | None
    quantity: int


class NewHold(msgspec.Struct, frozen=True, gc=False):
    """A claim as it is written: until when it holds. `subject_id` is what is held, a variant or a limit."""

    id: UUID
    allotment_id: UUID
    subject_id: UUID
    purchase_id: UUID
    order_line_id: UUID | None
    quantity: int
    expires_at: datetime


class NewAllotment(msgspec.Struct, frozen=True, gc=False):
    """The stock of a variant at a place, where there was none before."""

    id: UUID
    subject_id: UUID
    location_id: UUID


class Free(msgspec.Struct, frozen=True, gc=False):
    """What is free of a locked allotment; lower positions are tried first."""

    allotment_id: UUID
    variant_id: UUID
    free: int
    position: int


class SoldHold(msgspec.Struct, frozen=True):
    """A hold that was sold, and how many units of it have not come back."""

    order_line_id: UUID
    hold_id: UUID
    variant_id: UUID
    sold: int


class PutBack(msgspec.Struct, frozen=True):
    """Sold units of a hold that come back."""

    id: UUID
    hold_id: UUID
    quantity: int


class SettledHold(msgspec.Struct, frozen=True):
    """A hold that has just been consumed, released or expired."""

    purchase_id: UUID
    order_line_id: UUID | None
    allotment_id: UUID
    variant_id: UUID
    quantity: int


class Shortage(msgspec.Struct, frozen=True):
    """A variant of which fewer units are free than asked for."""

    variant_id: UUID
    wanted: int
    available: int


LimitKind = Literal["promotion", "person", "coupon"]


class Limit(msgspec.Struct, frozen=True):
    """So many units of a subject may be used."""

    subject_id: UUID
    kind: LimitKind
    quantity: int


class NewLimit(msgspec.Struct, frozen=True):
    """A limit as it is written."""

    id: UUID
    kind: str
    subject_id: UUID
    quantity: int


class TakenUnit(msgspec.Struct, frozen=True):
    """One unit of a limit to be given away at once. `cause_id` names what for: the same cause takes nothing twice."""

    subject_id: UUID
    cause_id: UUID


class TakenAllotment(msgspec.Struct, frozen=True):
    """A unit given away, and of which allotment."""

    cause_id: UUID
    subject_id: UUID
    allotment_id: UUID
