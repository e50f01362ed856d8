"""Refunds that people pay back: nobody can be asked, so staff say that the money is back, or that it cannot be."""

from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.actors import Staff
from merx.kit.i18n import clean_text
from merx.orders import lock_purchase
from merx.payments import (
    Payment,
    Refund,
    RefundConfirmed,
    RefundMoved,
    UnknownRefund,
    can_give_up,
    can_pay_back,
    find_refund,
    finish_attempt,
    get_payment,
    lock_payment,
    record_refund_failed,
)
from merx.payments.providers import ConfirmedByHand, ProviderRegistry
from merx.refunds.send_refunds import settle_refund

REFERENCE_LIMIT = 64
REASON_LIMIT = 200


async def settle_offline_refund(
    tx: Tx, providers: ProviderRegistry, *, refund_id: UUID, reference: str, actor: Staff, now: datetime
) -> None:
    """Staff have paid a refund back; `reference` is the bank's number of it. Again changes nothing.

    Raises UnknownRefund, RefundMoved, TextRefused.
    """
    reference = clean_text("reference", reference, limit=REFERENCE_LIMIT)
    payment, refund = await _offline(tx, providers, refund_id)
    if refund.state == "succeeded":
        return
    if not can_pay_back(refund):
        raise RefundMoved(state=refund.state, wanted="succeeded")
    await finish_attempt(tx, refund=refund, outcome="succeeded", detail=reference, now=now)
    await settle_refund(tx, payment=payment, refund=refund, source="staff", now=now)
    event = RefundConfirmed(refund.purchase_id, refund.id, reference, actor_id=actor.account_id)
    await publish(tx, [event], now=now)


async def fail_offline_refund(
    tx: Tx, providers: ProviderRegistry, *, refund_id: UUID, reason: str, actor: Staff, now: datetime
) -> None:
    """Staff cannot pay a refund back, and say why; it may be tried again. Again changes nothing.

    Raises UnknownRefund, RefundMoved, TextRefused.
    """
    reason = clean_text("reason", reason, limit=REASON_LIMIT)
    _, refund = await _offline(tx, providers, refund_id)
    if refund.state == "failed":
        return
    if not can_give_up(refund):
        raise RefundMoved(state=refund.state, wanted="failed")
    await finish_attempt(tx, refund=refund, outcome="refused", detail=reason, now=now)
    await record_refund_failed(tx, refund=refund, failure=reason, actor=actor, now=now)


async def _offline(tx: Tx, providers: ProviderRegistry, refund_id: UUID) -> tuple[Payment, Refund]:
    """Lock a refund of an offline method by its purchase and payment. Raises UnknownRefund."""
    found = await find_refund(tx, refund_id)
    if found is None:
        raise UnknownRefund
    payment = await get_payment(tx, found.payment_id)
    if payment.provider not in providers.codes(ConfirmedByHand):
        raise UnknownRefund
    await lock_purchase(tx, purchase_id=found.purchase_id)
    await lock_payment(tx, payment.id)
    refund = await find_refund(tx, refund_id)
    assert refund is not None
    return payment, refund
