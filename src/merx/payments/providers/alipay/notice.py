"""Reading Alipay's notices and the browser's return. Pure: bytes in, a verified notice or a refusal out."""

from collections.abc import Mapping
from typing import Final

import msgspec

from merx.payments.providers.alipay.fields import (
    is_number,
    parse_amount,
    parse_parameters,
    parse_status,
    parse_time,
)
from merx.payments.providers.alipay.signing import SIGN_TYPE, AlipayKeys, notice_text
from merx.payments.providers.errors import NoticeProblem, NoticeRejected
from merx.payments.providers.model import ProviderNotice, ProviderStatus

_UTF8: Final = ("utf-8", "utf8")
_SPLITTING: Final = tuple(
    f"&{name}="
    for name in (
        "app_id",
        "notify_id",
        "out_trade_no",
        "seller_id",
        "total_amount",
        "trade_no",
        "trade_status",
    )
)


class MerchantIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a notice must be for, and the keys it may be signed with."""

    app_id: str
    seller_id: str
    alipay_keys: AlipayKeys


def read_notice(
    headers: Mapping[str, str], body: bytes, *, merchant: MerchantIdentity, provider: str
) -> ProviderNotice:
    """Verify and read a notice: signature, then application, then merchant account, then the fields.

    Raises NoticeRejected. Names in `headers` may be in any case.
    """
    parameters = _parameters(headers, body)
    if not _is_authentic(parameters, merchant.alipay_keys):
        raise NoticeRejected(NoticeProblem.BAD_SIGNATURE)
    if parameters.get("app_id") != merchant.app_id:
        raise NoticeRejected(NoticeProblem.WRONG_APP)
    if parameters.get("seller_id") != merchant.seller_id:
        raise NoticeRejected(NoticeProblem.WRONG_SELLER)
    try:
        return _notice(parameters, provider)
    except KeyError as missing:
        raise NoticeRejected(NoticeProblem.MALFORMED, f"{missing.args[0]} is missing") from None
    except ValueError as problem:
        raise NoticeRejected(NoticeProblem.MALFORMED, str(problem)) from None


def read_return(query_string: str, *, merchant: MerchantIdentity) -> str | None:
    """Our number from the return address of a browser, when Alipay signed it for us; else None."""
    try:
        parameters = parse_parameters(query_string)
    except ValueError:
        return None
    if not _is_authentic(parameters, merchant.alipay_keys) or parameters.get("app_id") != merchant.app_id:
        return None
    if parameters.get("seller_id", merchant.seller_id) != merchant.seller_id:
        return None
    number = parameters.get("out_trade_no", "")
    return number if is_number(number) else None


def _parameters(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    declared = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    media_type, _, options = declared.partition(";")
    if media_type.strip().lower() not in ("", "application/x-www-form-urlencoded"):
        raise NoticeRejected(NoticeProblem.MALFORMED, "not a form")
    charset = options.partition("charset=")[2].partition(";")[0].strip().strip('"').lower()
    try:
        parameters = parse_parameters(body.decode("ascii"))
    except ValueError:
        # A UnicodeDecodeError is one too: a form body is ASCII, its escapes are UTF-8.
        raise NoticeRejected(NoticeProblem.MALFORMED, "the form cannot be read") from None
    if charset not in ("", *_UTF8) or parameters.get("charset", "utf-8").lower() not in _UTF8:
        raise NoticeRejected(NoticeProblem.MALFORMED, "the charset is not UTF-8")
    return parameters


def _is_authentic(parameters: Mapping[str, str], keys: AlipayKeys) -> bool:
    # The signed text does not mark where a value ends. A value holding "&total_amount=" could be cut apart into
    # parameters of their own with the same text and signature, so no value may look like a field we decide by.
    if any(mark in value for name, value in parameters.items() if name != "sign" for mark in _SPLITTING):
        return False
    if parameters.get("sign_type") != SIGN_TYPE:
        return False
    return keys.verify(notice_text(parameters), parameters.get("sign", ""))


def _notice(parameters: dict[str, str], provider: str) -> ProviderNotice:
    number, reference, notice_id = parameters["out_trade_no"], parameters["trade_no"], parameters["notify_id"]
    if not (is_number(number) and is_number(reference) and 0 < len(notice_id) <= 128):
        raise ValueError("a number has the wrong form")
    status = parse_status(parameters["trade_status"])
    moment = {ProviderStatus.CAPTURED: "gmt_payment", ProviderStatus.CLOSED: "gmt_close"}.get(
        status, "notify_time"
    )
    return ProviderNotice(
        provider=provider,
        notice_id=notice_id,
        number=number,
        provider_reference=reference,
        status=status,
        amount=parse_amount(parameters["total_amount"]),
        occurred_at=parse_time(parameters.get(moment) or parameters["notify_time"]),
        app_id=parameters["app_id"],
        seller_id=parameters["seller_id"],
        raw=parameters,
    )
