"""Carry out approved refunds at their providers."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from merx.infra.db import Database, Tx
from merx.kit.actors import System
from merx.kit.money import Money
from merx.ledger import post, return_transfers
from merx.orders import Purchase, adjustments_of, lock_purchase, orders_of_purchase, record_given_back
from merx.orders import record_refunded as record_order_refunded
from merx.payments import (
    Payment,
    Refund,
    claim_refunds,
    finish_attempt,
    leave_to_staff,
    payments_of,
    record_refund_failed,
    record_refunded,
    refund_lines_of,
)
from merx.payments.providers import (
    ProviderRefused,
    ProviderRegistry,
    ProviderUnavailable,
    Refunding,
    RefundState,
    in_lanes,
)
from merx.promotions import give_uses_back

AGAIN_AFTER: Final = timedelta(minutes=1)
AGAIN_AT_LAST_AFTER: Final = timedelta(hours=1)
BATCH: Final = 50
_SENDING: Final = System("send_refunds")
_LOG = logging.getLogger(__name__)


async def send_refunds(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Submit the refunds that are due, under their own numbers, so that a repeat pays nothing twice.

    Each attempt is recorded before the provider is called; what is not answered is asked for first, then sent again,
    after a pause that doubles. What the provider refuses for good has failed until somebody tries again; what people
    pay back waits for their word. Returns how many succeeded.
    """
    done, more = 0, True
    while more:
        claimed = await db.write(_claim_due(now))
        async with db.read() as read:
            payments = await payments_of(read, list({refund.purchase_id for refund in claimed}))
        done += await _send_all(db, providers, {each.id: each for each in payments}, claimed, now=now)
        more = len(claimed) == BATCH
    return done


def _claim_due(now: datetime) -> Callable[[Tx], Awaitable[list[Refund]]]:
    return partial(
        claim_refunds, now=now, first_pause=AGAIN_AFTER, longest_pause=AGAIN_AT_LAST_AFTER, limit=BATCH
    )


async def _send_all(
    db: Database,
    providers: ProviderRegistry,
    payments: Mapping[UUID, Payment],
    refunds: Sequence[Refund],
    *,
    now: datetime,
) -> int:
    return await in_lanes(
        refunds,
        lane=lambda each: payments[each.payment_id].provider,
        work=lambda each: _send(db, providers, payments[each.payment_id], each, now=now),
    )


async def _send(
    db: Database, providers: ProviderRegistry, payment: Payment, refund: Refund, *, now: datetime
) -> bool:
    """Make one attempt; True when the money is back now."""
    provider = providers.get(payment.provider)
    if not provider.can(Refunding):
        await db.write(partial(leave_to_staff, refund_id=refund.id))
        return False
    detail = ""
    try:
        state = await _pay_back(provider, payment, refund)
    except ProviderRefused as error:
        state, detail = RefundState.FAILED, str(error.params.get("reason"))
    except ProviderUnavailable as error:
        state, detail = RefundState.UNKNOWN, str(error.params.get("reason"))
    return await db.write(
        partial(_record, payment=payment, refund=refund, state=state, detail=detail, now=now)
    )


async def _pay_back(provider: Refunding, payment: Payment, refund: Refund) -> RefundState:
    """Have the provider pay back, unless an earlier attempt of ours did, or is at it."""
    amount = Money(refund.amount, refund.currency)
    if refund.attempts > 1:
        state = await provider.refund_state(number=payment.number, refund_number=refund.number, amount=amount)
        if state in (RefundState.SUCCEEDED, RefundState.PROCESSING):
            return state
        if state is RefundState.FAILED and refund.failure is None:
            raise ProviderRefused(provider=provider.code, reason="the provider gave the refund up")
    paid_back = await provider.refund(number=payment.number, refund_number=refund.number, amount=amount)
    return RefundState.SUCCEEDED if paid_back else RefundState.PROCESSING


async def _record(
    tx: Tx, *, payment: Payment, refund: Refund, state: RefundState, detail: str, now: datetime
) -> bool:
    """Write what came of an attempt; True when the money is back now."""
    if state is RefundState.SUCCEEDED:
        await finish_attempt(tx, refund=refund, outcome="succeeded", now=now)
        return await settle_refund(tx, payment=payment, refund=refund, now=now)
    if state is RefundState.FAILED:
        _LOG.error("refund %s was refused: %s", refund.number, detail)
        await finish_attempt(tx, refund=refund, outcome="refused", detail=detail, now=now)
        await record_refund_failed(tx, refund=refund, failure=detail or "refused", actor=_SENDING, now=now)
        return False
    outcome = "processing" if state is RefundState.PROCESSING else "unknown"
    await finish_attempt(tx, refund=refund, outcome=outcome, detail=detail, now=now)
    return False


async def settle_refund(
    tx: Tx, *, payment: Payment, refund: Refund, now: datetime, source: str = "query"
) -> bool:
    """The provider says the money is back: book it, and the part of the sale it takes back. False when it was known.

    Whoever learns of it calls this: the sender of refunds, a notice, the reconciliation with a bill.
    """
    purchase = await lock_purchase(tx, purchase_id=refund.purchase_id)
    if not await record_refunded(tx, payment=payment, refund=refund, now=now, source=source):
        return False
    if refund.order_id is None:
        await record_order_refunded(tx, purchase_id=refund.purchase_id)
        return True
    lines = await refund_lines_of(tx, refund.id)
    order = await record_given_back(tx, order_id=refund.order_id, amount=refund.amount, now=now)
    transfers = return_transfers(
        refund_id=refund.id, purchase_id=refund.purchase_id, seller_id=order.seller_id, currency=refund.currency,
        goods=sum(line.amount + line.funded for line in lines), goods_tax=sum(line.tax for line in lines),
        shipping=refund.shipping + refund.shipping_funded, shipping_tax=refund.shipping_tax,
        funded=sum(line.funded for line in lines) + refund.shipping_funded,
        leg=f"return:{refund.reversals}" if refund.reversals else "return",
    )  # fmt: skip
    await post(tx, transfers, now=now)
    if order.last:
        await _give_uses_back(tx, purchase, now=now)
    return True


async def _give_uses_back(tx: Tx, purchase: Purchase, *, now: datetime) -> None:
    """All money of a purchase went back: the promotions it had may be used again, as far as they allow it."""
    if not purchase.adjusted:
        return
    orders = await orders_of_purchase(tx, purchase_id=purchase.id)
    adjusted = await adjustments_of(tx, order_ids=[order.id for order in orders])
    causes = {each.cause_id for mine in adjusted.values() for each in mine}
    await give_uses_back(
        tx, purchase_id=purchase.id, promotion_ids=causes, account_id=purchase.account_id, now=now
    )
