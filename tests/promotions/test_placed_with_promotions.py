"""What a purchase with promotions costs, what it uses, and what comes back of both."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.world.offers import FIVE_YUAN, FREE_DELIVERY, TEN_PERCENT, an_offer
from tests.world.shop import ReadyCart, Shop, a_ready_cart, a_shop, total_of
from tests.world.till import Bought, Till

from merx.accounts import register
from merx.cart import add_code
from merx.checkout import Placed, Refused, place_orders
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, Tx
from merx.kit.actors import Buyer, System
from merx.kit.ids import new_id
from merx.orders import LineClaim, claim_units, lock_order
from merx.payments import payments_of
from merx.promotions import Trigger, UnknownPromotionCode, claim_coupon
from merx.refunds import UnitsBack, refund_order
from merx.verify import verify

DEADLINE = timedelta(minutes=30)


@pytest.fixture
async def shop(db: Database, now: datetime) -> Shop:
    return await a_shop(db, now=now)


async def placed(db: Database, cart: ReadyCart, *, now: datetime) -> Placed:
    [outcome] = await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    assert isinstance(outcome, Placed), outcome
    return outcome


async def sound(db: Database, *, now: datetime, but: tuple[str, ...] = ()) -> None:
    report = await verify(db, now=now, key_ids=None, media_dir=None)
    assert [(each.code, each.named) for each in report.results if each.breaks and each.code not in but] == []


@pytest.fixture
async def till(db: Database, keys: MasterKeys, owner: Any, now: datetime, shop: Shop) -> AsyncIterator[Till]:
    till = Till(db, keys, owner, shop, now)
    yield till
    await till.close()


async def bought_at(till: Till, cart: ReadyCart) -> Bought:
    outcome = await placed(till.db, cart, now=till.now)
    async with till.db.read() as tx:
        [payment] = await payments_of(tx, [outcome.purchase_id])
    bought = Bought(outcome.purchase_id, outcome.number, outcome.total, cart, payment.id)
    await till.open(await till.start(bought))
    return bought


async def test_a_percentage_is_split_over_the_sellers_lines_and_borne_by_the_seller(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    await an_offer(db, shop, now=now, **TEN_PERCENT)
    goods = 4990 + 2 * 1250
    off = 749  # a tenth of 7490
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1, "CUP": 2}, now=now, expected_total=goods + 800 - off)
    outcome = await placed(db, cart, now=now)
    assert outcome.total == 7490 + 800 - 749
    lines = await owner.fetch("SELECT sku, total, adjusted, funded, tax FROM order_lines ORDER BY sku")
    assert [(each["sku"], each["total"], each["adjusted"], each["funded"]) for each in lines] == [
        ("CUP", 2500, -250, 0),
        ("TEA", 4990, -499, 0),
    ]
    rows = await owner.fetch("SELECT funder, amount FROM order_adjustments ORDER BY amount")
    assert [tuple(row) for row in rows] == [("seller", -499), ("seller", -250)]
    owed = await owner.fetchval("SELECT sum(amount) FROM transfers WHERE debit_kind = 'customer_receivable'")
    assert owed == outcome.total
    assert await owner.fetchval("SELECT count(*) FROM transfers WHERE debit_kind = 'promotions'") == 0


async def test_what_the_platform_takes_off_it_pays_to_the_sellers(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    await an_offer(db, shop, now=now, of=None, threshold=20000, **FIVE_YUAN)
    cart = await a_ready_cart(
        db, keys, shop, {"TEA": 1, "POT": 1}, now=now, expected_total=total_of({"TEA": 1, "POT": 1}) - 500
    )
    await placed(db, cart, now=now)
    funded = dict(
        await owner.fetch(
            "SELECT s.code, o.funded FROM orders o JOIN sellers s ON s.id = o.seller_id ORDER BY s.code"
        )
    )
    assert funded == {"pottery": 400, "tea-house": 100}
    paid = await owner.fetchval("SELECT sum(amount) FROM transfers WHERE debit_kind = 'promotions'")
    assert paid == 500
    earned = await owner.fetchval(
        "SELECT sum(amount) FROM transfers WHERE credit_kind IN ('seller_pending', 'shipping', 'tax')"
    )
    assert earned == total_of({"TEA": 1, "POT": 1})


async def test_free_delivery_takes_the_delivery_off(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    await an_offer(db, shop, now=now, **FREE_DELIVERY)
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now, expected_total=4990)
    await placed(db, cart, now=now)
    order = await owner.fetchrow("SELECT shipping, shipping_adjusted, shipping_tax, total FROM orders")
    assert tuple(order) == (800, -800, 0, 4990)


async def test_another_total_than_the_one_shown_is_refused(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now)
    await an_offer(db, shop, now=now, **TEN_PERCENT)
    [refusal] = await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    assert refusal == Refused("price_changed", {"total": 4990 - 499 + 800, "currency": "CNY"})
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 0


async def test_a_code_applies_where_it_was_entered_and_an_unknown_one_is_refused(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    await an_offer(db, shop, now=now, trigger=Trigger.CODE, code="tea-5", **FIVE_YUAN)
    plain = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now)
    await placed(db, plain, now=now)
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now, expected_total=4990 + 800 - 500)
    access: dict[str, Any] = {"cart_id": cart.cart_id, "actor": cart.command.buyer}
    async with db.transaction() as tx:
        assert (await add_code(tx, **access, code=" ｔｅａ-5 ", now=now)).codes == ["TEA-5"]
    with pytest.raises(UnknownPromotionCode):
        await db.write(lambda tx: add_code(tx, **access, code="TEA-6", now=now))
    await placed(db, cart, now=now)
    assert await owner.fetchval("SELECT count(*) FROM order_adjustments") == 1


async def test_a_limited_use_is_held_released_by_cancelling_and_used_by_paying(till: Till) -> None:
    db, shop, now, owner = till.db, till.shop, till.now, till.owner
    offer = await an_offer(db, shop, now=now, uses_total=1, **FIVE_YUAN)
    uses = "SELECT held, sold FROM allotments WHERE subject_id = $1"
    total = 4990 + 800 - 500
    first = await bought_at(
        till, await a_ready_cart(db, till.keys, shop, {"TEA": 1}, now=now, expected_total=total)
    )
    assert tuple(await owner.fetchrow(uses, offer.id)) == (1, 0)
    late = await a_ready_cart(db, till.keys, shop, {"TEA": 1}, now=now, expected_total=total)
    [refusal] = await place_orders(db, [late.command], now=now, deadline=DEADLINE)
    assert isinstance(refusal, Refused)
    assert refusal.code == "price_changed", "nothing is left, so it costs the full price"
    assert await till.cancel(first)
    assert tuple(await owner.fetchrow(uses, offer.id)) == (0, 0)
    again = await a_ready_cart(db, till.keys, shop, {"TEA": 1}, now=now, expected_total=total)
    await till.pay(await bought_at(till, again))
    assert tuple(await owner.fetchrow(uses, offer.id)) == (0, 1)
    await sound(db, now=now)


async def test_a_use_that_ran_out_unpaid_serves_the_next(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    offer = await an_offer(db, shop, now=now, uses_total=1, **FIVE_YUAN)
    total = 4990 + 800 - 500
    await placed(db, await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now, expected_total=total), now=now)
    later = now + timedelta(hours=1)
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=later, expected_total=total)
    await placed(db, cart, now=later)
    counters = await owner.fetchrow(
        "SELECT received, held, sold FROM allotments WHERE subject_id = $1", offer.id
    )
    assert tuple(counters) == (1, 1, 0)


async def test_a_coupon_is_used_once_and_only_by_its_owner(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    offer = await an_offer(db, shop, now=now, trigger=Trigger.COUPON, uses_per_person=1, **FIVE_YUAN)
    mine = await _account(db, keys, "mine@example.com", now=now)
    other = await _account(db, keys, "other@example.com", now=now)
    await db.write(lambda tx: claim_coupon(tx, actor=Buyer(mine), promotion_id=offer.id, now=now))
    without = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now, account_id=other)
    await placed(db, without, now=now)
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now, account_id=mine, expected_total=5290)
    await placed(db, cart, now=now)
    again = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now, account_id=mine)
    await placed(db, again, now=now)
    assert await owner.fetchval("SELECT count(*) FROM order_adjustments") == 1


async def _account(db: Database, keys: MasterKeys, email: str, *, now: datetime) -> UUID:
    async with db.transaction() as tx:
        account = await register(tx, keys, email=email, password_hash="x", name="Li", locale="en", now=now)
    return account.id


async def test_promotions_cost_one_statement_more_and_nothing_without_them(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime
) -> None:
    await an_offer(db, shop, now=now, **TEN_PERCENT)
    carts = [
        await a_ready_cart(
            db, keys, shop, {"TEA": 1}, now=now, expected_total=4990 - 499 + 800, key=str(new_id())
        )
        for _ in range(3)
    ]
    before = db.statements
    outcomes = await place_orders(db, [cart.command for cart in carts], now=now, deadline=DEADLINE)
    assert all(isinstance(outcome, Placed) for outcome in outcomes)
    assert db.statements - before == 13


async def give_back(till: Till, bought: Bought, sku: str) -> int:
    """Refund every unit of one line, as after-sales do, and let the provider carry it out; returns the amount."""

    async def work(tx: Tx) -> int:
        row = await till.owner.fetchrow(
            "SELECT l.order_id, l.id, l.quantity FROM order_lines l WHERE l.purchase_id = $1 AND l.sku = $2",
            bought.id,
            sku,
        )
        await claim_units(tx, order_id=row["order_id"], claims=[LineClaim(row["id"], row["quantity"], 0)])
        view = await lock_order(tx, order_id=row["order_id"])
        units = [UnitsBack(row["id"], row["quantity"], row["quantity"])]
        _, amount = await refund_order(
            tx, view=view, units=units, amount=None, delivered=True, actor=System("test"), now=till.now
        )
        return amount

    amount = await till.db.write(work)
    assert await till.refund() == 1
    return amount


@pytest.mark.parametrize("given_back", [True, False])
async def test_refunds_return_what_was_paid_and_a_full_one_gives_the_uses_back(
    till: Till, given_back: bool
) -> None:
    db, shop, now, owner = till.db, till.shop, till.now, till.owner
    limited = await an_offer(db, shop, now=now, uses_total=5, given_back=given_back, **FIVE_YUAN)
    await an_offer(db, shop, now=now, of=None, given_back=given_back, **TEN_PERCENT)
    await an_offer(db, shop, now=now, of=None, given_back=given_back, **FREE_DELIVERY)
    uses = "SELECT held, sold FROM allotments WHERE subject_id = $1"
    total = 7490 - 500 - 749  # the platform pays the delivery and a tenth
    cart = await a_ready_cart(db, till.keys, shop, {"TEA": 1, "CUP": 2}, now=now, expected_total=total)
    bought = await bought_at(till, cart)
    await till.pay(bought)
    assert await owner.fetchval("SELECT funded FROM purchases") == 749 + 800
    tea = await give_back(till, bought, "TEA")
    assert tea == 4990 - 333 - 499
    assert tuple(await owner.fetchrow(uses, limited.id)) == (0, 1)
    assert await give_back(till, bought, "CUP") == total - tea
    assert tuple(await owner.fetchrow(uses, limited.id)) == (0, 0 if given_back else 1)
    left = await owner.fetch(
        """SELECT kind, sum(amount) AS net FROM (
               SELECT debit_kind AS kind, amount FROM transfers UNION ALL SELECT credit_kind, -amount FROM transfers) legs
            GROUP BY kind HAVING sum(amount) <> 0"""
    )
    assert [tuple(row) for row in left] == [], (
        "the sellers, the platform and the provider are where they began"
    )
    # No case asked for it, and the units themselves were not put on the shelf again.
    await sound(db, now=now, but=("S11", "O14"))
