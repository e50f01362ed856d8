"""A purchase of one order with two lines, written straight to the tables: for what comes after the sale."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from merx.infra.db import Database
from merx.kit.actors import Buyer
from merx.kit.ids import new_id, new_number
from merx.orders import (
    NewOrder,
    NewOrderLine,
    NewPurchase,
    OrderState,
    PurchaseView,
    advance_purchases,
    insert_purchases,
    purchase_view,
)


class Sale(msgspec.Struct, frozen=True):
    """A purchase of one order with two lines, of 3 and of 1 unit."""

    purchase_id: UUID
    order_id: UUID
    number: str
    seller_id: UUID
    account_id: UUID
    access_hash: bytes
    first: UUID
    second: UUID


SellFn = Callable[..., Awaitable[Sale]]
ViewFn = Callable[[Sale], Awaitable[PurchaseView]]


async def a_sale(db: Database, *, now: datetime, paid: bool = True) -> Sale:
    """Place it; paid unless told otherwise."""
    number = new_number("261121")
    sale = Sale(new_id(), new_id(), f"{number}-1", new_id(), new_id(), new_id().bytes * 2, new_id(), new_id())
    purchase = NewPurchase(
        id=sale.purchase_id, number=number, cart_id=new_id(), account_id=sale.account_id, person_id=sale.account_id,
        access_hash=sale.access_hash, currency="CNY", goods=400, shipping=0, tax=0, total=400, locale="en",
        delivery="standard", provider="alipay", expires_at=now + timedelta(hours=1), address_sealed=b"sealed",
        country="CN",
    )  # fmt: skip
    order = NewOrder(
        id=sale.order_id, purchase_id=sale.purchase_id, number=sale.number, seller_id=sale.seller_id,
        currency="CNY", goods=400, shipping=0, shipping_tax_bp=0, shipping_tax=0, tax=0, total=400,
    )  # fmt: skip
    lines = [
        NewOrderLine(
            id=line_id, order_id=sale.order_id, purchase_id=sale.purchase_id, position=position,
            product_id=new_id(), variant_id=new_id(), sku=f"SKU-{position}", title='{"en":"Mug"}', label="{}",
            quantity=quantity, unit_price=100, price_version=1, total=100 * quantity, tax_rate_bp=0, tax=0,
        )
        for position, (line_id, quantity) in enumerate([(sale.first, 3), (sale.second, 1)])
    ]  # fmt: skip
    async with db.transaction() as tx:
        await insert_purchases(tx, purchases=[purchase], orders=[order], lines=lines, now=now)
        if paid:
            await advance_purchases(tx, purchase_ids=[sale.purchase_id], to=OrderState.PLACED, now=now)
    return sale


async def seen(db: Database, sale: Sale) -> PurchaseView:
    """The purchase as its buyer reads it."""
    async with db.snapshot() as tx:
        return await purchase_view(tx, purchase_id=sale.purchase_id, actor=Buyer(sale.account_id))
