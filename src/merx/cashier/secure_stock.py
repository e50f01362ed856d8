"""The stock of a purchase whose money, or its authorization, has arrived: still held, found again, or gone."""

from datetime import datetime
from typing import Final

from merx.cashier.cancel_unpaid import booked_sale, cancel_unpaid
from merx.infra.db import Tx
from merx.inventory import claim_free, hold_stock, limits_without_hold, lock_stock_of
from merx.kit.actors import System
from merx.ledger import post
from merx.orders import OrderState, Purchase, SoldOrder, units_without_hold

_DEADLINE: Final = System("expire_unpaid")


async def secure_stock(tx: Tx, purchase: Purchase, *, now: datetime) -> bool:
    """Hold again whatever the purchase no longer holds, of stock and of promotions: it was released or ran out."""
    await lock_stock_of(tx, purchase_ids=[purchase.id])
    missing = await units_without_hold(tx, purchase_id=purchase.id)
    limits = await limits_without_hold(tx, purchase_id=purchase.id)
    if not missing and not limits:
        return True
    wanted = [*missing, *((None, limit, 1) for limit in limits)]
    claims = await claim_free(tx, purchase_id=purchase.id, lines=wanted, now=now)
    if claims is None:
        return False
    await hold_stock(tx, claims=claims, expires_at=now, now=now)
    return True


async def give_up(tx: Tx, purchase: Purchase, *, now: datetime) -> None:
    """The purchase waited for this money, but its stock went to others meanwhile: cancel what is left of it."""
    if purchase.state == OrderState.PENDING_PAYMENT:
        await cancel_unpaid(tx, purchase, reason="expired", actor=_DEADLINE, now=now)


async def book_again(tx: Tx, orders: list[SoldOrder], *, now: datetime) -> None:
    """A cancelled purchase lives again: its sale was booked back, so it is booked once more."""
    await post(tx, [transfer for order in orders for transfer in booked_sale(order, leg="revived")], now=now)
