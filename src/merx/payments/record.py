"""Move payments: the one place where a payment changes. Notice, query, return page and jobs all come here.

The caller holds the lock of the payment's purchase.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.money import Money
from merx.ledger import Transfer, capture_transfer, post
from merx.payments.errors import AmountMismatch, ReferenceTaken
from merx.payments.events import PaymentCaptured
from merx.payments.model import Fact, NewPayment, Payment
from merx.payments.states import PAYMENT_STATES
from merx.payments.store import payments as store


async def open_payments(tx: Tx, *, payments: Sequence[NewPayment], now: datetime) -> None:
    """Write attempts that wait to be started, in one statement."""
    if payments:
        await store.insert_payments(tx, payments, now=now)


async def record_started(tx: Tx, *, payment: Payment, now: datetime) -> bool:
    """The payer is being sent to the provider. False when the attempt is already over.

    Written before the provider hears of it: from now on the attempt is in doubt until the provider says otherwise.
    """
    if payment.state == "action_required":
        return True
    return await store.advance(tx, payment.id, to="action_required", sources=["created"], started_at=now)


def agrees(payment: Payment, fact: Fact) -> bool:
    """Whether the provider speaks of the amount and currency we asked for."""
    return (fact.amount, fact.currency) == (payment.amount, payment.currency)


def check_amount(payment: Payment, fact: Fact) -> None:
    """What was reported must be what was asked for. Raises AmountMismatch."""
    if not agrees(payment, fact):
        reported, expected = Money(fact.amount, fact.currency), Money(payment.amount, payment.currency)
        raise AmountMismatch(
            reported=f"{reported.decimal()} {reported.currency}",
            expected=f"{expected.decimal()} {expected.currency}",
        )


async def record_captured(tx: Tx, *, payment: Payment, fact: Fact, now: datetime) -> bool:
    """Record that the provider holds the payment's money, book it, publish PaymentCaptured.

    Returns False, and changes nothing, when this was recorded before. Raises AmountMismatch when amount or currency
    are not the payment's, ReferenceTaken when the provider's number of this money paid something else before.
    """
    return bool(await record_all_captured(tx, captures=[(payment, fact)], now=now))


async def record_all_captured(
    tx: Tx, *, captures: Sequence[tuple[Payment, Fact]], now: datetime
) -> list[Payment]:
    """`record_captured` of any number of payments, in as many statements as of one; returns those it moved.

    Raises AmountMismatch, ReferenceTaken when one of them does.
    """
    for payment, fact in captures:
        check_amount(payment, fact)
    try:
        moved = await store.capture(tx, captures, sources=PAYMENT_STATES.sources("captured"), now=now)
    except asyncpg.UniqueViolationError as error:
        raise ReferenceTaken(reference=", ".join(fact.reference for _, fact in captures)) from error
    news = [(payment, fact) for payment, fact in captures if payment.id in moved]
    await post(tx, [_capture(payment) for payment, _ in news], now=now)
    await publish(tx, [PaymentCaptured.of(payment, source=fact.source) for payment, fact in news], now=now)
    return [payment for payment, _ in news]


def _capture(payment: Payment) -> Transfer:
    return capture_transfer(
        payment_id=payment.id, purchase_id=payment.purchase_id, provider=payment.provider,
        currency=payment.currency, amount=payment.amount,
    )  # fmt: skip


async def expire_payments(tx: Tx, *, purchase_ids: Sequence[UUID], closed: Sequence[UUID]) -> None:
    """Give up on the purchases' attempts that take no money any more: the unstarted and the `closed` ones.

    One that was started and of which its provider has not said that it is closed stays in doubt, and is asked about.
    """
    await store.expire_open(tx, purchase_ids, closed=closed, sources=PAYMENT_STATES.sources("expired"))


async def record_closed(tx: Tx, *, payment: Payment) -> bool:
    """Give up on one started attempt: its provider says that it takes no money any more. False when it is over."""
    return await store.advance(tx, payment.id, to="expired", sources=PAYMENT_STATES.sources("expired"))
