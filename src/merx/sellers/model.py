"""Sellers and what they charge for delivery."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from merx.kit.i18n import Text

Role = Literal["owner", "staff"]
DeliveryMethod = Literal["standard", "express"]


class Seller(msgspec.Struct, frozen=True):
    """A shop on the marketplace."""

    id: UUID
    code: str
    name: Text
    state: Literal["active", "suspended"]
    version: int
    return_address: str | None = None
    """Where buyers send goods back to."""


class DeliveryRate(msgspec.Struct, frozen=True):
    """What a seller charges for a delivery method, in minor units; goods of at least `free_from` ship free."""

    seller_id: UUID
    method: DeliveryMethod
    currency: str
    amount: int
    free_from: int | None
    countries: Sequence[str]
