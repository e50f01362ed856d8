"""Ask the provider about payments in doubt: unknown is not failed, so we ask by our own number until we know."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from merx.checkout.confirm_payment import confirm_payment
from merx.checkout.provider_facts import fact_of_state
from merx.infra.db import Database
from merx.infra.logging import security_event
from merx.payments import AmountMismatch, Payment, claim_in_doubt, get_payment
from merx.payments.providers import ProviderRegistry, ProviderState, ProviderUnavailable

ASK_EVERY: Final = timedelta(minutes=1)
BATCH: Final = 20


async def ask_in_doubt(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Ask about started payments nobody asked about lately; returns how many turned out to be paid."""
    claimed = await db.write(
        lambda tx: claim_in_doubt(tx, now=now, asked_before=now - ASK_EVERY, limit=BATCH)
    )
    paid = 0
    for payment_id, _purchase_id, _provider, _number in claimed:
        try:
            paid += await ask_provider(db, providers, payment_id=payment_id, now=now) is True
        except ProviderUnavailable:
            continue  # asked again after ASK_EVERY
    return paid


async def ask_provider(db: Database, providers: ProviderRegistry, *, payment_id: UUID, now: datetime) -> bool:
    """Ask about one payment, outside any transaction, and apply the answer. True when it is paid.

    Raises ProviderUnavailable.
    """
    async with db.read() as tx:
        payment = await get_payment(tx, payment_id)
    state = await providers.get(payment.provider).query(payment.number)
    return await apply_state(db, payment, state, now=now)


async def apply_state(db: Database, payment: Payment, state: ProviderState, *, now: datetime) -> bool:
    """Apply what the provider says of a payment. True when it says the money is there."""
    fact = fact_of_state(state, now=now)
    if fact is None:
        return False
    try:
        await db.write(
            lambda tx: confirm_payment(
                tx, purchase_id=payment.purchase_id, payment_id=payment.id, fact=fact, now=now
            )
        )
    except AmountMismatch as error:
        security_event(
            "payment_amount_mismatch", provider=payment.provider, number=payment.number, error=str(error)
        )
        return False
    return True
