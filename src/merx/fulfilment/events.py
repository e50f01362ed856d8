"""What happens to parcels. The subject of each is the purchase, so that its timeline has them."""

from typing import Any, ClassVar, Literal, Self
from uuid import UUID

import msgspec

from merx.fulfilment.model import Fulfilment
from merx.kit.actors import Actor, account_of
from merx.kit.events import Event


class PackedLine(msgspec.Struct, frozen=True):
    """Units of an order's line in a parcel."""

    order_line_id: UUID
    quantity: int


class ParcelEvent(Event, frozen=True, kw_only=True):
    """What is told of a parcel."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    fulfilment_id: UUID
    order_id: UUID
    seller_id: UUID
    carrier: str
    tracking_number: str
    lines: tuple[PackedLine, ...]

    @classmethod
    def of(cls, parcel: Fulfilment, *, actor: Actor, **more: Any) -> Self:
        """This event of a parcel; `more` are its other fields."""
        return cls(
            purchase_id=parcel.purchase_id, fulfilment_id=parcel.id, order_id=parcel.order_id,
            seller_id=parcel.seller_id, carrier=parcel.carrier or "", tracking_number=parcel.tracking_number or "",
            lines=tuple(PackedLine(line.order_line_id, line.quantity) for line in parcel.lines),
            actor_id=account_of(actor), **more,
        )  # fmt: skip


class ParcelShipped(ParcelEvent, frozen=True, kw_only=True):
    """A parcel was handed to a carrier."""

    order_number: str


class ParcelDelivered(ParcelEvent, frozen=True, kw_only=True):
    """A parcel reached the buyer."""


class ParcelReceived(ParcelEvent, frozen=True, kw_only=True):
    """The buyer has the goods, said by the buyer or by the timer."""

    by: Literal["buyer", "timer"]


class ParcelReturned(ParcelEvent, frozen=True, kw_only=True):
    """Nobody took a parcel, and its seller has it again."""
