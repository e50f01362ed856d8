"""The nouns of fulfilment."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.kit.i18n import Text
from merx.orders import Packed

FulfilmentState = Literal["planned", "picked", "shipped", "delivered", "received", "returned", "cancelled"]


class FulfilmentLine(msgspec.Struct, frozen=True):
    """How many units of an order line are in a parcel; `replacements` are those sent for exchanged ones."""

    order_line_id: UUID
    quantity: int
    replacements: tuple[Packed, ...] = ()


class Fulfilment(msgspec.Struct, frozen=True):
    """A parcel. `state` is what seller and buyer say; `carrier_status` what the carrier says, kept apart."""

    id: UUID
    order_id: UUID
    purchase_id: UUID
    seller_id: UUID
    state: FulfilmentState
    carrier: str | None
    tracking_number: str | None
    carrier_status: str
    shipped_at: datetime | None
    delivered_at: datetime | None
    received_at: datetime | None
    auto_receive_at: datetime | None
    version: int
    lines: list[FulfilmentLine]


class Carrier(msgspec.Struct, frozen=True):
    """A carrier a seller may choose.

    `pattern` is what its tracking numbers look like after `clean_tracking_number`.
    """

    code: str
    name: Text
    pattern: str
