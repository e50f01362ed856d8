"""What reviews refuse."""

from merx.kit.errors import Conflict, Invalid, NotFound


class NotBought(NotFound):
    """This account did not buy it; whether anybody did is not said."""

    code = "not_bought"
    message = "Only who bought this can review it."


class NotReceived(Conflict):
    """Nothing of it has been received yet."""

    code = "not_received"
    message = "Review this after you have received it."


class AlreadyReviewed(Conflict):
    """One review per bought line, one per order; they are final."""

    code = "already_reviewed"
    message = "You have reviewed this already."


class BadScore(Invalid):
    """The score is not on the scale."""

    code = "bad_score"
    message = "Give 1 to %(most)s stars."


class TooManyPictures(Invalid):
    """A review shows only so many pictures."""

    code = "too_many_pictures"
    message = "Add at most %(most)s pictures."


class UnknownPicture(Invalid):
    """A picture of the review was never uploaded."""

    code = "unknown_picture"
    message = "A picture is missing. Upload it again."
