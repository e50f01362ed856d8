"""Refusals of fulfilment. Too many units in a parcel are refused by orders: `over_shipped`."""

from merx.kit.errors import Conflict, Invalid, NotFound


class UnknownParcel(NotFound):
    """There is no such parcel for this caller."""

    code = "unknown_parcel"
    message = "There is no such parcel, or it is not yours."


class UnknownCarrier(Invalid):
    """The carrier's code is not in the table."""

    code = "unknown_carrier"
    message = "There is no carrier %(code)s. Choose one of the list."


class BadTrackingNumber(Invalid):
    """The number does not look like one of the carrier's."""

    code = "bad_tracking_number"
    message = "%(number)s does not look like a tracking number of this carrier. Check it, or choose another carrier."


class BadParcel(Invalid):
    """The parcel's lines make no sense: none, one twice, or not a positive number of units."""

    code = "bad_parcel"
    message = "Choose at least one line, each once, with at least one unit."


class NotPaid(Conflict):
    """The order is not waiting to be shipped: unpaid, cancelled or closed."""

    code = "not_paid"
    message = "Only a paid order that is still open can be shipped."


class NothingToShip(Conflict):
    """Every unit of the order is on its way already."""

    code = "nothing_to_ship"
    message = "Everything of this order has been shipped already."


class NothingUndelivered(Conflict):
    """No parcel of the order is on its way, so none can have come back."""

    code = "nothing_undelivered"
    message = "Nothing of this order is on its way, so nothing can have been refused at the door. Cancel it instead."


class ParcelMoved(Conflict):
    """The parcel is not in a state from which this is possible."""

    code = "parcel_moved"
    message = "The parcel is %(state)s: it cannot become %(wanted)s."
