"""The cart."""

from tests.storefront.samples.core import PRICES, Pages, card, line, money, text

from merx.storefront.core import views


def cart(locale: str, currency: str) -> views.CartView:
    """Two shops, one line that asks for too many."""
    return views.CartView(
        groups=(
            views.CartGroupView(
                seller_name=text("Northlight Studio", locale),
                lines=(
                    line(0, locale, currency),
                    line(6, locale, currency, quantity=5, problem="fewer_left", left=2, total=None),
                ),
                subtotal=money(PRICES[currency][0], currency),
            ),
            views.CartGroupView(
                seller_name=text("Slow House", locale),
                lines=(line(1, locale, currency), line(4, locale, currency, problem="sold_out", total=None)),
                subtotal=money(PRICES[currency][1], currency),
            ),
        ),
        count=2,
        goods=money(PRICES[currency][0] + PRICES[currency][1], currency),
        total=money(PRICES[currency][0] + PRICES[currency][1] - 500, currency),
        can_check_out=False,
        discounts=((text("Slow House", locale), money(500, currency)),),
        codes=("AUTUMN",),
        missed=(
            views.MissedView(
                name=text("Northlight Studio", locale),
                code="",
                reason="below_threshold",
                missing=money(1200, currency),
            ),
            views.MissedView(name="", code="SPRING-24", reason="unknown_code", missing=None),
            views.MissedView(name=text("Slow House", locale), code="", reason="log_in", missing=None),
        ),
        code=views.FormView(values={"code": "a b"}, errors={"code": "…"}),
    )


def pages(locale: str, currency: str) -> Pages:
    """Full and empty."""
    cards = tuple(card(index, locale, currency) for index in range(8))
    return {
        "cart": ("cart/cart.html", cart(locale, currency)),
        "cart-empty": (
            "cart/cart.html",
            views.CartView(
                groups=(),
                count=0,
                goods=money(0, currency),
                total=money(0, currency),
                can_check_out=False,
                suggestions=cards[:4],
            ),
        ),
    }
