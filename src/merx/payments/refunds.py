"""Move refunds: asked for, approved, submitted to the provider by `attempts`, and what the provider made of it.

The caller holds the locks of the refund's purchase and payment. Approval reserves the amount on the payment, where the
database refuses more than was captured; only the provider's word books it.
"""

from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.actors import Actor, account_of
from merx.kit.ids import new_id
from merx.kit.money import Money
from merx.ledger import post, refund_transfer, reversed_transfer
from merx.payments.errors import RefundMoved, RefundTooLarge, UnknownRefund
from merx.payments.events import RefundApproved, RefundFailed, RefundSucceeded
from merx.payments.model import Fact, NewRefund, Payment, Refund
from merx.payments.states import REFUND_STATES
from merx.payments.store import refunds as store
from merx.payments.store.payments import insert_fact


async def request_refund(tx: Tx, *, payment: Payment, refund: NewRefund, actor: Actor, now: datetime) -> UUID:
    """Ask for money of a locked payment to go back, and approve it: whoever may ask for it has decided before.

    Raises RefundTooLarge when less than that is left of what was captured and is not disputed.
    """
    left = payment.refundable
    if refund.amount > left:
        raise RefundTooLarge(refundable=f"{Money(left, payment.currency).decimal()} {payment.currency}")
    parts = refund.shipping + sum(line.amount for line in refund.lines)
    assert refund.order_id is None or parts == refund.amount, "the parts of a refund make its amount"
    refund_id = new_id()
    await store.insert_refund(tx, payment, refund, refund_id=refund_id, now=now)
    if refund.lines:
        await store.insert_refund_lines(tx, payment, refund.lines, refund_id=refund_id)
    await approve_refund(tx, refund_id=refund_id, actor=actor, now=now)
    return refund_id


async def approve_refund(tx: Tx, *, refund_id: UUID, actor: Actor, now: datetime) -> None:
    """Approve a requested refund; a job carries it out. Publishes RefundApproved. Raises RefundMoved."""
    approved = await store.approve_refund(
        tx, refund_id, sources=REFUND_STATES.sources("approved"), actor_id=account_of(actor), now=now
    )
    if approved is None:
        raise RefundMoved(state="decided", wanted="approved")
    await publish(
        tx, [RefundApproved.of(approved, actor_id=account_of(actor), reason=approved.reason)], now=now
    )


async def record_refunded(
    tx: Tx, *, payment: Payment, refund: Refund, now: datetime, source: str = "query"
) -> bool:
    """The provider gave the money back: book it, publish RefundSucceeded. False when it was recorded before."""
    if not await store.settle_refund(
        tx, refund.id, to="succeeded", sources=REFUND_STATES.sources("succeeded"), failure=None, now=now
    ):
        return False
    again = f":{refund.reversals}" if refund.reversals else ""
    fact = Fact("refunded", f"{refund.number}{again}", refund.amount, refund.currency, source, now)
    await insert_fact(tx, payment, fact, now=now)
    transfer = refund_transfer(
        refund_id=refund.id, purchase_id=refund.purchase_id, provider=payment.provider,
        currency=refund.currency, amount=refund.amount, leg=f"refund{again}",
    )  # fmt: skip
    await post(tx, [transfer], now=now)
    await publish(tx, [RefundSucceeded.of(refund)], now=now)
    return True


async def record_refund_reversed(
    tx: Tx, *, payment: Payment, refund: Refund, failure: str, now: datetime
) -> int | None:
    """The money came back to the provider after the refund had succeeded: book it back, publish RefundFailed.

    Returns how often this happened to the refund, None when it is not in that state. The amount stays set aside.
    """
    count = await store.reverse_refund(tx, refund.id, failure=failure[:500])
    if count is None:
        return None
    reference = f"{refund.number}:{count}"
    fact = Fact("refund_failed", reference, refund.amount, refund.currency, "query", now)
    await insert_fact(tx, payment, fact, now=now)
    booked = refund_transfer(
        refund_id=refund.id, purchase_id=refund.purchase_id, provider=payment.provider,
        currency=refund.currency, amount=refund.amount,
    )  # fmt: skip
    await post(tx, [reversed_transfer(booked, leg=f"refund_failed:{count}")], now=now)
    await publish(tx, [RefundFailed.of(refund)], now=now)
    return count


async def record_refund_failed(tx: Tx, *, refund: Refund, failure: str, actor: Actor, now: datetime) -> bool:
    """The provider refused for good: the amount stays set aside until somebody tries again. Publishes RefundFailed.

    A refund that succeeded stays so: only the provider's own account of it says otherwise (record_refund_reversed).
    """
    sources = [state for state in REFUND_STATES.sources("failed") if state != "succeeded"]
    if not await store.settle_refund(tx, refund.id, to="failed", sources=sources, failure=failure, now=now):
        return False
    await publish(tx, [RefundFailed.of(refund, actor_id=account_of(actor))], now=now)
    return True


async def retry_refund(tx: Tx, *, refund_id: UUID, now: datetime) -> None:
    """Make a failed refund due again: a new attempt under the same number. Raises UnknownRefund, RefundMoved."""
    if await store.make_due(tx, refund_id, now=now):
        return
    refund = await store.find_refund(tx, refund_id)
    if refund is None:
        raise UnknownRefund
    raise RefundMoved(state=refund.state, wanted="submitted")
