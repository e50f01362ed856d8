"""The checkout."""

from tests.storefront.samples.core import PRICES, Pages, address, address_form, line, money, text, totals

from merx.storefront.checkout import view as checkout_view
from merx.storefront.core import views


def checkout(locale: str, currency: str, *, guest: bool = False) -> checkout_view.CheckoutView:
    """A checkout ready to be ordered; a guest's has no address yet and one mistake."""
    errors = (
        views.FormView(values={"country": "CN", "phone": "12"}, errors={"phone": "…"})
        if guest
        else views.FormView(values={"country": "CN"})
    )
    return checkout_view.CheckoutView(
        addresses=() if guest else (address(locale),),
        address_id="" if guest else "a1",
        new_address=address_form(errors, asks_email=guest),
        groups=(
            checkout_view.CheckoutGroupView(
                seller_name=text("Northlight Studio", locale),
                lines=(line(0, locale, currency),),
                subtotal=money(PRICES[currency][0], currency),
            ),
            checkout_view.CheckoutGroupView(
                seller_name=text("Slow House", locale),
                lines=(line(1, locale, currency),),
                subtotal=money(PRICES[currency][1], currency),
            ),
        ),
        delivery=(
            checkout_view.DeliveryChoice(code="standard", price=money(1500, currency), chosen=True),
            checkout_view.DeliveryChoice(code="express", price=money(4500, currency), chosen=False),
        ),
        payments=(views.PaymentChoice(code="alipay", name="支付宝 Alipay", chosen=True),),
        totals=totals(currency),
        cart_id="01931b66-0000-7000-8000-00000000000c",
        idempotency_key="01931b66-0000-7000-8000-00000000000a",
        changed=guest,
    )


def pages(locale: str, currency: str) -> Pages:
    """Of an account and of a guest."""
    return {
        "checkout": ("checkout/checkout.html", checkout(locale, currency)),
        "checkout-guest": ("checkout/checkout.html", checkout(locale, currency, guest=True)),
    }
