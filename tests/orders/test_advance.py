"""Purchases and their orders move together, along the table and no other way."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.world.shop import a_ready_cart, a_shop

from merx.checkout import Placed, place_orders
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.orders import ORDER_STATES, OrderState, advance_purchases

PAID = {"placed", "closed"}


@pytest.mark.parametrize("to", [state for state in OrderState if ORDER_STATES.sources(state.value)])
@pytest.mark.parametrize("source", list(OrderState))
async def test_a_move_outside_the_table_changes_nothing(
    db: Database, keys: MasterKeys, now: datetime, owner: Any, source: OrderState, to: OrderState
) -> None:
    shop = await a_shop(db, now=now)
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1, "POT": 1}, now=now)
    [placed] = await place_orders(db, [cart.command], now=now, deadline=timedelta(minutes=30))
    assert isinstance(placed, Placed)
    reason = "'buyer'" if source == OrderState.CANCELLED else "NULL"
    paid_at = "now()" if source.value in PAID else "NULL"
    await owner.execute(
        f"UPDATE purchases SET state = $1, cancel_reason = {reason}, paid_at = {paid_at}", source
    )
    await owner.execute("UPDATE orders SET state = $1", source)
    before = await owner.fetch("SELECT * FROM orders ORDER BY id")
    moved = await db.write(
        lambda tx: advance_purchases(
            tx, purchase_ids=[placed.purchase_id], to=to, now=now,
            cancel_reason="buyer" if to == OrderState.CANCELLED else None,
        )
    )  # fmt: skip
    legal = ORDER_STATES.allows(source.value, to.value)
    assert len(moved) == (2 if legal else 0)
    after = await owner.fetch("SELECT * FROM orders ORDER BY id")
    assert [row["state"] for row in after] == [(to if legal else source).value] * 2
    assert legal or after == before
    assert await owner.fetchval("SELECT state FROM purchases") == (to if legal else source).value


async def test_sources_narrower_than_the_table_are_kept_to_and_wider_ones_refused(
    db: Database, now: datetime
) -> None:
    with pytest.raises(AssertionError, match="outside the state table"):
        await db.write(
            lambda tx: advance_purchases(
                tx, purchase_ids=[], to=OrderState.CLOSED, now=now, sources=["pending_payment"]
            )
        )
