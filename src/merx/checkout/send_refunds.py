"""Carry out approved refunds at their providers."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from merx.infra.db import Database, Tx
from merx.kit.money import Money
from merx.orders import lock_purchase
from merx.orders import record_refunded as record_order_refunded
from merx.payments import Payment, Refund, claim_refunds, get_payment, record_refunded
from merx.payments.providers import ProviderRefused, ProviderRegistry, ProviderUnavailable

AGAIN_AFTER: Final = timedelta(minutes=1)
BATCH: Final = 20
_LOG = logging.getLogger(__name__)


async def send_refunds(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Submit the refunds that are due, under their own numbers, so that a repeat pays nothing twice.

    The attempt is recorded before the provider is called; what is not answered is asked again. Returns how many
    succeeded.
    """
    claimed = await db.write(lambda tx: claim_refunds(tx, now=now, again_at=now + AGAIN_AFTER, limit=BATCH))
    done = 0
    for refund in claimed:
        async with db.read() as read:
            payment = await get_payment(read, refund.payment_id)
        try:
            paid_back = await providers.get(payment.provider).refund(
                number=payment.number,
                refund_number=refund.number,
                amount=Money(refund.amount, refund.currency),
            )
        except ProviderRefused as error:
            # Nothing was paid back and asking again alone will not change that: somebody has to look.
            _LOG.error("refund %s was refused: %s", refund.number, error.params.get("reason"))
            continue
        except ProviderUnavailable:
            continue
        if paid_back:
            done += await db.write(partial(_settle, payment=payment, refund=refund, now=now))
    return done


async def _settle(tx: Tx, *, payment: Payment, refund: Refund, now: datetime) -> bool:
    await lock_purchase(tx, purchase_id=refund.purchase_id)
    if not await record_refunded(tx, payment=payment, refund=refund, now=now):
        return False
    await record_order_refunded(tx, purchase_id=refund.purchase_id)
    return True
