"""Void authorizations that no purchase uses: cancel at the provider, then record that it is void.

The purchase is cancelled first, in the transaction in which the wish is recorded, so that nobody ships it meanwhile.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from merx.cashier.ask_in_doubt import apply_state
from merx.cashier.cancel_authorized import cancel_unshipped
from merx.cashier.errors import AlreadyPaid
from merx.infra.db import Database, Tx
from merx.kit.actors import Staff
from merx.orders import lock_purchase
from merx.payments import Payment, PaymentState, claim_to_void, get_payment, lock_payment, record_voided
from merx.payments.providers import (
    Closable,
    ProviderRegistry,
    ProviderStatus,
    ProviderUnavailable,
    answered,
    in_lanes,
)

AGAIN_AFTER: Final = timedelta(minutes=1)
BATCH: Final = 20


async def cancel_authorized(
    db: Database, providers: ProviderRegistry, *, purchase_id: UUID, actor: Staff, now: datetime
) -> None:
    """Staff cancel a purchase whose money is authorized and of which nothing was shipped; its payment is voided.

    Raises UnknownPurchase, AlreadyShipped, and AlreadyPaid for a purchase that is not served on an authorization.
    """

    async def cancel(tx: Tx) -> list[UUID]:
        purchase = await lock_purchase(tx, purchase_id=purchase_id)
        unwanted = await cancel_unshipped(tx, purchase, reason="staff", actor=actor, now=now)
        if unwanted is None:
            raise AlreadyPaid
        return unwanted

    await void_now(db, providers, await db.write(cancel), now=now)


async def void_now(
    db: Database, providers: ProviderRegistry, payment_ids: list[UUID], *, now: datetime
) -> None:
    """Void payments at once; where a provider does not answer, the job does it later."""
    for payment_id in payment_ids:
        try:
            await void_payment(db, providers, payment_id=payment_id, now=now)
        except ProviderUnavailable:
            continue


async def void_authorized(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Void the authorizations that are wanted no more; returns how many are void now."""
    claimed = await db.write(
        lambda tx: claim_to_void(tx, now=now, asked_before=now - AGAIN_AFTER, limit=BATCH)
    )
    return await in_lanes(
        sorted(claimed),
        lane=lambda each: each[1],
        work=lambda each: answered(void_payment(db, providers, payment_id=each[0], now=now)),
    )


async def void_payment(db: Database, providers: ProviderRegistry, *, payment_id: UUID, now: datetime) -> bool:
    """Void one authorization, outside any transaction. True when it is void now.

    Money that was taken meanwhile is recorded, and goes back like any that no purchase uses. Raises ProviderUnavailable.
    """
    async with db.read() as read:
        payment = await get_payment(read, payment_id)
    if payment.state is not PaymentState.AUTHORIZED or payment.void_wanted_at is None:
        return False
    provider = providers.get(payment.provider)
    if not provider.can(Closable):  # the buyer's word at the door: ours ends it
        return await db.write(partial(_void, payment=payment, now=now))
    state = await provider.close(payment.number)
    if state.status is ProviderStatus.CAPTURED:
        await apply_state(db, payment, state, now=now)
        return False
    if state.status is not ProviderStatus.CLOSED:
        return False
    return await db.write(partial(_void, payment=payment, now=now))


async def _void(tx: Tx, *, payment: Payment, now: datetime) -> bool:
    await lock_purchase(tx, purchase_id=payment.purchase_id)
    locked = await lock_payment(tx, payment.id)
    return await record_voided(tx, payment=locked, source="query", now=now)
