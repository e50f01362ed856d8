"""Give promised money back that no purchase uses: cancel at the provider, then record that it is void.

The purchase is cancelled first, in the transaction in which the wish is recorded, so that nobody ships it meanwhile.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from merx.cashier.ask_in_doubt import apply_state
from merx.cashier.errors import AlreadyPaid
from merx.cashier.withdraw_rows import withdraw_rows
from merx.infra.db import Database, Tx
from merx.orders import lock_purchase
from merx.payments import Payment, PaymentState, claim_to_release, get_payment, lock_payment, record_voided
from merx.payments.providers import ProviderRegistry, ProviderStatus, ProviderUnavailable, answered, in_lanes

AGAIN_AFTER: Final = timedelta(minutes=1)
BATCH: Final = 20


async def cancel_authorized(
    db: Database, providers: ProviderRegistry, *, purchase_id: UUID, staff_id: UUID, now: datetime
) -> None:
    """Staff cancel a purchase whose money is promised and of which nothing was shipped; the promise is given back.

    Raises UnknownPurchase, AlreadyShipped, and AlreadyPaid for a purchase that is not served on a promise.
    """

    async def cancel(tx: Tx) -> list[UUID]:
        purchase = await lock_purchase(tx, purchase_id=purchase_id)
        released = await withdraw_rows(tx, purchase, reason="staff", actor_id=staff_id, now=now)
        if released is None:
            raise AlreadyPaid
        return released

    await release_now(db, providers, await db.write(cancel), now=now)


async def release_now(
    db: Database, providers: ProviderRegistry, payment_ids: list[UUID], *, now: datetime
) -> None:
    """Give promises back at once; where a provider does not answer, the job does it later."""
    for payment_id in payment_ids:
        try:
            await release_payment(db, providers, payment_id=payment_id, now=now)
        except ProviderUnavailable:
            continue


async def release_authorized(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Give back the promises that are wanted no more; returns how many are void now."""
    claimed = await db.write(
        lambda tx: claim_to_release(tx, now=now, asked_before=now - AGAIN_AFTER, limit=BATCH)
    )
    return await in_lanes(
        sorted(claimed),
        lane=lambda each: each[1],
        work=lambda each: answered(release_payment(db, providers, payment_id=each[0], now=now)),
    )


async def release_payment(
    db: Database, providers: ProviderRegistry, *, payment_id: UUID, now: datetime
) -> bool:
    """Give one promise back, outside any transaction. True when it is void now.

    Money that was taken meanwhile is recorded, and goes back like any that no purchase uses. Raises ProviderUnavailable.
    """
    async with db.read() as read:
        payment = await get_payment(read, payment_id)
    if payment.state is not PaymentState.AUTHORIZED or payment.release_at is None:
        return False
    state = await providers.get(payment.provider).close(payment.number)
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
