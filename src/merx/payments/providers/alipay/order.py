"""What an order to Alipay says, for each of its cashiers. Pure."""

import re
from typing import Final
from urllib.parse import urlsplit

from merx.payments.providers.alipay.fields import CURRENCY, MAX_FEN, format_time, is_number
from merx.payments.providers.errors import PaymentNotPossible
from merx.payments.providers.model import PaymentRequest

PAGE_PAY: Final = "alipay.trade.page.pay"
WAP_PAY: Final = "alipay.trade.wap.pay"
PRECREATE: Final = "alipay.trade.precreate"
_PRODUCTS: Final = {
    PAGE_PAY: "FAST_INSTANT_TRADE_PAY",
    WAP_PAY: "QUICK_WAP_WAY",
    PRECREATE: "FACE_TO_FACE_PAYMENT",
}
_SUBJECT_LENGTH: Final = 256
# The provider forbids these in a subject, and "&" or "=" would blur where a value ends in a signed text.
_NOT_IN_SUBJECT: Final = re.compile(r"[/=&\x00-\x1f\x7f]+")


def check_order(request: PaymentRequest, provider: str) -> None:
    """Raise PaymentNotPossible when currency, amount, number or addresses are not what Alipay takes."""
    reason = None
    if request.amount.currency != CURRENCY:
        reason = "it takes Chinese yuan only"
    elif not 0 < request.amount.amount <= MAX_FEN:
        reason = "the amount is outside its range"
    elif not is_number(request.number):
        reason = "the payment number has the wrong form"
    elif not (_is_bare_address(request.notify_url) and _is_bare_address(request.return_url)):
        reason = "an address is not absolute or has a query string"
    if reason is not None:
        raise PaymentNotPossible(provider=provider, reason=reason)


def order_content(method: str, request: PaymentRequest) -> dict[str, object]:
    """The business content of an order by `method`. The deadline is absolute and cut to the second."""
    content: dict[str, object] = {
        "out_trade_no": request.number,
        "product_code": _PRODUCTS[method],
        "total_amount": request.amount.decimal(),
        "subject": clean_text(request.subject, _SUBJECT_LENGTH) or request.number,
        "time_expire": format_time(request.expires_at),
    }
    if method == WAP_PAY:
        content["quit_url"] = request.return_url
    return content


def clean_text(text: str, length: int) -> str:
    """A text without the characters Alipay does not take, at most `length` long."""
    return _NOT_IN_SUBJECT.sub(" ", text).strip()[:length].strip()


def _is_bare_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
