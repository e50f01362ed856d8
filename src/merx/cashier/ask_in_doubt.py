"""Ask the provider about payments in doubt: unknown is not failed, so we ask by our own number until we know."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from merx.cashier.apply_fact import apply_fact
from merx.cashier.provider_facts import fact_of_state
from merx.infra.db import Database, Tx
from merx.infra.logging import security_event
from merx.orders import OrderState, lock_purchase
from merx.payments import (
    AmountMismatch,
    Payment,
    ReferenceTaken,
    claim_in_doubt,
    get_payment,
    payments_of,
    record_closed,
)
from merx.payments.providers import (
    Closable,
    ProviderRegistry,
    ProviderState,
    ProviderStatus,
    Queryable,
    answered,
    in_lanes,
)

ASK_EVERY: Final = timedelta(minutes=1)
ASK_AT_LEAST_EVERY: Final = timedelta(minutes=10)
LINK_GRACE: Final = timedelta(minutes=5)
"""How long past its deadline a link to a provider whose clock is behind may still be opened."""
BATCH: Final = 200
MOST: Final = 2000


async def ask_in_doubt(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Ask about started payments nobody asked about lately; returns how many turned out to be paid.

    Each is asked about a minute after it began and then every minute; the longer it takes, the more seldom.
    """
    claimed: list[tuple[UUID, UUID, str, str]] = []
    while len(claimed) < MOST:
        page = await db.write(
            lambda tx: claim_in_doubt(tx, now=now, often=ASK_EVERY, seldom=ASK_AT_LEAST_EVERY, limit=BATCH)
        )
        claimed += page
        if len(page) < BATCH:
            break
    return await in_lanes(
        sorted(claimed),  # the oldest first
        lane=lambda each: each[2],
        work=lambda each: answered(_resolve(db, providers, payment_id=each[0], purchase_id=each[1], now=now)),
    )


async def _resolve(
    db: Database, providers: ProviderRegistry, *, payment_id: UUID, purchase_id: UUID, now: datetime
) -> bool:
    """Ask about a payment that is waited for; close one that no longer is, until its provider says it is closed.

    Nobody waits for the payment of a purchase that is paid or cancelled, or that is to be paid another way.
    """
    purchase = await db.write(lambda tx: lock_purchase(tx, purchase_id=purchase_id))
    async with db.read() as read:
        payments = await payments_of(read, [purchase_id])
    payment = next(each for each in payments if each.id == payment_id)
    if purchase.state == OrderState.PENDING_PAYMENT and payment is payments[-1]:
        return await ask_provider(db, providers, payment_id=payment_id, now=now)
    provider = providers.get(payment.provider)
    if not provider.can(Closable):  # our own word closes it
        await db.write(lambda tx: _give_up(tx, payment))
        return False
    state = await provider.close(payment.number)
    if await apply_state(db, payment, state, now=now):
        return True
    unopened = state.status is ProviderStatus.UNKNOWN and now >= payment.expires_at + LINK_GRACE
    if unopened or state.status is ProviderStatus.CLOSED:
        await db.write(lambda tx: _give_up(tx, payment))
    return False


async def _give_up(tx: Tx, payment: Payment) -> None:
    await lock_purchase(tx, purchase_id=payment.purchase_id)
    await record_closed(tx, payment=payment)


async def ask_provider(db: Database, providers: ProviderRegistry, *, payment_id: UUID, now: datetime) -> bool:
    """Ask about one payment, outside any transaction, and apply the answer. True when it is paid.

    Raises ProviderUnavailable.
    """
    async with db.read() as tx:
        payment = await get_payment(tx, payment_id)
    provider = providers.get(payment.provider)
    if not provider.can(Queryable):
        return False  # people say when its money is there
    state = await provider.query(payment.number)
    return await apply_state(db, payment, state, now=now)


async def apply_state(db: Database, payment: Payment, state: ProviderState, *, now: datetime) -> bool:
    """Apply what the provider says of a payment. True when it says the money is there, or authorized."""
    fact = fact_of_state(state, now=now)
    if fact is None:
        return False
    try:
        await db.write(
            lambda tx: apply_fact(
                tx, purchase_id=payment.purchase_id, payment_id=payment.id, fact=fact, now=now
            )
        )
    except (AmountMismatch, ReferenceTaken) as error:
        security_event(
            "payment_answer_contradicts", provider=payment.provider, number=payment.number, error=str(error)
        )
        return False
    return True
