"""The last line: whatever the code above decides, the database refuses what must never be."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.world.shop import a_ready_cart, a_shop

from merx.checkout import place_orders
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database

# table → columns that a second row would have to have of its own; leaving one out must be refused
KEYS = {
    "a cart is bought once": ("purchases", {"id": "gen_random_uuid()", "number": "'ZZZZZZZZZZZZZZZZ'"}),
    "a purchase's number is its own": (
        "purchases",
        {"id": "gen_random_uuid()", "cart_id": "gen_random_uuid()"},
    ),
    "a seller has one order of a purchase": ("orders", {"id": "gen_random_uuid()"}),
    "a payment's number is its own": ("payments", {"id": "gen_random_uuid()"}),
    "a variant has one row of stock at a place": ("allotments", {"id": "gen_random_uuid()"}),
    "a hold moves stock once in each way": ("movements", {}),
    "a leg of a cause is booked once": ("transfers", {}),
    "a key is one row": ("idempotency_keys", {}),
    "an event is one row": ("events", {}),
}
CHANGES = {
    "more held than received": "UPDATE allotments SET held = received + 1",
    "more sold than received": "UPDATE allotments SET sold = received + 1, held = 0",
    "negative held": "UPDATE allotments SET held = -1",
    "negative sold": "UPDATE allotments SET sold = -1",
    "a total that is not its parts": "UPDATE purchases SET total = total + 1",
    "an order's total that is not its parts": "UPDATE orders SET total = total + 1",
    "a line's total that is not price times quantity": "UPDATE order_lines SET total = total + 1",
    "more shipped than ordered": "UPDATE order_lines SET shipped = quantity + 1",
    "more received than shipped": "UPDATE order_lines SET received = shipped + 1",
    "more captured than asked for": "UPDATE payments SET state = 'captured', captured = amount + 1",
    "captured without money": "UPDATE payments SET state = 'captured'",
    "refunded without capture": "UPDATE payments SET refunded = 1",
    "placed without payment": "UPDATE purchases SET state = 'placed'",
    "cancelled without a reason": "UPDATE purchases SET state = 'cancelled'",
    "an unknown state": "UPDATE orders SET state = 'lost'",
    "a completed cart without a purchase": "UPDATE carts SET purchase_id = NULL",
    "a line of nothing": "UPDATE order_lines SET quantity = 0, total = 0",
    "a transfer to itself": "UPDATE transfers SET credit_kind = debit_kind, credit_owner = debit_owner",
}


@pytest.fixture
async def placed(db: Database, keys: MasterKeys, now: datetime) -> None:
    """One order that waits for payment."""
    shop = await a_shop(db, now=now)
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now)
    await place_orders(db, [cart.command], now=now, deadline=timedelta(minutes=30))


@pytest.mark.usefixtures("placed")
@pytest.mark.parametrize("promise", KEYS)
async def test_a_second_row_is_refused(owner: Any, promise: str) -> None:
    table, own = KEYS[promise]
    columns = [
        row[0]
        for row in await owner.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            table,
        )
    ]
    values = ", ".join(own.get(column, column) for column in columns)
    before = await owner.fetchval(f"SELECT count(*) FROM {table}")
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} LIMIT 1"
        )
    assert await owner.fetchval(f"SELECT count(*) FROM {table}") == before > 0


@pytest.mark.usefixtures("placed")
@pytest.mark.parametrize("wrong", CHANGES)
async def test_a_wrong_row_is_refused(owner: Any, wrong: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(CHANGES[wrong])


@pytest.mark.usefixtures("placed")
async def test_a_notice_is_kept_once_and_a_providers_reference_pays_once(owner: Any, now: datetime) -> None:
    insert = "INSERT INTO provider_notices (provider, notice_id, number, body, received_at) VALUES ('a', 'n', '1', '', $1)"
    await owner.execute(insert, now)
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(insert, now)
    await owner.execute("UPDATE payments SET provider_reference = 'T1'")
    with pytest.raises(asyncpg.UniqueViolationError, match="payments_reference"):
        await owner.execute(
            """INSERT INTO payments (id, purchase_id, provider, number, state, currency, amount, provider_reference,
                                     expires_at, created_at)
               SELECT gen_random_uuid(), purchase_id, provider, 'OTHER', state, currency, amount, provider_reference,
                      expires_at, created_at FROM payments"""
        )
