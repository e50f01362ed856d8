"""What clients send about promotions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, field

from merx.api.core.requests import Currency, Input, PageQuery, Translated
from merx.promotions import PromotionKind, PromotionState, Scope, Trigger

Minor = Annotated[int, Meta(extra_json_schema={"minimum": 1}, description="Minor units of `currency`")]
Moment = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(extra_json_schema={"minimum": 1})]


class EnterCode(Input, frozen=True, kw_only=True):
    """A code as somebody typed it."""

    code: Annotated[str, Meta(max_length=200)]


class PromotionQuery(PageQuery, frozen=True, kw_only=True):
    """Promotions in a state, or in any."""

    state: PromotionState | None = None


class DescribePromotion(Input, frozen=True, kw_only=True):
    """What the platform takes off, and for whom.

    A percentage has `percent_bp` (basis points: 1000 is 10 %) and may have `most`; an amount off has `amount`; free
    delivery has neither. Amounts are in `currency`. `threshold` is what the goods it is for must cost. Of an
    `exclusive_group` at most one applies. `uses_total` and `uses_per_person` count claims of coupons, else purchases.
    Without `starts_at` it starts at once.
    """

    name: Translated
    kind: PromotionKind
    percent_bp: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 10_000})] | None = None
    amount: Minor | None = None
    most: Minor | None = None
    threshold: Annotated[int, Meta(extra_json_schema={"minimum": 0})] = 0
    currency: Currency | None = None
    trigger: Trigger = Trigger.AUTOMATIC
    code: Annotated[str, Meta(max_length=200)] | None = None
    scope: Scope = Scope.EVERYTHING
    scope_ids: Annotated[list[UUID], Meta(max_length=1_000)] = field(default_factory=list)
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    uses_total: Count | None = None
    uses_per_person: Count | None = None
    coupon_days: Count | None = None
    exclusive_group: Annotated[str, Meta(max_length=200)] = ""
    priority: Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": 1000})] = 100
    given_back: bool = True


class MakePromotion(DescribePromotion, frozen=True, kw_only=True):
    """What a seller takes off, and for whom."""

    seller_id: UUID


class ChangePromotion(Input, frozen=True, kw_only=True):
    """What may change once people have seen a promotion; what it takes off may not. Null is no end, no limit."""

    name: Translated
    ends_at: Moment | None
    uses_total: Count | None
