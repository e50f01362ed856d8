"""Pay a placed purchase another way."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from merx.cashier.cancel_purchase import close_at_providers
from merx.cashier.errors import AlreadyPaid, TooManyPaymentAttempts
from merx.cashier.secure_stock import secure_stock
from merx.checkout import HOLD_GRACE, OutOfStock
from merx.infra.db import Database, Tx
from merx.infra.outbox import publish
from merx.inventory import prolong_holds
from merx.kit.actors import Buyer, account_of
from merx.kit.ids import new_id
from merx.orders import (
    OrderState,
    PaymentMethodChosen,
    Purchase,
    lock_purchase,
    purchase_view,
    set_purchase_provider,
)
from merx.payments import (
    NewPayment,
    NotPayable,
    Payment,
    PaymentState,
    expire_payments,
    open_payments,
    payments_of,
)
from merx.payments.providers import ProviderRegistry, Sale, check_method

MOST_ATTEMPTS: Final = 20
_OPEN: Final = (PaymentState.CREATED, PaymentState.ACTION_REQUIRED)


async def choose_method(
    db: Database,
    providers: ProviderRegistry,
    *,
    purchase_id: UUID,
    method: str,
    actor: Buyer,
    now: datetime,
) -> bool:
    """Have a purchase that waits for payment paid by `method`, a code; False when it was so already.

    The attempt begun before is closed at its provider first; when that turns out to be paid, the purchase is placed and
    AlreadyPaid is raised. A provider that does not answer does not stop the buyer: its attempt stays in doubt, and
    money that comes twice is given back.

    A way with a deadline of its own, such as a bank transfer, gives the purchase and its holds that time, counted from
    when the purchase was placed, as if it had been chosen then: changing to and fro gains nothing. The deadline never
    shrinks, so one that was longer stays when the buyer goes back to a quicker way.

    Raises UnknownPurchase, NotPayable, TooManyPaymentAttempts, AlreadyPaid, and OutOfStock
    when more time is needed for goods that went to others.
    """
    async with db.read() as read:
        view = await purchase_view(read, purchase_id=purchase_id, actor=actor)
        payments = await payments_of(read, [purchase_id])
    _check_waiting(view.purchase, now=now)
    if _is_chosen(payments, method):
        return False
    offered = check_method(
        providers.methods(), method, Sale(view.purchase.currency, len(view.orders), view.address.country),
    )  # fmt: skip
    if len(payments) >= MOST_ATTEMPTS:
        raise TooManyPaymentAttempts
    closed = await close_at_providers(db, providers, payments, now=now)
    if closed is None:
        raise AlreadyPaid
    return await db.write(
        partial(
            _open_another,
            purchase_id=purchase_id,
            method=method,
            patience=offered.terms.deadline or timedelta(0),
            closed=closed,
            actor=actor,
            now=now,
        )
    )


async def _open_another(
    tx: Tx, *, purchase_id: UUID, method: str, patience: timedelta, closed: list[UUID], actor: Buyer, now: datetime
) -> bool:  # fmt: skip
    """`patience` is how long after the placement this way may be paid, at least."""
    purchase = await lock_purchase(tx, purchase_id=purchase_id)
    _check_waiting(purchase, now=now)
    payments = await payments_of(tx, [purchase_id])
    if _is_chosen(payments, method):
        return False
    expires_at = max(purchase.expires_at, purchase.placed_at + patience)
    if expires_at > purchase.expires_at:
        if not await secure_stock(tx, purchase, now=now):
            raise OutOfStock(lines=[])
        await prolong_holds(tx, purchase_id=purchase_id, expires_at=expires_at + HOLD_GRACE)
    await expire_payments(tx, purchase_ids=[purchase_id], closed=closed)
    payment = NewPayment(
        id=new_id(), purchase_id=purchase_id, provider=method, number=f"{purchase.number}P{len(payments) + 1}",
        currency=purchase.currency, amount=purchase.total, expires_at=expires_at,
    )  # fmt: skip
    await open_payments(tx, payments=[payment], now=now)
    await set_purchase_provider(tx, purchase_id=purchase_id, provider=method, expires_at=expires_at)
    event = PaymentMethodChosen(purchase_id, method, payment.id, payment.number, actor_id=account_of(actor))
    await publish(tx, [event], now=now)
    return True


def _check_waiting(purchase: Purchase, *, now: datetime) -> None:
    if purchase.state in (OrderState.PLACED, OrderState.CLOSED):
        raise AlreadyPaid
    if purchase.state != OrderState.PENDING_PAYMENT or purchase.expires_at <= now:
        raise NotPayable(state=str(purchase.state))


def _is_chosen(payments: list[Payment], method: str) -> bool:
    """Whether the newest attempt is one by this method that can still be paid."""
    return bool(payments) and payments[-1].provider == method and payments[-1].state in _OPEN
