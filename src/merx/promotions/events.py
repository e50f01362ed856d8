"""What happens to promotions and coupons."""

from typing import ClassVar
from uuid import UUID

from merx.kit.events import Event


class PromotionMade(Event, frozen=True):
    """A seller (None: the platform) made a promotion."""

    subject: ClassVar = "promotion_id"

    promotion_id: UUID
    seller_id: UUID | None
    kind: str


class PromotionChanged(Event, frozen=True):
    """A promotion was changed, paused, resumed or ended: `state` is how it stands."""

    subject: ClassVar = "promotion_id"

    promotion_id: UUID
    seller_id: UUID | None
    state: str


class CouponClaimed(Event, frozen=True):
    """Somebody claimed a coupon of a promotion."""

    subject: ClassVar = "promotion_id"

    promotion_id: UUID
    coupon_id: UUID
