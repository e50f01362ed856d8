"""Fulfilment: parcels from the seller's hand to the buyer's.

A parcel moves planned → picked → shipped → delivered → received by compare-and-set under its order's lock, in
the same transaction as the units of the order's lines and the event. The carrier's own status is kept apart.
"""

from merx.fulfilment.bring_back import bring_back
from merx.fulfilment.carriers import CARRIERS, clean_tracking_number, find_carrier
from merx.fulfilment.errors import (
    BadParcel,
    BadTrackingNumber,
    NothingToShip,
    NothingUndelivered,
    NotPaid,
    ParcelMoved,
    UnknownCarrier,
    UnknownParcel,
)
from merx.fulfilment.events import (
    ParcelDelivered,
    ParcelReceived,
    ParcelReturned,
    ParcelShipped,
)
from merx.fulfilment.jobs import auto_receive
from merx.fulfilment.mark_delivered import mark_delivered
from merx.fulfilment.model import Carrier, Fulfilment, FulfilmentLine, FulfilmentState
from merx.fulfilment.receive import receive
from merx.fulfilment.rules import can_come_back, can_deliver, can_receive, can_ship, is_delivered
from merx.fulfilment.settings import FulfilmentSettings
from merx.fulfilment.ship import ship
from merx.fulfilment.states import PARCEL
from merx.fulfilment.store import fulfilments_of

__all__ = [
    "CARRIERS",
    "PARCEL",
    "BadParcel",
    "BadTrackingNumber",
    "Carrier",
    "Fulfilment",
    "FulfilmentLine",
    "FulfilmentSettings",
    "FulfilmentState",
    "NotPaid",
    "NothingToShip",
    "NothingUndelivered",
    "ParcelDelivered",
    "ParcelMoved",
    "ParcelReceived",
    "ParcelReturned",
    "ParcelShipped",
    "UnknownCarrier",
    "UnknownParcel",
    "auto_receive",
    "bring_back",
    "can_come_back",
    "can_deliver",
    "can_receive",
    "can_ship",
    "clean_tracking_number",
    "find_carrier",
    "fulfilments_of",
    "is_delivered",
    "mark_delivered",
    "receive",
    "ship",
]
