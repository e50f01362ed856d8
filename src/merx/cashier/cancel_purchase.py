"""Cancel a purchase that is unpaid, or whose money is only authorized, at its buyer's wish."""

from datetime import datetime
from uuid import UUID

from merx.cashier.ask_in_doubt import apply_state
from merx.cashier.cancel_authorized import cancel_unshipped
from merx.cashier.cancel_unpaid import cancel_unpaid
from merx.cashier.errors import AlreadyPaid
from merx.cashier.void_payment import void_now
from merx.infra.db import Database, Tx
from merx.kit.actors import Buyer
from merx.orders import OrderState, lock_purchase, purchase_view
from merx.payments import Payment, PaymentState, expire_payments, payments_of
from merx.payments.providers import Closable, ProviderRegistry, ProviderStatus, ProviderUnavailable


async def cancel_purchase(
    db: Database,
    providers: ProviderRegistry,
    *,
    purchase_id: UUID,
    actor: Buyer,
    now: datetime,
) -> bool:
    """Cancel a purchase that waits for payment. True when this call cancelled it, False when it was cancelled before.

    One that is served on an authorization is cancelled while nothing of it was shipped, and its payment voided.

    A started payment is closed at the provider first; when it turns out to be paid, the purchase is placed and
    AlreadyPaid is raised. A provider that does not answer does not stop the buyer: it is asked again later, and money
    that still comes places the purchase again, or goes back when its stock is gone.
    Raises UnknownPurchase, AlreadyPaid, AlreadyShipped.
    """
    async with db.read() as read:
        await purchase_view(read, purchase_id=purchase_id, actor=actor)
        payments = await payments_of(read, [purchase_id])
    closed = await close_at_providers(db, providers, payments, now=now)
    if closed is None:
        raise AlreadyPaid
    unwanted: list[UUID] = []
    done = await db.write(
        lambda tx: _cancel(tx, purchase_id, closed=closed, unwanted=unwanted, actor=actor, now=now)
    )
    await void_now(db, providers, unwanted, now=now)
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
        provider = providers.get(payment.provider)
        if not provider.can(Closable):
            closed.append(payment.id)  # our own word closes it
            continue
        try:
            state = await provider.close(payment.number)
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
    tx: Tx, purchase_id: UUID, *, closed: list[UUID], unwanted: list[UUID], actor: Buyer, now: datetime
) -> bool:
    """Cancel it one way or the other; `unwanted` is filled with the payments that are to be voided."""
    purchase = await lock_purchase(tx, purchase_id=purchase_id)
    if purchase.state in (OrderState.PLACED, OrderState.CLOSED):
        unused = await cancel_unshipped(tx, purchase, reason="buyer", actor=actor, now=now)
        if unused is None:
            raise AlreadyPaid
        unwanted[:] = unused
        return True
    if not await cancel_unpaid(tx, purchase, reason="buyer", actor=actor, now=now):
        return False
    await expire_payments(tx, purchase_ids=[purchase_id], closed=closed)
    return True
