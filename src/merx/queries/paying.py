"""Paying for a purchase: what is due, how it can be paid, and what its buyer may do about it now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx
from merx.kit.actors import Buyer
from merx.kit.i18n import Text
from merx.kit.money import Money
from merx.orders import OrderState, Purchase, PurchaseView, purchase_view
from merx.payments import payments_of
from merx.payments.providers import Manner, ProviderRegistry
from merx.queries.purchases import PurchaseAction, purchase_actions
from merx.sellers import Seller, get_sellers

PaymentProgress = Literal["waiting", "authorized", "paid", "expired", "cancelled"]


class OfferedMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay that may be chosen."""

    code: str
    name: Text


class BankAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Where to transfer the money to, and the reference by which it is found."""

    holder: str
    bank: str
    account: str
    reference: str


class OrderToPay(msgspec.Struct, frozen=True, kw_only=True):
    """What one seller sends once it is paid."""

    id: UUID
    number: str
    seller_name: Text


class PurchaseToPay(msgspec.Struct, frozen=True, kw_only=True):
    """The payment of a purchase. `other_methods` can be chosen instead of its own; `is_down`: its provider is silent.

    `transfer` is there while money is awaited on an account.
    """

    id: UUID
    number: str
    amount: Money
    progress: PaymentProgress
    payment_method: str
    is_down: bool
    at_the_door: bool
    other_methods: list[OfferedMethod]
    transfer: BankAccount | None
    orders: list[OrderToPay]
    expires_at: datetime
    actions: tuple[PurchaseAction, ...]


async def purchase_to_pay(
    tx: ReadTx, providers: ProviderRegistry, *, purchase_id: UUID, actor: Buyer, now: datetime
) -> PurchaseToPay:
    """What the buyer of a purchase has to know to pay for it. Raises UnknownPurchase."""
    found = await purchase_view(tx, purchase_id=purchase_id, actor=actor)
    purchase = found.purchase
    sellers = await get_sellers(tx, seller_ids=[each.order.seller_id for each in found.orders])
    actions = purchase_actions(purchase, [each.order for each in found.orders], now=now)
    return PurchaseToPay(
        id=purchase.id,
        number=purchase.number,
        amount=Money(purchase.total, purchase.currency),
        progress=payment_progress(purchase),
        payment_method=purchase.provider,
        is_down=providers.is_down(purchase.provider),
        at_the_door=providers.manner(purchase.provider) is Manner.DOOR,
        other_methods=_other_methods(providers, found) if "choose_method" in actions else [],
        transfer=await _transfer(tx, providers, purchase),
        orders=_orders(found, sellers),
        expires_at=purchase.expires_at,
        actions=actions,
    )


def payment_progress(purchase: Purchase) -> PaymentProgress:
    """One word for where the payment of a purchase is."""
    if purchase.state == OrderState.PENDING_PAYMENT:
        return "waiting"
    if purchase.state == OrderState.CANCELLED:
        return "expired" if purchase.cancel_reason == "expired" else "cancelled"
    return "paid" if purchase.paid_at is not None else "authorized"


def _other_methods(providers: ProviderRegistry, found: PurchaseView) -> list[OfferedMethod]:
    offered = providers.offered(
        found.purchase.currency, sellers=len(found.orders), country=found.address.country
    )
    return [
        OfferedMethod(code=each.code, name=dict(each.label))
        for each in offered
        if each.code != found.purchase.provider
    ]


async def _transfer(tx: ReadTx, providers: ProviderRegistry, purchase: Purchase) -> BankAccount | None:
    waiting = purchase.state == OrderState.PENDING_PAYMENT
    if not waiting or providers.manner(purchase.provider) is not Manner.TRANSFER:
        return None
    payment = (await payments_of(tx, [purchase.id]))[-1]
    told = providers.get(purchase.provider).instructions(
        number=payment.number, amount=Money(payment.amount, payment.currency)
    )
    return BankAccount(
        holder=told["holder"], bank=told["bank"], account=told["account"], reference=told["reference"]
    )


def _orders(found: PurchaseView, sellers: Mapping[UUID, Seller]) -> list[OrderToPay]:
    return [
        OrderToPay(
            id=each.order.id,
            number=each.order.number,
            seller_name=sellers[each.order.seller_id].name if each.order.seller_id in sellers else {},
        )
        for each in found.orders
    ]
