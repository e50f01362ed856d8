"""Receive a provider's notice: verify, keep, apply once, answer in the provider's words."""

from datetime import datetime

from merx.checkout.confirm_payment import confirm_payment
from merx.checkout.provider_facts import fact_of_notice
from merx.infra.db import Database, Tx
from merx.infra.logging import security_event
from merx.payments import (
    AmountMismatch,
    Payment,
    ReferenceTaken,
    find_by_number,
    notice_applied,
    store_notice,
)
from merx.payments.providers import NoticeAnswer, NoticeRejected, PaymentProvider, ProviderNotice


async def receive_notice(
    db: Database, provider: PaymentProvider, *, headers: dict[str, str], body: bytes, now: datetime
) -> NoticeAnswer:
    """Answer with what the provider must receive: its acknowledgement once the notice is kept and dealt with.

    A notice that is forged, for another merchant, for an unknown number or for another amount changes nothing, is
    written to the security log, and is refused. Otherwise it is stored under its id and applied in one transaction, so
    that a duplicate finds it done. Raises NoticeRejected.
    """
    try:
        notice = provider.parse_notice(headers, body)
    except NoticeRejected as error:
        security_event(
            "payment_notice_rejected", provider=provider.code, reason=error.reason.value, detail=error.detail
        )
        raise
    try:
        outcome = await db.write(lambda tx: _apply(tx, notice, body=body, now=now))
    except (AmountMismatch, ReferenceTaken) as error:
        security_event(
            "payment_notice_contradicts", provider=provider.code, number=notice.number, error=str(error)[:200]
        )
        return provider.refusal
    if outcome is None:
        security_event("payment_notice_unknown_number", provider=provider.code, number=notice.number)
        return provider.refusal
    return provider.acknowledgement


async def _apply(tx: Tx, notice: ProviderNotice, *, body: bytes, now: datetime) -> str | None:
    payment = await find_by_number(tx, number=notice.number, provider=notice.provider)
    if payment is None:
        return None
    applied, outcome = await store_notice(
        tx, provider=notice.provider, notice_id=notice.notice_id, number=notice.number, body=body, now=now
    )
    if applied:
        return outcome
    outcome = await _confirm(tx, notice, payment, now=now)
    await notice_applied(tx, provider=notice.provider, notice_id=notice.notice_id, outcome=outcome, now=now)
    return outcome


async def _confirm(tx: Tx, notice: ProviderNotice, payment: Payment, *, now: datetime) -> str:
    if notice.refund_state is not None:
        return (
            f"refund_{notice.refund_state.value}"  # a refund's truth is asked for, its notice moves nothing
        )
    fact = fact_of_notice(notice)
    if fact is None:
        return f"ignored_{notice.status.value}"  # waiting and closed move no money: the deadline decides
    return await confirm_payment(
        tx, purchase_id=payment.purchase_id, payment_id=payment.id, fact=fact, now=now
    )
