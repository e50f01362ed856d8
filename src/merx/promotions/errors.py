"""What promotions refuse."""

from merx.kit.errors import Conflict, Invalid, NotFound


class UnknownPromotion(NotFound):
    """There is no such promotion for this caller."""

    code = "unknown_promotion"
    message = "There is no such promotion, or it is not yours."


class BadPromotion(Invalid):
    """The parts of a promotion do not go together; `field` names the one to change."""

    code = "bad_promotion"
    message = "This does not make a promotion. Check the marked field."


class BadPromotionAmount(BadPromotion):
    """A percentage, an amount or a limit is missing, out of bounds or not for this kind."""

    code = "bad_promotion_amount"
    message = "Write a number from %(least)s to %(most)s."


class BadPromotionPeriod(BadPromotion):
    """It would end before it starts, or is over already."""

    code = "bad_promotion_period"
    message = "A promotion ends after it has started, and in the future."


class BadPromotionCode(BadPromotion):
    """The code is not one that can be read and typed."""

    code = "bad_promotion_code"
    message = (
        "A code has %(least)s to %(most)s letters, digits or hyphens, and begins with a letter or a digit."
    )


class PromotionCodeTaken(Conflict):
    """Another promotion has this code. Codes are never used again, so that an old one cannot mean something new."""

    code = "promotion_code_taken"
    message = "The code %(code)s belongs to another promotion. Choose another one."


class PromotionMoved(Conflict):
    """The promotion is not in a state from which this can be done."""

    code = "promotion_moved"
    message = "This cannot be done with this promotion any more. Look at it again."


class StalePromotion(Conflict):
    """Somebody else changed it in between; `current` is the version now."""

    code = "stale_promotion"
    message = (
        "This was changed in the meantime (now version %(current)s). Look at it again before you change it."
    )


class CannotShrinkPromotion(Conflict):
    """More was given away than the new number allows."""

    code = "cannot_shrink_promotion"
    message = "More than that are given away or in use already. Choose a larger number."


class CouponNotClaimable(Conflict):
    """No coupon of this promotion can be claimed now."""

    code = "coupon_not_claimable"
    message = "This coupon cannot be claimed at the moment."


class CouponsGone(Conflict):
    """All coupons of the promotion have been claimed."""

    code = "coupons_gone"
    message = "All coupons of this promotion have been claimed."


class CouponClaimed(Conflict):
    """This person has as many of its coupons as one may have."""

    code = "coupon_claimed"
    message = "You have claimed this coupon already."


class UnknownPromotionCode(NotFound):
    """No promotion that can be used now has this code."""

    code = "unknown_promotion_code"
    message = "There is no promotion with the code %(code)s. Check the spelling."


class TooManyCodes(Invalid):
    """A cart keeps only so many codes."""

    code = "too_many_codes"
    message = "Enter at most %(most)s codes."


class PromotionUsedUp(Conflict):
    """The last use of a promotion went to somebody else; `promotions` are the ids."""

    code = "promotion_used_up"
    message = "An offer in your cart has just run out. Check the new total and order again."
