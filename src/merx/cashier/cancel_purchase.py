"""Cancel a purchase that is unpaid, or whose money is only promised, at its buyer's wish."""

from datetime import datetime
from uuid import UUID

from merx.cashier.ask_in_doubt import apply_state
from merx.cashier.cancel_rows import cancel_rows
from merx.cashier.errors import AlreadyPaid
from merx.cashier.void_payment import release_now
from merx.cashier.withdraw_rows import withdraw_rows
from merx.infra.db import Database, Tx
from merx.orders import OrderState, lock_purchase, purchase_view
from merx.payments import Payment, PaymentState, expire_payments, payments_of
from merx.payments.providers import ProviderRegistry, ProviderStatus, ProviderUnavailable


async def cancel_purchase(
    db: Database,
    providers: ProviderRegistry,
    *,
    purchase_id: UUID,
    account_id: UUID | None,
    access_hash: bytes | None,
    now: datetime,
) -> bool:
    """Cancel a purchase that waits for payment. True when this call cancelled it, False when it was cancelled before.

    One that is served on a promise is cancelled while nothing of it was shipped, and the promise is given back.

    A started payment is closed at the provider first; when it turns out to be paid, the purchase is placed and
    AlreadyPaid is raised. A provider that does not answer does not stop the buyer: it is asked again later, and money
    that still comes places the purchase again, or goes back when its stock is gone.
    Raises UnknownPurchase, AlreadyPaid, AlreadyShipped.
    """
    async with db.read() as read:
        await purchase_view(read, purchase_id=purchase_id, account_id=account_id, access_hash=access_hash)
        payments = await payments_of(read, [purchase_id])
    closed = await close_at_providers(db, providers, payments, now=now)
    if closed is None:
        raise AlreadyPaid
    released: list[UUID] = []
    done = await db.write(lambda tx: _cancel(tx, purchase_id, closed=closed, released=released, now=now))
    await release_now(db, providers, released, now=now)
    return done


async def close_at_providers(
    db: Database, providers: ProviderRegistry, payments: list[Payment], *, now: datetime, strict: bool = False
) -> list[UUID] | None:
    """Close the started payments at their providers, outside any transaction.

    Returns those the providers say are closed, or None when one is paid after all. With `strict`, raises ProviderUnavailable when a provider does not say.
    """
    closed: list[UUID] = []
    for payment in payments:
        if payment.state != PaymentState.ACTION_REQUIRED:
            continue
        try:
            state = await providers.get(payment.provider).close(payment.number)
        except ProviderUnavailable:
            if strict:
                raise
            continue
        if await apply_state(db, payment, state, now=now):
            return None
        if state.status is ProviderStatus.CLOSED:
            closed.append(payment.id)
    return closed


async def _cancel(
    tx: Tx, purchase_id: UUID, *, closed: list[UUID], released: list[UUID], now: datetime
) -> bool:
    """Cancel it one way or the other; `released` is filled with the promises that are to be given back."""
    purchase = await lock_purchase(tx, purchase_id=purchase_id)
    if purchase.state in (OrderState.PLACED, OrderState.CLOSED):
        promises = await withdraw_rows(tx, purchase, reason="buyer", actor_id=purchase.account_id, now=now)
        if promises is None:
            raise AlreadyPaid
        released[:] = promises
        return True
    if not await cancel_rows(tx, purchase, reason="buyer", now=now):
        return False
    await expire_payments(tx, purchase_ids=[purchase_id], closed=closed)
    return True
