"""The page of a payment."""

import msgspec
from tests.storefront.samples.core import AT, Pages, text, totals

from merx.queries.paying import BankAccount
from merx.storefront.core import payment_views, views
from merx.storefront.core.paying import code_to_scan


def payment(state: str, locale: str, currency: str, *, silent: bool = False) -> payment_views.PaymentView:
    """A payment in one of its states; `silent`: its provider does not answer."""
    ways = (
        views.PaymentChoice(
            code="wechat", name="微信支付" if locale == "zh-CN" else "WeChat Pay", chosen=False
        ),
        views.PaymentChoice(code="card", name="银行卡" if locale == "zh-CN" else "Bank card", chosen=False),
    )
    orders = (
        payment_views.OrderLink(
            number="01JD8M2K7Q4V9X3B-1", url="/orders/1", seller_name=text("Northlight Studio", locale)
        ),
        payment_views.OrderLink(
            number="01JD8M2K7Q4V9X3B-2", url="/orders/2", seller_name=text("Slow House", locale)
        ),
    )
    return payment_views.PaymentView(
        number="01JD8M2K7Q4V9X3B",
        amount=totals(currency).total,
        state=state,  # type: ignore[arg-type]
        provider_name="支付宝" if locale == "zh-CN" else "Alipay",
        poll_url="/purchases/01JD8M2K7Q4V9X3B",
        pay_url="/purchases/01JD8M2K7Q4V9X3B/pay" if state == "waiting" else None,
        cancel_url="/purchases/01JD8M2K7Q4V9X3B/cancel" if state == "waiting" else None,
        deadline=AT,
        orders=orders,
        silent=silent,
        ways=ways if state == "waiting" else (),
        ways_url="/purchases/01JD8M2K7Q4V9X3B/payment-method" if state == "waiting" else None,
    )


def pages(locale: str, currency: str) -> Pages:
    """A payment in each of its states."""
    return {
        **{
            f"payment-{state}": ("purchases/payment.html", payment(state, locale, currency))
            for state in ("waiting", "paid", "expired", "cancelled")
        },
        "payment-scan": (
            "purchases/payment.html",
            msgspec.structs.replace(
                payment("waiting", locale, currency),
                scan=code_to_scan("weixin://wxpay/bizpayurl?pr=1"),
                wallet_url="http://localhost:8000/cashier",
            ),
        ),
        "payment-silent": ("purchases/payment.html", payment("waiting", locale, currency, silent=True)),
        "payment-at-the-door": (
            "purchases/payment.html",
            msgspec.structs.replace(
                payment("paid", locale, currency), state="authorized", at_the_door=True, cancel_url="/c"
            ),
        ),
        "payment-authorized": (
            "purchases/payment.html",
            msgspec.structs.replace(payment("paid", locale, currency), state="authorized"),
        ),
        "payment-transfer": (
            "purchases/payment.html",
            msgspec.structs.replace(
                payment("waiting", locale, currency),
                pay_url=None,
                transfer=BankAccount(
                    holder="Merx", bank="Bank", account="DE02", reference="261121ABCDEFGHJKP1"
                ),
            ),
        ),
    }
