"""A purchase that is paid, shipped and received, through the public use cases."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from tests.world.people import guest, member
from tests.world.shop import Shop, a_ready_cart

from merx.checkout import Placed, place_orders
from merx.fulfilment import fulfilments_of, receive, ship
from merx.infra.crypto import MasterKeys, token_hash
from merx.infra.db import Database
from merx.orders import OrderState, OrderView, advance_purchases, purchase_view


class Bought(msgspec.Struct, frozen=True):
    """A paid purchase; orders by their seller's code, lines by SKU."""

    purchase_id: UUID
    access_hash: bytes
    orders: dict[str, OrderView]

    def line(self, sku: str) -> UUID:
        return next(line.id for view in self.orders.values() for line in view.lines if line.sku == sku)


async def buy(
    db: Database,
    keys: MasterKeys,
    shop: Shop,
    lines: dict[str, int],
    *,
    account_id: UUID | None,
    now: datetime,
    key: str = "key-1",
) -> Bought:
    ready = await a_ready_cart(db, keys, shop, lines, now=now, key=key, account_id=account_id)
    (placed,) = await place_orders(db, [ready.command], now=now, deadline=timedelta(minutes=30))
    assert isinstance(placed, Placed), placed
    access_hash = token_hash(ready.token)
    async with db.transaction() as tx:
        await advance_purchases(tx, purchase_ids=[placed.purchase_id], to=OrderState.PLACED, now=now)
        view = await purchase_view(tx, purchase_id=placed.purchase_id, actor=guest(access_hash, account_id))
    codes = {seller_id: code for code, seller_id in shop.sellers.items()}
    return Bought(
        placed.purchase_id, access_hash, {codes[each.order.seller_id]: each for each in view.orders}
    )


async def ship_order(db: Database, bought: Bought, code: str, *, now: datetime) -> None:
    order = bought.orders[code].order
    async with db.transaction() as tx:
        await ship(
            tx,
            order_id=order.id,
            actor=member(order.seller_id),
            carrier="shunfeng",
            tracking_number="SF1234567890123",
            lines=None,
            now=now,
            auto_receive_after=timedelta(days=10),
        )


async def receive_order(db: Database, bought: Bought, code: str, *, now: datetime) -> None:
    async with db.transaction() as tx:
        for parcel in await fulfilments_of(tx, order_ids=[bought.orders[code].order.id]):
            await receive(tx, fulfilment_id=parcel.id, actor=guest(bought.access_hash), now=now)
