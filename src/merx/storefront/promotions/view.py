"""What the pages of promotions show. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from merx.kit import links
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.promotions import CODE_LEAST, CODE_MOST, PRIORITY_MOST
from merx.queries.promotions import (
    ClaimablePromotion,
    ManagedPromotion,
    SeenCoupon,
    SeenPromotion,
)
from merx.storefront.core.views import FormView, View

NAMED: Final = 3
"""How many of the things that a promotion is for a card names."""
CHINESE: Final = "zh-CN"


class OfferView(View, frozen=True, kw_only=True):
    """What a promotion takes off, for what, and until when.

    `rate` is what is off in per cent, in Chinese the tenths that remain (折). `seller_name` is empty for the platform's.
    """

    name: str
    kind: str
    rate: Decimal | None
    amount: Money | None
    most: Money | None
    threshold: Money | None
    seller_name: str
    scope: str
    things: tuple[str, ...]
    more_things: int
    shop_url: str
    starts_at: datetime
    ends_at: datetime | None


class CouponCard(View, frozen=True, kw_only=True):
    """A coupon of the centre: `state` says what its button is for; `error` why the last click gave none."""

    promotion_id: str
    offer: OfferView
    left: int | None
    days: int | None
    claimed: int
    state: Literal["free", "claimed", "used", "gone", "closed"]
    error: str | None = None


class CentreView(View, frozen=True, kw_only=True):
    """The coupon centre."""

    cards: tuple[CouponCard, ...]
    logged_in: bool


class MyCoupon(View, frozen=True, kw_only=True):
    """A coupon somebody has; `rests` says why an unused one cannot be used now, "" when it can."""

    offer: OfferView
    expires_at: datetime | None
    rests: str = ""


class MyCouponsView(View, frozen=True, kw_only=True):
    """An account's coupons by state, the newest first."""

    usable: tuple[MyCoupon, ...]
    used: tuple[MyCoupon, ...]
    expired: tuple[MyCoupon, ...]
    more_url: str | None


class PromotionRow(View, frozen=True, kw_only=True):
    """A promotion in its keeper's list and on its page. `state` counts its period in."""

    promotion_id: str
    url: str
    offer: OfferView
    state: str
    trigger: str
    code: str | None
    uses_total: int | None
    left: int | None
    uses_per_person: int | None
    coupon_days: int | None
    exclusive_group: str
    priority: int
    given_back: bool
    claimed: int
    uses: int
    taken_off: tuple[Money, ...]
    actions: tuple[str, ...]


class PromotionsPage(View, frozen=True, kw_only=True):
    """What somebody keeps, newest first."""

    side: str
    url: str
    rows: tuple[PromotionRow, ...]
    more_url: str | None


class NewPromotion(View, frozen=True, kw_only=True):
    """The form for a promotion; `sellers` and `currencies` are (value, name)."""

    side: str
    url: str
    form: FormView
    sellers: tuple[tuple[str, str], ...]
    currencies: tuple[str, ...]
    code_least: int = CODE_LEAST
    code_most: int = CODE_MOST
    priority_most: int = PRIORITY_MOST


class PromotionView(View, frozen=True, kw_only=True):
    """A promotion for who keeps it; `form` changes it."""

    side: str
    list_url: str
    row: PromotionRow
    form: FormView


def offer_view(seen: SeenPromotion, *, locale: str) -> OfferView:
    """What a promotion gives."""
    names = tuple(pick(each.name, locale) for each in seen.scope_items[:NAMED])
    return OfferView(
        name=pick(seen.name, locale),
        kind=seen.kind.value,
        rate=_rate(seen.percent_bp, locale),
        amount=seen.amount,
        most=seen.most,
        threshold=seen.threshold,
        seller_name=pick(seen.seller.name, locale) if seen.seller else "",
        scope=seen.scope.value,
        things=names,
        more_things=max(0, seen.scope_count - len(names)),
        shop_url=_shop_url(seen),
        starts_at=seen.starts_at,
        ends_at=seen.ends_at,
    )


def _rate(percent_bp: int | None, locale: str) -> Decimal | None:
    if percent_bp is None:
        return None
    return Decimal(10_000 - percent_bp) / 1000 if locale == CHINESE else Decimal(percent_bp) / 100


def _shop_url(seen: SeenPromotion) -> str:
    """Where its goods are: the category or the product, if it is for one."""
    first = seen.scope_items[0] if seen.scope_items else None
    if first is not None and seen.scope == "categories":
        return links.category(first.code)
    if first is not None and seen.scope == "products":
        return links.product(first.code)
    return links.home()


def coupon_card(
    seen: ClaimablePromotion, *, locale: str, used_up: Collection[UUID], error: str | None
) -> CouponCard:
    """A coupon of the centre; `used_up` are the promotions whose coupons this person has all used."""
    return CouponCard(
        promotion_id=str(seen.id),
        offer=offer_view(seen, locale=locale),
        left=seen.left,
        days=seen.coupon_days,
        claimed=seen.claimed,
        state=_card_state(seen, used_up),
        error=error,
    )


def _card_state(
    seen: ClaimablePromotion, used_up: Collection[UUID]
) -> Literal["free", "claimed", "used", "gone", "closed"]:
    reason = seen.why_not.value if seen.why_not else ""
    if reason in ("", "log_in"):
        return "free"
    if seen.claimed and reason in ("used_by_you", "used_up"):
        return "used" if seen.id in used_up else "claimed"
    return "gone" if reason == "used_up" else "closed"


def my_coupons_view(coupons: Sequence[SeenCoupon], *, locale: str, more_url: str | None) -> MyCouponsView:
    """Coupons by what can be done with them."""

    def of(state: str) -> tuple[MyCoupon, ...]:
        return tuple(
            MyCoupon(
                offer=offer_view(each.promotion, locale=locale),
                expires_at=each.expires_at,
                rests=each.promotion.why_not.value if each.promotion.why_not else "",
            )
            for each in coupons
            if each.state == state
        )

    return MyCouponsView(usable=of("unused"), used=of("used"), expired=of("expired"), more_url=more_url)


def promotion_row(seen: ManagedPromotion, *, url: str, locale: str) -> PromotionRow:
    """A promotion for who keeps it."""
    waits = {"not_yet": "waiting", "over": "over"}
    reason = seen.why_not.value if seen.why_not else ""
    return PromotionRow(
        promotion_id=str(seen.id),
        url=f"{url}/{seen.id}",
        offer=offer_view(seen, locale=locale),
        state=waits.get(reason, seen.state.value) if seen.state == "active" else seen.state.value,
        trigger=seen.trigger.value,
        code=seen.code,
        uses_total=seen.uses_total,
        left=seen.left,
        uses_per_person=seen.uses_per_person,
        coupon_days=seen.coupon_days,
        exclusive_group=seen.exclusive_group,
        priority=seen.priority,
        given_back=seen.given_back,
        claimed=seen.claimed,
        uses=seen.uses,
        taken_off=tuple(seen.taken_off),
        actions=tuple(seen.actions),
    )


def change_values(seen: ManagedPromotion, *, ends_at: str) -> Mapping[str, object]:
    """What the form for a change shows at first."""
    return {
        "name_zh": seen.name.get(CHINESE, ""),
        "name_en": seen.name.get("en", ""),
        "ends_at": ends_at,
        "uses_total": seen.uses_total,
    }
