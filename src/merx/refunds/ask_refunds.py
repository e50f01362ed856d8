"""Ask about refunds that are said to have failed: a payer's bank may send money back days after it was paid."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from merx.infra.db import Database, Tx
from merx.kit.money import Money
from merx.ledger import post, return_transfers, reversed_transfer
from merx.orders import lock_purchase, record_taken_again
from merx.orders import record_not_refunded as record_order_not_refunded
from merx.payments import (
    Payment,
    Refund,
    believe_refund,
    claim_doubted,
    get_payment,
    lock_payment,
    record_refund_reversed,
    refund_lines_of,
    refunds_of,
)
from merx.payments.providers import ProviderRegistry, ProviderUnavailable, RefundState

AGAIN_AFTER: Final = timedelta(minutes=1)
BATCH: Final = 20
_LOG = logging.getLogger(__name__)


async def ask_refunds(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Ask about doubted refunds until the provider's account and ours agree; returns how many had come back."""
    claimed = await db.write(lambda tx: claim_doubted(tx, now=now, again_at=now + AGAIN_AFTER, limit=BATCH))
    reversed_ = 0
    for refund in claimed:
        async with db.read() as read:
            payment = await get_payment(read, refund.payment_id)
        try:
            state = await providers.get(payment.provider).refund_state(
                number=payment.number,
                refund_number=refund.number,
                amount=Money(refund.amount, refund.currency),
            )
        except ProviderUnavailable:
            continue  # asked again after AGAIN_AFTER
        reversed_ += await db.write(partial(_apply, payment=payment, claimed=refund, state=state, now=now))
    return reversed_


async def _apply(tx: Tx, *, payment: Payment, claimed: Refund, state: RefundState, now: datetime) -> bool:
    """Compare the provider's account of a refund with ours; True when the money had come back."""
    await lock_purchase(tx, purchase_id=payment.purchase_id)
    await lock_payment(tx, payment.id)
    refund = next(each for each in await refunds_of(tx, payment.purchase_id) if each.id == claimed.id)
    if state is RefundState.FAILED and refund.state == "succeeded":
        return await reverse_refund(tx, payment=payment, refund=refund, failure="it came back", now=now)
    # While our own attempt is not decided, its answer may still say what this notice is about to contradict.
    decided = ["failed"] if state is RefundState.PROCESSING else ["failed", "succeeded"]
    await believe_refund(tx, refund.id, states=decided)
    return False


async def reverse_refund(tx: Tx, *, payment: Payment, refund: Refund, failure: str, now: datetime) -> bool:
    """A refund that succeeded has failed after all: book it back, and the part of the sale it took. False when known.

    The purchase and the payment are locked. The amount stays set aside for another try.
    """
    count = await record_refund_reversed(tx, payment=payment, refund=refund, failure=failure, now=now)
    if count is None:
        return False
    _LOG.error("refund %s came back after it had succeeded", refund.number)
    if refund.order_id is None:
        others = [each for each in await refunds_of(tx, refund.purchase_id) if each.state == "succeeded"]
        if not others:
            await record_order_not_refunded(tx, purchase_id=refund.purchase_id)
        return True
    lines = await refund_lines_of(tx, refund.id)
    order = await record_taken_again(tx, order_id=refund.order_id, amount=refund.amount)
    given = return_transfers(
        refund_id=refund.id, purchase_id=refund.purchase_id, seller_id=order.seller_id, currency=refund.currency,
        goods=sum(line.amount + line.funded for line in lines), goods_tax=sum(line.tax for line in lines),
        shipping=refund.shipping + refund.shipping_funded, shipping_tax=refund.shipping_tax,
        funded=sum(line.funded for line in lines) + refund.shipping_funded, leg=f"unreturn:{count}",
    )  # fmt: skip
    await post(tx, [reversed_transfer(each, leg=each.leg) for each in given], now=now)
    return True
