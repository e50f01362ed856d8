"""What may be done to a cart, by whom, and what is left when it is refused."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.world.people import guest as guest_with
from tests.world.people import shopper
from tests.world.shop import ADDRESS, Shop, a_ready_cart, a_shop

from merx.cart import (
    BadQuantity,
    CartClosed,
    TooManyLines,
    UnknownCart,
    access_cart,
    cart_view,
    create_cart,
    expire_idle_carts,
    merge_carts,
    put_line,
    remove_line,
    set_address,
    set_currency,
    set_delivery,
)
from merx.cart.errors import NoPriceInCurrency
from merx.catalog import UnknownVariant
from merx.checkout import Placed, place_orders
from merx.infra.crypto import MasterKeys, token_hash
from merx.infra.db import Database, Sql
from merx.inventory import Receipt, receive_stock
from merx.kit.ids import new_id

DEADLINE = timedelta(minutes=30)
_COMPLETE = Sql("UPDATE carts SET state = 'completed', purchase_id = gen_random_uuid() WHERE id = $1")


class Guest(msgspec.Struct):
    """A guest with an empty cart, who can do things to it."""

    db: Database
    shop: Shop
    now: datetime
    access: dict[str, Any]

    async def put(self, sku: str, quantity: int, *, add: bool = True) -> int:
        return await self.db.write(
            lambda tx: put_line(
                tx,
                **self.access,
                variant_id=self.shop.variants[sku],
                quantity=quantity,
                add=add,
                now=self.now,
            )
        )

    async def lines(self) -> dict[str, int]:
        async with self.db.read() as read:
            cart = await access_cart(read, **self.access)
        skus = {variant_id: sku for sku, variant_id in self.shop.variants.items()}
        return {skus[line.variant_id]: line.quantity for line in cart.lines}


@pytest.fixture
async def guest(db: Database, now: datetime) -> Guest:
    shop = await a_shop(db, now=now)
    cart, token = await db.write(
        lambda tx: create_cart(tx, account_id=None, currency="CNY", locale="en", now=now)
    )
    return Guest(db, shop, now, {"cart_id": cart.id, "actor": guest_with(token_hash(token))})


async def test_adding_adds_and_putting_sets(guest: Guest) -> None:
    assert [await guest.put("TEA", 2), await guest.put("TEA", 3), await guest.put("TEA", 1, add=False)] == [
        2,
        5,
        1,
    ]
    assert await guest.lines() == {"TEA": 1}


@pytest.mark.parametrize("quantity", [0, -1, 1000, 2**31, 2**63])
async def test_a_quantity_outside_its_range_is_refused_and_changes_nothing(
    guest: Guest, quantity: int
) -> None:
    await guest.put("TEA", 1)
    with pytest.raises(BadQuantity):
        await guest.put("TEA", quantity)
    assert await guest.lines() == {"TEA": 1}


async def test_sums_above_the_range_are_refused(guest: Guest) -> None:
    await guest.put("TEA", 999)
    with pytest.raises(BadQuantity):
        await guest.put("TEA", 1)
    assert await guest.lines() == {"TEA": 999}


async def test_only_its_owner_can_touch_a_cart(guest: Guest, keys: MasterKeys) -> None:
    await guest.put("TEA", 1)
    strangers = [
        guest.access | {"actor": guest_with(b"x" * 32)},
        guest.access | {"actor": guest_with(None)},
        guest.access | {"actor": shopper(new_id())},
        guest.access | {"cart_id": new_id()},
    ]
    for access in strangers:
        stranger = Guest(guest.db, guest.shop, guest.now, access)
        for attempt in (
            stranger.put("TEA", 1),
            stranger.lines(),
            guest.db.write(
                lambda tx, a=access: remove_line(  # type: ignore[misc]
                    tx, **a, variant_id=guest.shop.variants["TEA"], now=guest.now
                )
            ),
            guest.db.write(lambda tx, a=access: set_address(tx, keys, **a, address=ADDRESS, now=guest.now)),  # type: ignore[misc]
            guest.db.write(lambda tx, a=access: set_delivery(tx, **a, method="express", now=guest.now)),  # type: ignore[misc]
        ):
            with pytest.raises(UnknownCart):
                await attempt
    assert await guest.lines() == {"TEA": 1}


async def test_an_unknown_an_unpublished_and_an_unpriced_article_are_refused(
    guest: Guest, owner: Any
) -> None:
    with pytest.raises(UnknownVariant):
        await guest.db.write(
            lambda tx: put_line(tx, **guest.access, variant_id=new_id(), quantity=1, add=True, now=guest.now)
        )
    await owner.execute("UPDATE products SET state = 'archived' WHERE slug = 'tea'")
    with pytest.raises(UnknownVariant):
        await guest.put("TEA", 1)
    await owner.execute(
        "DELETE FROM prices WHERE variant_id = $1 AND currency = 'CNY'", guest.shop.variants["CUP"]
    )
    with pytest.raises(NoPriceInCurrency):
        await guest.put("CUP", 1)
    assert await guest.lines() == {}


async def test_a_hundred_and_first_article_is_refused(guest: Guest, owner: Any) -> None:
    await owner.execute(
        "INSERT INTO cart_lines SELECT $1, gen_random_uuid(), 1, now() FROM generate_series(1, 100)",
        guest.access["cart_id"],
    )
    with pytest.raises(TooManyLines):
        await guest.put("TEA", 1)


async def test_an_ordered_cart_does_not_change(
    db: Database, guest: Guest, keys: MasterKeys, now: datetime
) -> None:
    cart = await a_ready_cart(db, keys, guest.shop, {"TEA": 1}, now=now)
    await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    ordered = Guest(db, guest.shop, now, {"cart_id": cart.cart_id, "actor": cart.command.buyer})
    with pytest.raises(CartClosed):
        await ordered.put("TEA", 1)
    with pytest.raises(CartClosed):
        await db.write(lambda tx: set_currency(tx, **ordered.access, currency="USD", now=now))
    assert await ordered.lines() == {"TEA": 1}


async def test_a_view_prices_what_can_be_bought_and_says_what_cannot(guest: Guest, owner: Any) -> None:
    await guest.put("TEA", 1)
    await guest.put("CUP", 9)
    await guest.put("POT", 1)
    await owner.execute("UPDATE products SET state = 'archived' WHERE slug = 'pot'")
    async with guest.db.snapshot() as read:
        view = await cart_view(read, cart=await access_cart(read, **guest.access), now=guest.now)
    assert {line.sku: line.problem for line in view.lines} == {
        "TEA": None, "CUP": "insufficient_stock", "POT": "unavailable",
    }  # fmt: skip
    assert view.quote is not None
    assert (view.quote.goods, view.quote.shipping) == (4990, 0), "no delivery was chosen yet"
    assert view.problems == ["lines", "address", "delivery", "provider"]


async def test_a_line_put_while_the_cart_is_ordered_is_in_the_order_or_refused(
    db: Database, guest: Guest, keys: MasterKeys, now: datetime, owner: Any
) -> None:
    for turn in range(6):
        cart = await a_ready_cart(db, keys, guest.shop, {"CUP": 1}, now=now)
        buyer = Guest(db, guest.shop, now, {"cart_id": cart.cart_id, "actor": cart.command.buyer})
        rivals = [place_orders(db, [cart.command], now=now, deadline=DEADLINE), buyer.put("TEA", 1)]
        results = await asyncio.gather(*rivals[:: 1 if turn % 2 else -1], return_exceptions=True)
        placed = next(each[0] for each in results if isinstance(each, list))
        lines = await owner.fetchval(
            "SELECT count(*) FROM order_lines l JOIN purchases p ON p.id = l.purchase_id WHERE p.cart_id = $1",
            cart.cart_id,
        )
        if isinstance(placed, Placed):
            assert lines == 1, "the order is what was shown"
            assert any(isinstance(each, CartClosed) for each in results)
            more = Receipt(new_id(), guest.shop.variants["CUP"], guest.shop.locations[0], 1)
            await db.write(lambda tx, m=more: receive_stock(tx, receipts=[m], now=now))  # type: ignore[misc]
        else:
            assert (placed.code, lines) == ("price_changed", 0)
            assert await buyer.lines() == {"CUP": 1, "TEA": 1}


@pytest.mark.usefixtures("guest")
async def test_guests_carts_expire_after_thirty_idle_days_and_accounts_carts_do_not(
    db: Database, now: datetime, owner: Any
) -> None:
    await db.write(lambda tx: create_cart(tx, account_id=new_id(), currency="CNY", locale="en", now=now))
    assert await expire_idle_carts(db, now=now + timedelta(days=30) - timedelta(seconds=1)) == 0
    assert await expire_idle_carts(db, now=now + timedelta(days=30)) == 1
    states = await owner.fetch("SELECT account_id IS NULL AS guest, state FROM carts ORDER BY 1")
    assert [tuple(row) for row in states] == [(False, "open"), (True, "expired")]


async def test_logging_in_adds_the_guests_lines_to_the_accounts_cart(guest: Guest, owner: Any) -> None:
    account_id = new_id()
    mine, _ = await guest.db.write(
        lambda tx: create_cart(tx, account_id=account_id, currency="CNY", locale="en", now=guest.now)
    )
    account = Guest(guest.db, guest.shop, guest.now, {"cart_id": mine.id, "actor": shopper(account_id)})
    await account.put("TEA", 998)
    await guest.put("TEA", 5)
    await guest.put("CUP", 1)

    async def log_in() -> Any:
        return await guest.db.write(
            lambda tx: merge_carts(
                tx, guest_cart=guest.access["cart_id"], actor=guest.access["actor"],
                account_id=account_id, now=guest.now,
            )
        )  # fmt: skip

    assert list(await asyncio.gather(log_in(), log_in())) == [mine.id, mine.id]
    assert await account.lines() == {"TEA": 999, "CUP": 1}
    assert await owner.fetchval("SELECT state FROM carts WHERE id = $1", guest.access["cart_id"]) == "expired"


async def test_a_guests_lines_survive_the_accounts_cart_being_ordered_at_that_moment(
    guest: Guest, keys: MasterKeys, owner: Any
) -> None:
    account_id = new_id()
    await owner.execute(
        """INSERT INTO data_keys (person_id, wrapped_key, master_key_id, created_at) VALUES ($1, $2, $3, now())""",
        account_id, *keys.new_data_key(account_id),
    )  # fmt: skip
    mine = await a_ready_cart(guest.db, keys, guest.shop, {"POT": 1}, now=guest.now, account_id=account_id)
    await guest.put("TEA", 1)
    merged = asyncio.create_task(_merge_after(guest, account_id, owner, mine.command))
    assert await merged == guest.access["cart_id"], "the guest's cart has become the account's"
    account = Guest(guest.db, guest.shop, guest.now, guest.access | {"actor": shopper(account_id)})
    assert await account.lines() == {"TEA": 1}
    with pytest.raises(UnknownCart):
        await guest.lines()


async def _merge_after(guest: Guest, account_id: Any, owner: Any, command: Any) -> Any:
    """Log in while the order of the account's cart has been written and not yet committed."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with guest.db.transaction() as tx:
        await tx.run(_COMPLETE, command.cart_id)
        merging = asyncio.create_task(
            guest.db.write(
                lambda tx: merge_carts(
                    tx, guest_cart=guest.access["cart_id"], actor=guest.access["actor"],
                    account_id=account_id, now=guest.now,
                )
            )
        )  # fmt: skip
        while not await owner.fetchval(waiting):
            assert not merging.done()
    return await merging
