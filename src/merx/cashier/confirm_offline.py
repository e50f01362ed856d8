"""Staff confirm money that no provider reports: a bank transfer on the account, cash taken at the door."""

from datetime import datetime
from uuid import UUID

from merx.cashier.confirm_payment import confirm_payment
from merx.cashier.errors import ReceivedInFuture, WrongAmount
from merx.infra.db import ReadTx, Tx
from merx.infra.outbox import publish
from merx.kit.actors import SellerMember, Staff, account_of
from merx.kit.i18n import clean_text
from merx.kit.money import Money
from merx.orders import get_order, lock_purchase
from merx.payments import (
    AmountMismatch,
    Fact,
    Payment,
    PaymentConfirmed,
    PaymentMoved,
    PaymentState,
    UnknownPayment,
    can_confirm,
    find_payment,
    lock_payment,
    payments_of,
)
from merx.payments.providers import ConfirmedByHand, ProviderRegistry

REFERENCE_LIMIT = 64


async def confirm_offline(
    tx: Tx,
    providers: ProviderRegistry,
    *,
    payment_id: UUID,
    amount: Money,
    reference: str,
    received_at: datetime,
    actor: Staff,
    now: datetime,
) -> str:
    """Staff record money that came by an offline method; `reference` is the bank's number or that of the receipt.

    Returns what came of it, as `confirm_payment` does: the same confirmation again changes nothing, and a transfer
    that came too late finds its stock again or is refunded. Raises UnknownPayment, WrongAmount, ReferenceTaken,
    ReceivedInFuture, TextRefused, and PaymentMoved for money that is confirmed already, or cash of a purchase that
    nobody delivers any more.
    """
    return await _confirm(
        tx, providers, payment_id=payment_id, amount=amount, reference=reference, received_at=received_at, actor=actor,
        now=now,
    )  # fmt: skip


async def _confirm(
    tx: Tx,
    providers: ProviderRegistry,
    *,
    payment_id: UUID,
    amount: Money,
    reference: str,
    received_at: datetime,
    actor: Staff | SellerMember,
    now: datetime,
) -> str:
    reference = clean_text("reference", reference, limit=REFERENCE_LIMIT)
    if received_at > now:
        raise ReceivedInFuture(field="received_at")
    payment = await find_payment(tx, payment_id)
    if payment is None or payment.provider not in providers.codes(ConfirmedByHand):
        raise UnknownPayment
    await lock_purchase(tx, purchase_id=payment.purchase_id)
    payment = await lock_payment(tx, payment_id)
    _check_open(payment, reference, at_the_door=payment.provider in providers.at_the_door())
    fact = Fact("captured", reference, amount.amount, amount.currency, "staff", received_at)
    try:
        outcome = await confirm_payment(
            tx, purchase_id=payment.purchase_id, payment_id=payment_id, fact=fact, now=now
        )
    except AmountMismatch as error:
        raise WrongAmount(field="amount", **error.params) from error
    event = PaymentConfirmed(
        purchase_id=payment.purchase_id, payment_id=payment.id, provider=payment.provider, reference=reference,
        amount=amount.amount, currency=amount.currency, outcome=outcome, actor_id=account_of(actor),
    )  # fmt: skip
    await publish(tx, [event], now=now)
    return outcome


def _check_open(payment: Payment, reference: str, *, at_the_door: bool) -> None:
    """One payment is confirmed once, and cash only while it is authorized."""
    again = payment.state is PaymentState.CAPTURED and payment.provider_reference == reference
    if not again and not can_confirm(payment, at_the_door=at_the_door):
        raise PaymentMoved(state=payment.state.value)


async def confirm_cash(
    tx: Tx,
    providers: ProviderRegistry,
    *,
    order_id: UUID,
    actor: SellerMember,
    amount: Money,
    reference: str,
    now: datetime,
) -> str:
    """The seller of an order that is paid at the door has the cash. As `confirm_offline`; raises UnknownOrder, too."""
    order = await get_order(tx, order_id=order_id, actor=actor)
    payment = await cash_payment(tx, providers, purchase_id=order.purchase_id)
    return await _confirm(
        tx, providers, payment_id=payment.id, amount=amount, reference=reference, received_at=now, actor=actor, now=now,
    )  # fmt: skip


async def cash_payment(tx: ReadTx, providers: ProviderRegistry, *, purchase_id: UUID) -> Payment:
    """The payment at the door of a purchase. Raises UnknownPayment when it is paid otherwise."""
    for payment in reversed(await payments_of(tx, [purchase_id])):
        if payment.provider in providers.at_the_door() and payment.authorized_at is not None:
            return payment
    raise UnknownPayment
