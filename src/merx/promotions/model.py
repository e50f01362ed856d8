"""Nouns of promotions. Amounts are minor units of the promotion's currency, tax included; shares are basis points."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from merx.kit.i18n import Text
from merx.pricing import Funder


class PromotionKind(StrEnum):
    """What a promotion takes off."""

    PERCENTAGE = "percentage"
    AMOUNT_OFF = "amount_off"
    FREE_DELIVERY = "free_delivery"


class Trigger(StrEnum):
    """How a buyer comes by a promotion: by itself, with a code, or with a coupon they claimed."""

    AUTOMATIC = "automatic"
    CODE = "code"
    COUPON = "coupon"


class Scope(StrEnum):
    """What a promotion is for; what it names is in `scope_ids`."""

    EVERYTHING = "everything"
    CATEGORIES = "categories"
    PRODUCTS = "products"
    SELLERS = "sellers"


class PromotionState(StrEnum):
    """States of a promotion. Before `starts_at` and from `ends_at` on, an active one gives nothing either."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """A stored promotion.

    `seller_id` is whose it is, None for the platform's; whose it is funds it. `percent_bp` is of a percentage, at most
    `most` if given; `amount` of an amount off. `threshold` is what the goods it is for must cost, before any discount.
    `currency` is None for one that names no amount. Of an `exclusive_group` at most one applies; `priority` orders
    those that apply, lowest first. `uses_total` and `uses_per_person` count claims of coupons, else purchases.
    `given_back` says whether a full refund gives the use back.
    """

    id: UUID
    seller_id: UUID | None
    name: Text
    kind: PromotionKind
    percent_bp: int | None
    amount: int | None
    most: int | None
    threshold: int
    currency: str | None
    trigger: Trigger
    code: str | None
    scope: Scope
    scope_ids: list[UUID]
    starts_at: datetime
    ends_at: datetime | None
    uses_total: int | None
    uses_per_person: int | None
    coupon_days: int | None
    exclusive_group: str
    priority: int
    given_back: bool
    state: PromotionState
    version: int
    created_at: datetime

    @property
    def funder(self) -> Funder:
        """Who pays for it: "seller" or "platform"."""
        return "platform" if self.seller_id is None else "seller"


class Coupon(msgspec.Struct, frozen=True):
    """A promotion that somebody claimed. It is used once: its one use is a limit beside stock."""

    id: UUID
    promotion_id: UUID
    account_id: UUID
    claimed_at: datetime
    expires_at: datetime | None


class Offer(msgspec.Struct, frozen=True):
    """A promotion a cart may have, and what is known of it for this buyer.

    `left` are the uses that are free, for everybody and for this person, None without a limit; `products` those of the
    cart that it is for, None for all. `coupon_id` is the coupon it would spend.
    """

    promotion: Promotion
    coupon_id: UUID | None = None
    code: str | None = None
    left: int | None = None
    left_for_person: int | None = None
    products: frozenset[UUID] | None = None


class Goods(msgspec.Struct, frozen=True):
    """One line of a basket: `total` is its price before any discount."""

    seller_id: UUID
    product_id: UUID
    total: int
    quantity: int

    @property
    def most_off(self) -> int:
        """What can be taken off: each unit still costs one minor unit, so that all of it can be refunded."""
        return self.total - self.quantity


class Basket(msgspec.Struct, frozen=True):
    """What promotions are worked out for: lines, and what each seller charges for delivery."""

    currency: str
    lines: list[Goods]
    delivery: dict[UUID, int]
    known_buyer: bool


class Discount(msgspec.Struct, frozen=True):
    """What one promotion takes off: shares by line index, and of sellers' delivery; all > 0."""

    offer: Offer
    lines: dict[int, int]
    delivery: dict[UUID, int]

    @property
    def total(self) -> int:
        """Everything it takes off."""
        return sum(self.lines.values()) + sum(self.delivery.values())


class WhyNot(StrEnum):
    """Why an offer does not apply to a basket."""

    UNKNOWN_CODE = "unknown_code"
    NOT_YET = "not_yet"
    OVER = "over"
    PAUSED = "paused"
    USED_UP = "used_up"
    USED_BY_YOU = "used_by_you"
    LOG_IN = "log_in"
    OTHER_CURRENCY = "other_currency"
    NOTHING_FITS = "nothing_fits"
    BELOW_THRESHOLD = "below_threshold"
    BEATEN = "beaten"
    NOTHING_LEFT = "nothing_left"


class NotApplied(msgspec.Struct, frozen=True):
    """An offer that does not apply, and why; `missing` is what the goods lack to the threshold."""

    offer: Offer
    reason: WhyNot
    missing: int = 0


class Evaluation(msgspec.Struct, frozen=True):
    """What a basket gets, in order of priority, and what it does not get."""

    applied: list[Discount]
    refused: list[NotApplied]

    @property
    def total(self) -> int:
        """Everything taken off."""
        return sum(each.total for each in self.applied)
