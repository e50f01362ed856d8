"""Promotions: what a seller or the platform takes off prices, by itself, with a code or with a coupon.

What applies to a basket, and why something does not, is decided by pure rules (`rules.py`) over offers that are read
for a whole batch of carts at once (`find_offers`). Limits are allotments beside stock: locked, held, used and given back
by the same statements. What is granted becomes adjustments of a quote; this package never writes an order.
"""

from merx.promotions.check_promotion import CODE_LEAST, CODE_MOST, PRIORITY_MOST, PromotionDraft, check_code
from merx.promotions.claim_coupon import claim_coupon
from merx.promotions.discount import evaluate_items, limits_of, quote_items
from merx.promotions.errors import (
    BadPromotion,
    CouponClaimed,
    CouponNotClaimable,
    CouponsGone,
    PromotionMoved,
    PromotionUsedUp,
    StalePromotion,
    TooManyCodes,
    UnknownPromotion,
    UnknownPromotionCode,
)
from merx.promotions.find_offers import OfferBook, Shopper, find_offers
from merx.promotions.give_uses_back import give_uses_back
from merx.promotions.keep_promotions import (
    change_promotion,
    end_promotion,
    make_promotion,
    pause_promotion,
    resume_promotion,
)
from merx.promotions.model import (
    Coupon,
    Discount,
    Evaluation,
    NotApplied,
    Offer,
    Promotion,
    PromotionKind,
    PromotionState,
    Scope,
    Trigger,
    WhyNot,
)
from merx.promotions.rules import allowed_moves, may_change, may_claim, time_problem
from merx.promotions.view import (
    CouponPage,
    PromotionPage,
    claimable_promotions,
    claimed_counts,
    get_promotion,
    get_promotions,
    is_known_code,
    list_promotions,
    my_coupons,
    unused_coupons,
    uses_left,
)

__all__ = [
    "CODE_LEAST",
    "CODE_MOST",
    "PRIORITY_MOST",
    "BadPromotion",
    "Coupon",
    "CouponClaimed",
    "CouponNotClaimable",
    "CouponPage",
    "CouponsGone",
    "Discount",
    "Evaluation",
    "NotApplied",
    "Offer",
    "OfferBook",
    "Promotion",
    "PromotionDraft",
    "PromotionKind",
    "PromotionMoved",
    "PromotionPage",
    "PromotionState",
    "PromotionUsedUp",
    "Scope",
    "Shopper",
    "StalePromotion",
    "TooManyCodes",
    "Trigger",
    "UnknownPromotion",
    "UnknownPromotionCode",
    "WhyNot",
    "allowed_moves",
    "change_promotion",
    "check_code",
    "claim_coupon",
    "claimable_promotions",
    "claimed_counts",
    "end_promotion",
    "evaluate_items",
    "find_offers",
    "get_promotion",
    "get_promotions",
    "give_uses_back",
    "is_known_code",
    "limits_of",
    "list_promotions",
    "make_promotion",
    "may_change",
    "may_claim",
    "my_coupons",
    "pause_promotion",
    "quote_items",
    "resume_promotion",
    "time_problem",
    "unused_coupons",
    "uses_left",
]
