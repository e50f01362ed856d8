"""What reconciliation refuses."""

from merx.kit.errors import Conflict, Invalid, NotFound, Unavailable


class NoSuchBill(NotFound):
    """No configured provider makes a bill under this name."""

    code = "no_such_bill"
    message = "No provider %(provider)s makes bills."


class DayNotOver(Invalid):
    """The provider has not finished the day."""

    code = "bill_day_not_over"
    message = "The day %(day)s is not over: its bill is made the day after."


class BillUnreadable(Unavailable):
    """The provider gave no bill."""

    code = "bill_unreadable"
    message = "The bill of %(provider)s for %(day)s could not be read: %(reason)s. Try again later."


class BillBusy(Conflict):
    """Somebody else is reading the same bill."""

    code = "bill_busy"
    message = "This bill is being read by somebody else. Try again in a minute."


class UnknownDifference(NotFound):
    """There is no such difference."""

    code = "unknown_difference"
    message = "There is no such difference."


class DifferenceSettled(Conflict):
    """The difference was resolved before."""

    code = "difference_settled"
    message = "This difference is resolved."


class ResolutionRefused(Conflict):
    """This way to resolve it does not fit the difference."""

    code = "resolution_refused"
    message = "This difference cannot be resolved like that."


class NoteMissing(Invalid):
    """An explanation is needed, or is too long."""

    code = "note_missing"
    message = "Write why, in at most %(most)s characters."
