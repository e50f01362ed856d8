"""Notices that money goes back the other way: a dispute took it, or a refund came back to the provider."""

from datetime import datetime

from merx.infra.db import Database, Tx
from merx.infra.logging import security_event
from merx.orders import lock_purchase, purchase_shares
from merx.payments import (
    AmountMismatch,
    Payment,
    bear_loss,
    doubt_refund,
    find_by_number,
    find_by_reference,
    lock_payment,
    notice_applied,
    record_dispute,
    store_notice,
)
from merx.payments.providers import (
    DisputeReport,
    DisputeState,
    NoticeAnswer,
    NoticeProvider,
    ProviderNotice,
    RefundState,
)


def is_reversal(notice: ProviderNotice) -> bool:
    """Whether a notice tells of a dispute, or of a refund that failed."""
    return notice.dispute is not None or notice.refund_state is RefundState.FAILED


async def receive_reversal(
    db: Database, provider: NoticeProvider, notice: ProviderNotice, *, body: bytes, now: datetime
) -> NoticeAnswer:
    """Keep a verified notice that is_reversal, apply it once, and answer the provider.

    One about a payment we do not know, or do not know to be captured yet, is refused, so that it comes again; so is one
    in another currency.
    """
    try:
        outcome = await db.write(lambda tx: _apply(tx, notice, body=body, now=now))
    except AmountMismatch as error:
        security_event(
            "payment_notice_contradicts",
            provider=provider.code,
            number=notice.provider_reference,
            error=str(error)[:200],
        )
        return provider.refusal
    if outcome is None:
        security_event("payment_notice_unknown_number", provider=provider.code, number=notice.number)
        return provider.refusal
    return provider.acknowledgement


async def _apply(tx: Tx, notice: ProviderNotice, *, body: bytes, now: datetime) -> str | None:
    payment = await _payment_of(tx, notice)
    if payment is None:
        return None
    await lock_purchase(tx, purchase_id=payment.purchase_id)
    applied, outcome = await store_notice(
        tx, provider=notice.provider, notice_id=notice.notice_id, number=payment.number, body=body, now=now
    )
    if applied:
        return outcome
    if notice.dispute is not None:
        outcome = await apply_dispute(tx, payment=payment, report=notice.dispute, now=now)
    else:
        # A notice may be older than a new try that succeeded: what became of the refund is asked for.
        await doubt_refund(tx, payment_id=payment.id, number=notice.refund_number or "", now=now)
        outcome = "refund_failed"
    await notice_applied(tx, provider=notice.provider, notice_id=notice.notice_id, outcome=outcome, now=now)
    return outcome


async def _payment_of(tx: Tx, notice: ProviderNotice) -> Payment | None:
    if notice.number:
        return await find_by_number(tx, number=notice.number, provider=notice.provider)
    return await find_by_reference(tx, reference=notice.provider_reference, provider=notice.provider)


async def apply_dispute(tx: Tx, *, payment: Payment, report: DisputeReport, now: datetime) -> str:
    """Record a dispute of a captured payment and, when it is lost, the loss of the sellers; say its state.

    Raises AmountMismatch when it is in another currency than the payment.
    """
    if report.amount.currency != payment.currency:
        raise AmountMismatch(reported=report.amount.currency, expected=payment.currency)
    await lock_purchase(tx, purchase_id=payment.purchase_id)
    locked = await lock_payment(tx, payment.id)
    dispute = await record_dispute(tx, payment=locked, report=report, now=now)
    if dispute.state == DisputeState.LOST.value:
        sellers = await purchase_shares(tx, purchase_id=payment.purchase_id)
        await bear_loss(tx, dispute=dispute, sellers=sellers, now=now)
    return f"dispute_{dispute.state}"
