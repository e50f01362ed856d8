"""Capture authorized money: when the first parcel of its purchase has left, or when staff ask for it.

The wish is recorded, then the provider is called outside any transaction, then its answer; an outcome that is unknown is
asked for again by the same number, which takes nothing twice.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from merx.cashier.ask_in_doubt import apply_state
from merx.cashier.store import claim_to_capture
from merx.infra.db import Database, Tx
from merx.kit.money import Money
from merx.orders import lock_purchase
from merx.payments import (
    Payment,
    PaymentMoved,
    PaymentState,
    get_payment,
    record_capture_failed,
    want_capture,
)
from merx.payments.providers import (
    CapturingProvider,
    ProviderRefused,
    ProviderRegistry,
    ProviderStatus,
    answered,
    in_lanes,
)

AGAIN_AFTER: Final = timedelta(minutes=1)
BATCH: Final = 20


async def capture_authorized(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Capture the authorized money of purchases of which something was shipped; returns how many payments were captured."""
    codes = providers.codes(CapturingProvider)
    if not codes:
        return 0
    claimed = await db.write(
        lambda tx: claim_to_capture(tx, providers=codes, now=now, asked_before=now - AGAIN_AFTER, limit=BATCH)
    )
    return await in_lanes(
        sorted(claimed),
        lane=lambda each: each[1],
        work=lambda each: answered(_take(db, providers, payment_id=each[0], now=now)),
    )


async def capture_payment(
    db: Database, providers: ProviderRegistry, *, payment_id: UUID, now: datetime
) -> bool:
    """Capture authorized money now, shipped or not; also after it had failed. True when it is there, False when it failed.

    Raises PaymentMoved when there is no such authorization, or no provider keeps it; ProviderUnavailable when
    the outcome is unknown: a job asks until it is known.
    """

    async def ask(tx: Tx) -> None:
        payment = await get_payment(tx, payment_id)
        await lock_purchase(tx, purchase_id=payment.purchase_id)
        capturing = providers.get(payment.provider).can(CapturingProvider)
        if not capturing or not await want_capture(tx, payment_id=payment_id, now=now):
            raise PaymentMoved(state=(await get_payment(tx, payment_id)).state.value)

    await db.write(ask)
    return await _take(db, providers, payment_id=payment_id, now=now)


async def _take(db: Database, providers: ProviderRegistry, *, payment_id: UUID, now: datetime) -> bool:
    async with db.read() as read:
        payment = await get_payment(read, payment_id)
    provider = providers.get(payment.provider)
    if payment.state is not PaymentState.AUTHORIZED or not provider.can(CapturingProvider):
        return payment.state is PaymentState.CAPTURED
    try:
        state = await provider.capture(number=payment.number, amount=Money(payment.amount, payment.currency))
    except ProviderRefused as error:
        await db.write(partial(_failed, payment=payment, failure=str(error.params.get("reason")), now=now))
        return False
    if state.status is ProviderStatus.CAPTURED:
        return await apply_state(db, payment, state, now=now)
    if state.status is ProviderStatus.CLOSED:
        await db.write(partial(_failed, payment=payment, failure=state.raw_status, now=now))
    return False


async def _failed(tx: Tx, *, payment: Payment, failure: str, now: datetime) -> None:
    await lock_purchase(tx, purchase_id=payment.purchase_id)
    await record_capture_failed(tx, payment=payment, failure=failure, now=now)
