"""Parcels, as their sender and their receiver see them, and what each of them may say of one now."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.fulfilment import Fulfilment, FulfilmentLine, can_deliver, can_receive
from merx.kit.actors import Actor, Buyer, SellerMember


class SeenParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel. `state` is what seller and buyer say, `carrier_status` what the carrier says."""

    id: UUID
    order_id: UUID
    state: str
    carrier: str | None
    tracking_number: str | None
    carrier_status: str
    shipped_at: datetime | None
    delivered_at: datetime | None
    received_at: datetime | None
    lines: list[FulfilmentLine]
    version: int
    actions: tuple[Literal["deliver", "receive"], ...]


def seen_parcel(found: Fulfilment, *, actor: Actor) -> SeenParcel:
    """A parcel that the actor may see."""
    actions: tuple[Literal["deliver", "receive"], ...] = ()
    if isinstance(actor, SellerMember) and can_deliver(found):
        actions = ("deliver",)
    elif isinstance(actor, Buyer) and can_receive(found):
        actions = ("receive",)
    return SeenParcel(
        id=found.id,
        order_id=found.order_id,
        state=found.state,
        carrier=found.carrier,
        tracking_number=found.tracking_number,
        carrier_status=found.carrier_status,
        shipped_at=found.shipped_at,
        delivered_at=found.delivered_at,
        received_at=found.received_at,
        lines=found.lines,
        version=found.version,
        actions=actions,
    )
