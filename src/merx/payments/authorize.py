"""Record authorized money: a bank's authorization, or the word of who pays at the door. The ledger has nothing of it.

The caller holds the lock of the payment's purchase.
"""

from datetime import datetime

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.payments.events import CaptureFailed, PaymentAuthorized, PaymentVoided
from merx.payments.model import Fact, Payment
from merx.payments.record import check_amount
from merx.payments.states import PAYMENT_STATES
from merx.payments.store import authorizations as store
from merx.payments.store.payments import insert_fact


async def record_authorized(tx: Tx, *, payment: Payment, fact: Fact, now: datetime) -> bool:
    """Record that the payment's money is authorized; publish PaymentAuthorized.

    Returns False, and changes nothing, when this or more was recorded before. Raises AmountMismatch.
    """
    check_amount(payment, fact)
    sources = PAYMENT_STATES.sources("authorized")
    if not await store.authorize(tx, payment.id, at=fact.occurred_at, sources=sources):
        return False
    await insert_fact(tx, payment, fact, now=now)
    await publish(tx, [PaymentAuthorized.of(payment)], now=now)
    return True


async def record_voided(tx: Tx, *, payment: Payment, source: str, now: datetime) -> bool:
    """Record that an authorization is void; publish PaymentVoided. False when it was before, or the money was captured."""
    if not await store.void(tx, payment.id, sources=PAYMENT_STATES.sources("voided")):
        return False
    fact = Fact("voided", payment.number, payment.amount, payment.currency, source, now)
    await insert_fact(tx, payment, fact, now=now)
    await publish(tx, [PaymentVoided.of(payment)], now=now)
    return True


async def record_capture_failed(tx: Tx, *, payment: Payment, failure: str, now: datetime) -> bool:
    """Authorized money that its provider will not hand over any more is left to staff; publish CaptureFailed.

    The order is not touched. False when it was known.
    """
    if not await store.capture_failed(tx, payment.id, failure=failure):
        return False
    await publish(tx, [CaptureFailed.of(payment, reason=failure)], now=now)
    return True
