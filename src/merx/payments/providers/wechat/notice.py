"""Reading WeChat Pay's notices. Pure: bytes in, a verified notice or a refusal out."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from merx.payments.providers.errors import NoticeProblem, NoticeRejected
from merx.payments.providers.model import ProviderNotice, ProviderStatus
from merx.payments.providers.wechat.fields import (
    amount_of,
    is_number,
    is_refund_number,
    parse_refund_state,
    parse_state,
    parse_time,
    reference_of,
    text_of,
)
from merx.payments.providers.wechat.keys import Untrusted, VerificationKeys, read_head
from merx.payments.providers.wechat.signing import unseal

_SEALED: Final = "encrypt-resource"
_ALGORITHM: Final = "AEAD_AES_256_GCM"
_TRANSACTION: Final = "TRANSACTION."
_REFUND: Final = "REFUND."


class MerchantIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a notice must be for, the secret it must be sealed with and the keys that may have signed it."""

    app_id: str
    mch_id: str
    secret: bytes
    keys: VerificationKeys


class UnknownKey(NoticeRejected):
    """The notice is signed with a key we do not have: newer certificates may tell whether to believe the next copy."""


def read_notice(
    headers: Mapping[str, str], body: bytes, *, merchant: MerchantIdentity, provider: str, now: datetime
) -> ProviderNotice:
    """Verify and read a notice: signature and age, then the seal, then merchant and application, then the fields.

    Raises NoticeRejected. Names in `headers` may be in any case.
    """
    try:
        merchant.keys.verify(read_head(headers), body, now)
    except Untrusted as problem:
        kind = UnknownKey if problem.unknown_serial else NoticeRejected
        raise kind(NoticeProblem.BAD_SIGNATURE, str(problem)) from None
    try:
        notice, resource = _opened(body, merchant.secret)
    except (KeyError, TypeError, ValueError, RecursionError):
        raise NoticeRejected(NoticeProblem.MALFORMED, "the notice cannot be read") from None
    if resource.get("mchid") != merchant.mch_id:
        raise NoticeRejected(NoticeProblem.WRONG_SELLER)
    # A refund's notice names no application.
    if resource.get("appid", merchant.app_id) != merchant.app_id:
        raise NoticeRejected(NoticeProblem.WRONG_APP)
    try:
        event = text_of(notice, "event_type")
        if event.startswith(_TRANSACTION):
            return _payment(notice, resource, provider)
        if event.startswith(_REFUND):
            return _refund(notice, resource, provider)
    except ValueError as problem:
        raise NoticeRejected(NoticeProblem.MALFORMED, str(problem)) from None
    raise NoticeRejected(NoticeProblem.MALFORMED, "not a notice of a payment or a refund")


def _opened(body: bytes, secret: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    notice = json.loads(body)
    sealed = notice["resource"]
    if notice["resource_type"] != _SEALED or sealed["algorithm"] != _ALGORITHM:
        raise ValueError("sealed in another way")
    resource = json.loads(
        unseal(
            secret=secret,
            nonce=sealed["nonce"],
            associated_data=sealed.get("associated_data", ""),
            ciphertext=sealed["ciphertext"],
        )
    )
    if not isinstance(resource, dict):
        raise TypeError("not an object")
    return notice, resource


def _payment(notice: dict[str, Any], resource: dict[str, Any], provider: str) -> ProviderNotice:
    status = parse_state(text_of(resource, "trade_state"))
    moment = resource if status is ProviderStatus.CAPTURED else notice
    return ProviderNotice(
        provider=provider,
        notice_id=reference_of(notice, "id"),
        number=_number(resource),
        provider_reference=reference_of(resource, "transaction_id"),
        status=status,
        amount=amount_of(resource, "total"),
        occurred_at=parse_time(text_of(moment, "success_time" if moment is resource else "create_time")),
        app_id=text_of(resource, "appid"),
        seller_id=text_of(resource, "mchid"),
        raw=_raw(notice, resource),
    )


def _refund(notice: dict[str, Any], resource: dict[str, Any], provider: str) -> ProviderNotice:
    refund_number = text_of(resource, "out_refund_no")
    if not is_refund_number(refund_number):
        raise ValueError("out_refund_no has the wrong form")
    return ProviderNotice(
        provider=provider,
        notice_id=reference_of(notice, "id"),
        number=_number(resource),
        provider_reference=reference_of(resource, "transaction_id"),
        status=ProviderStatus.CAPTURED,
        amount=amount_of(resource, "total"),
        occurred_at=parse_time(resource.get("success_time") or text_of(notice, "create_time")),
        app_id=resource.get("appid", ""),
        seller_id=text_of(resource, "mchid"),
        raw=_raw(notice, resource),
        refund_number=refund_number,
        refund_state=parse_refund_state(text_of(resource, "refund_status")),
    )


def _number(resource: dict[str, Any]) -> str:
    number = text_of(resource, "out_trade_no")
    if not is_number(number):
        raise ValueError("out_trade_no has the wrong form")
    return number


def _raw(notice: dict[str, Any], resource: dict[str, Any]) -> dict[str, str]:
    members = {**notice, **resource}
    return {name: value for name, value in members.items() if isinstance(value, str)}
