"""Coupons, and promotions as their keepers see them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.storefront.samples.core import AT, Pages, money, text

from merx.storefront.core import views
from merx.storefront.promotions.view import (
    CentreView,
    CouponCard,
    MyCoupon,
    MyCouponsView,
    NewPromotion,
    OfferView,
    PromotionRow,
    PromotionsPage,
    PromotionView,
)


@dataclass
class Words:
    """A page's language and currency."""

    locale: str
    currency: str

    def offer(self, kind: str = "amount_off", **more: Any) -> OfferView:
        """An amount off, from a sum on."""
        zh = self.locale == "zh-CN"
        rate = Decimal("8.75") if zh else Decimal("12.5")
        values: dict[str, Any] = {
            "name": "双十二满减" if zh else "December savings", "kind": kind,
            "rate": rate if kind == "percentage" else None,
            "amount": money(2000, self.currency) if kind == "amount_off" else None,
            "most": money(5000, self.currency) if kind == "percentage" else None,
            "threshold": money(19900, self.currency) if kind == "amount_off" else None,
            "seller_name": "", "scope": "everything", "things": (), "more_things": 0, "shop_url": "/",
            "starts_at": AT, "ends_at": AT, **more,
        }  # fmt: skip
        return OfferView(**values)

    def things(self, *names: str) -> tuple[str, ...]:
        """What a promotion is for."""
        return tuple(text(each, self.locale) for each in names)

    def card(self, number: int, **more: Any) -> CouponCard:
        """A coupon of the centre."""
        values: dict[str, Any] = {
            "promotion_id": str(number), "offer": self.offer(), "left": 120, "days": 7, "claimed": 0, "state": "free", **more,
        }  # fmt: skip
        return CouponCard(**values)

    def row(self, **more: Any) -> PromotionRow:
        """A promotion with its figures."""
        values: dict[str, Any] = {
            "promotion_id": "1", "url": "/seller/promotions/1", "offer": self.offer(), "state": "active",
            "trigger": "coupon", "code": None, "uses_total": 200, "left": 120, "uses_per_person": 1, "coupon_days": 7,
            "exclusive_group": "gg", "priority": 100, "given_back": True, "claimed": 80, "uses": 31,
            "taken_off": (money(62000, self.currency),), "actions": ("change", "pause", "end"), **more,
        }  # fmt: skip
        return PromotionRow(**values)


def _centre(words: Words) -> CentreView:
    offer = words.offer
    return CentreView(
        cards=(
            words.card(1),
            words.card(2, state="claimed", claimed=1, offer=offer("percentage")),
            words.card(3, state="used", claimed=1, left=None, days=None),
            words.card(4, state="gone", left=0, offer=offer("free_delivery", seller_name="A", ends_at=None)),
            words.card(
                5, state="closed", error="…",
                offer=offer(scope="categories", things=words.things("Computers", "Photo"), more_things=2),
            ),
            words.card(6, claimed=1, offer=offer(scope="products", things=words.things("Field camera"))),
            words.card(7, offer=offer(scope="sellers", things=words.things("Slow House"))),
        ),
        logged_in=True,
    )  # fmt: skip


def pages(locale: str, currency: str) -> Pages:
    """The centre, one's coupons, and both sides that keep promotions; full and empty."""
    words = Words(locale, currency)
    mistakes = views.FormView(
        values={"percent": "200", "kind": "percentage", "things": "x"},
        errors=dict.fromkeys(("form", "name_zh", "percent", "things", "code", "currency", "kind"), "…"),
    )
    sellers = (("1", text("Slow House", locale)), ("2", text("Northlight Studio", locale)))
    rows = (
        words.row(),
        words.row(
            state="waiting", trigger="code", code="TEN", left=None, uses_total=None, taken_off=(),
            offer=words.offer("percentage", scope="products", things=words.things("Field camera"), seller_name="A"),
        ),
        words.row(state="paused", trigger="automatic"),
        words.row(state="over", offer=words.offer("free_delivery")),
        words.row(state="ended", actions=()),
    )  # fmt: skip
    coupon = MyCoupon(offer=words.offer(), expires_at=AT)
    made = PromotionView(side="seller", list_url="/seller/promotions", row=words.row(), form=views.FormView())
    ended = PromotionView(
        side="staff", list_url="/staff/promotions", form=mistakes,
        row=words.row(
            state="paused", actions=("change", "resume", "end"), uses_per_person=None, coupon_days=None,
            exclusive_group="", given_back=False,
        ),
    )  # fmt: skip
    return {
        "coupons": ("promotions/coupons.html", _centre(words)),
        "coupons-empty": ("promotions/coupons.html", CentreView(cards=(), logged_in=False)),
        "coupons-guest": (
            "promotions/coupons.html", CentreView(cards=(words.card(1),), logged_in=False),
        ),
        "my-coupons": (
            "promotions/my_coupons.html",
            MyCouponsView(
                usable=(coupon, MyCoupon(offer=words.offer(), expires_at=None, rests="paused")), used=(coupon,),
                expired=(coupon,), more_url="/account/coupons?after=x",
            ),
        ),
        "my-coupons-empty": (
            "promotions/my_coupons.html", MyCouponsView(usable=(), used=(), expired=(), more_url=None)
        ),
        "promotions": (
            "promotions/promotions.html",
            PromotionsPage(side="seller", url="/seller/promotions", rows=rows, more_url="/seller/promotions?after=x"),
        ),
        "promotions-empty": (
            "promotions/promotions.html",
            PromotionsPage(side="staff", url="/staff/promotions", rows=(), more_url=None),
        ),
        "new-promotion": (
            "promotions/new_promotion.html",
            NewPromotion(
                side="seller", url="/seller/promotions", form=mistakes, sellers=sellers, currencies=("CNY", "USD")
            ),
        ),
        "new-promotion-staff": (
            "promotions/new_promotion.html",
            NewPromotion(
                side="staff", url="/staff/promotions", form=views.FormView(), sellers=(), currencies=("CNY",)
            ),
        ),
        "promotion": ("promotions/promotion.html", made),
        "promotion-refused": ("promotions/promotion.html", ended),
    }  # fmt: skip
