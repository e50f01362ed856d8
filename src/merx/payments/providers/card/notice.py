"""Reading the card API's webhooks. Pure: bytes in, a verified notice or a refusal out."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from merx.kit.money import Money
from merx.payments.providers.card.disputes import dispute_report
from merx.payments.providers.card.fields import (
    Charge,
    Dispute,
    Intent,
    RefundObject,
    Session,
    from_units,
    instant,
    is_number,
)
from merx.payments.providers.card.refund_states import refund_state_of
from merx.payments.providers.errors import NoticeProblem, NoticeRejected
from merx.payments.providers.model import DisputeReport, ProviderNotice, ProviderStatus

TOLERANCE_SECONDS: Final = 300
"""How far the time in a signature may be from ours."""
EVENTS: Final = (
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refunded",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
"""The events a webhook endpoint is subscribed to; all of them name our payment, or the provider's name of it."""

_INTENT_EVENTS: Final = {
    ("succeeded", "succeeded"): ProviderStatus.CAPTURED,
    ("amount_capturable_updated", "requires_capture"): ProviderStatus.AUTHORIZED,
    ("canceled", "canceled"): ProviderStatus.CLOSED,
}
_MAX_SIGNATURES: Final = 20
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_EVENT_ID = re.compile(r"evt_[A-Za-z0-9_]{1,120}", re.ASCII)

T = TypeVar("T")


class Signatures(msgspec.Struct, frozen=True):
    """What a notice must be signed with: every secret that is live, during a rotation two. And for which mode.

    `dispute_pages` is where that account is shown its disputes.
    """

    secrets: tuple[str, ...]
    live: bool
    dispute_pages: str = ""


class _Data(msgspec.Struct, frozen=True):
    object: dict[str, Any]


class _Event(msgspec.Struct, frozen=True):
    id: str
    type: str
    created: int
    livemode: bool
    data: _Data
    account: str | None = None


class _Reading(msgspec.Struct, frozen=True):
    """What an event says of a payment; `refund` and `dispute` when it speaks of one."""

    number: str
    reference: str
    status: ProviderStatus
    amount: Money
    refund: RefundObject | None = None
    dispute: DisputeReport | None = None


def read_notice(
    headers: Mapping[str, str], body: bytes, *, signatures: Signatures, now: datetime, provider: str
) -> ProviderNotice:
    """Verify and read a webhook: signature and its age, then mode and account, then the fields.

    Raises NoticeRejected. Names in `headers` may be in any case.
    """
    header = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
    if not is_signed(body, header, secrets=signatures.secrets, now=now):
        raise NoticeRejected(NoticeProblem.BAD_SIGNATURE)
    try:
        event = msgspec.json.decode(body, type=_Event)
        if event.livemode is not signatures.live:
            raise NoticeRejected(NoticeProblem.WRONG_APP)
        if event.account is not None:
            # An event of an account connected to ours: somebody else's money.
            raise NoticeRejected(NoticeProblem.WRONG_SELLER)
        return _notice(event, provider, signatures.dispute_pages)
    except (ValueError, RecursionError) as problem:
        raise NoticeRejected(NoticeProblem.MALFORMED, _safe(problem)) from None


def is_signed(body: bytes, header: str, *, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the secrets signed these bytes within the last five minutes: `t=…,v1=…[,v1=…]`."""
    parts = [part.partition("=") for part in header.split(",", _MAX_SIGNATURES)]
    times = [value for name, _, value in parts if name.strip() == "t"]
    given = [value for name, _, value in parts if name.strip() == "v1" and _SIGNATURE.fullmatch(value)]
    if len(times) != 1 or _TIME.fullmatch(times[0]) is None:
        return False
    signed = times[0].encode("ascii") + b"." + body
    genuine = False
    for secret in secrets:
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        for signature in given:
            genuine |= hmac.compare_digest(expected, signature)
    return genuine and abs(now.timestamp() - int(times[0])) <= TOLERANCE_SECONDS


def _notice(event: _Event, provider: str, dispute_pages: str) -> ProviderNotice:
    if _EVENT_ID.fullmatch(event.id) is None:
        raise ValueError("the event's id has the wrong form")
    reading = _read(event, dispute_pages)
    if not (is_number(reading.number) or (reading.dispute is not None and reading.reference)):
        raise ValueError("the event does not name a payment of ours")
    refund = reading.refund
    return ProviderNotice(
        provider=provider,
        notice_id=event.id,
        number=reading.number,
        provider_reference=reading.reference,
        status=reading.status,
        amount=reading.amount,
        occurred_at=instant(event.created),
        app_id="live" if event.livemode else "test",
        seller_id="",
        raw={"type": event.type, "object": str(event.data.object.get("id", ""))},
        refund_number=None if refund is None else refund.metadata.get("refund_number"),
        refund_state=None if refund is None else refund_state_of(refund),
        dispute=reading.dispute,
    )


def _read(event: _Event, dispute_pages: str) -> _Reading:
    family, _, what = event.type.rpartition(".")
    found = event.data.object
    if family == "checkout.session":
        return _session(msgspec.convert(found, Session))
    if family == "payment_intent":
        return _intent(msgspec.convert(found, Intent), found, what=what)
    if family == "refund":
        return _refund(msgspec.convert(found, RefundObject))
    if family == "charge.dispute":
        return _dispute(msgspec.convert(found, Dispute), dispute_pages)
    if event.type in ("charge.refunded", "charge.captured"):
        charge = msgspec.convert(found, Charge)
        kept = charge.captured and not charge.refunded
        status = ProviderStatus.CAPTURED if kept else ProviderStatus.CLOSED
        amount = from_units(charge.amount_captured, charge.currency)
        return _Reading(charge.metadata.get("number", ""), charge.payment_intent or "", status, amount)
    raise ValueError("not an event we asked for")


def _session(session: Session) -> _Reading:
    if session.amount_total is None or session.currency is None:
        raise ValueError("the session has no amount")
    intent = session.payment_intent
    reference = intent.id if isinstance(intent, Intent) else intent or ""
    paid = session.status == "complete" and session.payment_status == "paid" and bool(reference)
    waiting = ProviderStatus.CLOSED if session.status == "expired" else ProviderStatus.WAITING
    return _Reading(
        session.client_reference_id or "",
        reference or session.id,
        ProviderStatus.CAPTURED if paid else waiting,
        from_units(session.amount_total, session.currency),
    )


def _intent(intent: Intent, found: dict[str, Any], *, what: str) -> _Reading:
    metadata = found.get("metadata")
    number = metadata.get("number") if isinstance(metadata, dict) else None
    status = _INTENT_EVENTS.get((what, intent.status), ProviderStatus.WAITING)
    units: object = found.get("amount")
    if status is ProviderStatus.CAPTURED:
        units = intent.amount_received
    elif status is ProviderStatus.AUTHORIZED:
        units = intent.amount_capturable
    if not isinstance(units, int):
        raise ValueError("the intent has no amount")  # noqa: TRY004 - a wrong value from outside
    return _Reading(
        number if isinstance(number, str) else "",
        intent.id,
        status,
        from_units(units, intent.currency),
    )


def _dispute(dispute: Dispute, pages: str) -> _Reading:
    report = dispute_report(dispute, pages=pages)
    # It moves no payment: what it says of money is in its report.
    return _Reading("", dispute.payment_intent or "", ProviderStatus.WAITING, report.amount, dispute=report)


def _refund(refund: RefundObject) -> _Reading:
    # The payment's own amount travels in the refund's metadata; the notice of a refund moves no payment.
    paid = refund.metadata.get("payment_amount", "")
    units = int(paid) if _TIME.fullmatch(paid) else refund.amount
    return _Reading(
        refund.metadata.get("number", ""),
        refund.payment_intent or "",
        ProviderStatus.CAPTURED,
        from_units(units, refund.currency),
        refund,
    )


def _safe(problem: Exception) -> str:
    # A decoder's message may quote what the sender wrote; ours do not.
    return "the event has the wrong form" if isinstance(problem, msgspec.MsgspecError) else str(problem)
