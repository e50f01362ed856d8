"""The checkout."""

from tests.storefront.samples.core import PRICES, Pages, address, address_form, line, money, text, totals

from merx.storefront import views as v


def checkout(locale: str, currency: str, *, guest: bool = False) -> v.CheckoutView:
    """A checkout ready to be ordered; a guest's has no address yet and one mistake."""
    errors = (
        v.FormView(values={"country": "CN", "phone": "12"}, errors={"phone": "…"})
        if guest
        else v.FormView(values={"country": "CN"})
    )
    return v.CheckoutView(
        addresses=() if guest else (address(locale),),
        address_id="" if guest else "a1",
        new_address=address_form(errors, asks_email=guest),
        groups=(
            v.CheckoutGroupView(
                seller_name=text("Northlight Studio", locale),
                lines=(line(0, locale, currency),),
                subtotal=money(PRICES[currency][0], currency),
            ),
            v.CheckoutGroupView(
                seller_name=text("Slow House", locale),
                lines=(line(1, locale, currency),),
                subtotal=money(PRICES[currency][1], currency),
            ),
        ),
        delivery=(
            v.DeliveryChoice(code="standard", price=money(1500, currency), chosen=True),
            v.DeliveryChoice(code="express", price=money(4500, currency), chosen=False),
        ),
        payments=(v.PaymentChoice(code="alipay", name="支付宝 Alipay", chosen=True),),
        totals=totals(currency),
        cart_id="01931b66-0000-7000-8000-00000000000c",
        idempotency_key="01931b66-0000-7000-8000-00000000000a",
        changed=guest,
    )


def pages(locale: str, currency: str) -> Pages:
    """Of an account and of a guest."""
    return {
        "checkout": ("checkout.html", checkout(locale, currency)),
        "checkout-guest": ("checkout.html", checkout(locale, currency, guest=True)),
    }
