"""What after-sales refuses. Too many units are refused by orders: `over_returned`."""

from merx.kit.errors import Conflict, Invalid, NotFound


class UnknownReturn(NotFound):
    """There is no such after-sales case for this caller."""

    code = "unknown_return"
    message = "There is no such after-sales case, or it is not yours."


class BadReturn(Invalid):
    """The units make no sense: none, a line twice, of another order, or not a positive number."""

    code = "bad_return"
    message = "Choose at least one line of the order, each once, with at least one unit."


class BadReturnReason(Invalid):
    """The reason does not go with what is asked for."""

    code = "bad_return_reason"
    message = "Goods that were not received cannot be sent back: ask for the money only."


class BadProposal(Invalid):
    """The amount is not one that can be agreed on."""

    code = "bad_proposal"
    message = "Name an amount of at most %(most)s; units that were not shipped are refunded whole."


class TooManyPictures(Invalid):
    """A case shows only so many pictures."""

    code = "too_many_pictures"
    message = "Add at most %(most)s pictures."


class UnknownPicture(Invalid):
    """A picture of the case was never uploaded."""

    code = "unknown_picture"
    message = "A picture is missing. Upload it again."


class NotReturnable(Conflict):
    """The order is not paid, is closed, or the time for after-sales is over."""

    code = "not_returnable"
    message = "This order takes no after-sales requests: it is not paid, or the time for them is over."


class OnlyAuthorized(Conflict):
    """The order's money is authorized and was not captured yet: there is nothing to give back."""

    code = "only_promised"
    message = (
        "This order is not paid yet. Cancel it while nothing has been shipped, or ask again once it is paid."
    )


class NotShippedYet(Conflict):
    """Units are to be sent back that have not been shipped."""

    code = "not_shipped_yet"
    message = "What has not been shipped cannot be sent back. Ask for the money only."


class NotExchangeable(Conflict):
    """What is wanted instead is not the same product at the same price, or is not for sale."""

    code = "not_exchangeable"
    message = (
        "This can only be exchanged for the same product at the same price. Return it, and buy the other one."
    )


class NoReplacement(Conflict):
    """There is not enough stock of what an exchange is for."""

    code = "no_replacement"
    message = "There is not enough stock to replace it. Add stock, or approve a refund instead."


class NotAnExchange(Conflict):
    """This is possible only for an exchange."""

    code = "not_an_exchange"
    message = "This after-sales case is not an exchange."


class NoMoneyInExchange(Conflict):
    """An amount is named in an exchange."""

    code = "no_money_in_exchange"
    message = "An exchange moves no money. Approve a refund instead, or refuse."


class MixedUnits(Conflict):
    """The units are of several variants, because some were exchanged before."""

    code = "mixed_units"
    message = "These units are of several variants. Ask for those of one variant at a time."


class ReturnMoved(Conflict):
    """The case is not in a state from which this is possible."""

    code = "return_moved"
    message = "The after-sales case is %(state)s: it cannot become %(wanted)s."


class ReturnDecided(Conflict):
    """The platform has decided, or the time to call it in is over."""

    code = "return_decided"
    message = "This after-sales case has been decided, or the time to call the platform in is over."
