"""Events of fulfilment. The subject of each is the purchase, so that its timeline has them."""

from typing import Any, Final
from uuid import UUID

from merx.fulfilment.model import Fulfilment
from merx.infra.outbox import Event

PARCEL_SHIPPED: Final = "ParcelShipped"
"""A parcel left. Data: fulfilment_id, order_id, seller_id, carrier, tracking_number, lines, order_number."""
PARCEL_DELIVERED: Final = "ParcelDelivered"
"""A parcel reached the buyer. Data: fulfilment_id, order_id, seller_id, carrier, tracking_number, lines."""
PARCEL_RECEIVED: Final = "ParcelReceived"
"""The buyer has the goods, said by `by`: "buyer" or "timer". Data: as for ParcelDelivered, and `by`."""
PARCEL_RETURNED: Final = "ParcelReturned"
"""Nobody took a parcel and its seller has it again. Data: as for ParcelDelivered."""


def parcel_event(kind: str, parcel: Fulfilment, *, actor_id: UUID | None = None, **more: str) -> Event:
    """The event of a parcel; `more` is added to its data."""
    data: dict[str, Any] = {
        "fulfilment_id": parcel.id,
        "order_id": parcel.order_id,
        "seller_id": parcel.seller_id,
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "lines": [{"order_line_id": line.order_line_id, "quantity": line.quantity} for line in parcel.lines],
        **more,
    }
    return Event(kind=kind, subject_id=parcel.purchase_id, data=data, actor_id=actor_id)
