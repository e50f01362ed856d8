"""Placement: what becomes true, what is refused, and that a refusal changes nothing."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.world.people import a_person, guest, shopper
from tests.world.shop import ReadyCart, Shop, a_ready_cart, total_of

from merx.checkout import Placed, PlacementFailed, Refused, is_passing, place_orders
from merx.infra.crypto import MasterKeys, token_hash
from merx.infra.db import Database
from merx.infra.idempotency import request_hash
from merx.kit.errors import Unavailable
from merx.kit.ids import new_id
from merx.payments.providers import Method, MethodProblem

DEADLINE = timedelta(minutes=30)
PASSING: list[type[Unavailable]] = [PlacementFailed]


async def test_a_cart_becomes_one_purchase_with_an_order_per_seller(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1, "CUP": 2, "POT": 1}, now=now)
    [outcome] = await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    assert isinstance(outcome, Placed)
    assert outcome.total == 4990 + 2500 + 800 + 20000
    orders = await owner.fetch("SELECT * FROM orders ORDER BY number")
    assert [(o["number"], o["goods"], o["shipping"], o["total"]) for o in orders] == [
        (f"{outcome.number}-1", 7490, 800, 8290),
        (f"{outcome.number}-2", 20000, 0, 20000),
    ]
    stock = {r["subject_id"]: (r["held"], r["sold"]) for r in await owner.fetch("SELECT * FROM allotments")}
    assert stock == {shop.variants["TEA"]: (1, 0), shop.variants["CUP"]: (2, 0), shop.variants["POT"]: (1, 0)}
    payment = await owner.fetchrow("SELECT * FROM payments")
    assert (payment["amount"], payment["state"], payment["currency"]) == (28290, "created", "CNY")
    owed = await owner.fetchval("SELECT sum(amount) FROM transfers WHERE debit_kind = 'customer_receivable'")
    assert owed == 28290
    cart_row = await owner.fetchrow("SELECT state, purchase_id FROM carts")
    assert tuple(cart_row) == ("completed", outcome.purchase_id)


async def test_a_lone_placement_takes_at_most_twelve_statements(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1, "POT": 1}, now=now)
    before = db.statements
    await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    assert db.statements - before == 12


async def test_a_replay_returns_the_first_outcome_and_writes(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now)
    [first] = await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    [again] = await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    assert first == again
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 1
    assert await owner.fetchval("SELECT replays FROM idempotency_keys") == 1


async def test_a_reused_key_with_another_request_is_refused(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now)
    other = type(cart.command)(
        cart.command.cart_id, cart.command.idempotency_key, 1, "CNY", cart.command.buyer
    )
    outcomes = await place_orders(db, [cart.command, other], now=now, deadline=DEADLINE)
    assert isinstance(outcomes[0], Placed)
    assert outcomes[1] == Refused("idempotency_key_reused", {})


async def test_a_key_remembers_who_used_it_as_keys_always_did(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    """Keys of an earlier release must still match their repeats."""
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now)
    await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    stored = await owner.fetchval("SELECT request_hash FROM idempotency_keys")
    total = cart.command.expected_total
    assert stored == request_hash(total, "CNY", token_hash(cart.token).hex(), "None")


async def test_the_cart_of_an_account_is_only_the_accounts(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime
) -> None:
    account_id = (await a_person(db, keys, email="me@b.test", name="Me", now=now)).id
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now, account_id=account_id)
    token = token_hash(cart.token)
    commands = [
        msgspec.structs.replace(cart.command, idempotency_key=f"key-{turn}", buyer=buyer)
        for turn, buyer in enumerate((guest(token), guest(token, new_id()), shopper(account_id)))
    ]
    *strangers, own = await place_orders(db, commands, now=now, deadline=DEADLINE)
    assert strangers == [Refused("unknown_cart", {})] * 2
    assert isinstance(own, Placed)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expected_total": 1}, "price_changed"),
        ({"currency": "USD"}, "price_changed"),
        ({"buyer": guest(b"x" * 32)}, "unknown_cart"),
    ],
)
async def test_a_refusal_changes_nothing(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, change: dict[str, Any], code: str
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now)
    fields = {name: getattr(cart.command, name) for name in cart.command.__struct_fields__} | change
    [outcome] = await place_orders(db, [type(cart.command)(**fields)], now=now, deadline=DEADLINE)
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    await _nothing_sold(owner)
    [placed] = await place_orders(db, [_with_key(cart, "key-2")], now=now, deadline=DEADLINE)
    assert isinstance(placed, Placed)


def _with_key(cart: ReadyCart, key: str) -> Any:
    fields = {name: getattr(cart.command, name) for name in cart.command.__struct_fields__}
    return type(cart.command)(**(fields | {"idempotency_key": key}))


async def _nothing_sold(owner: Any) -> None:
    for table in ("purchases", "orders", "order_lines", "holds", "payments", "transfers"):
        assert await owner.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    assert await owner.fetchval("SELECT sum(held + sold) FROM allotments") == 0
    assert await owner.fetchval("SELECT state FROM carts") == "open"


async def test_a_shortage_names_the_lines_and_harms_no_other_command(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime
) -> None:
    greedy = await a_ready_cart(db, keys, shop, {"CUP": 4}, now=now)
    modest = await a_ready_cart(db, keys, shop, {"CUP": 3}, now=now)
    outcomes = await place_orders(db, [greedy.command, modest.command], now=now, deadline=DEADLINE)
    assert outcomes[0] == Refused(
        "out_of_stock", {"lines": [{"variant_id": str(shop.variants["CUP"]), "wanted": 4, "available": 3}]}
    )
    assert isinstance(outcomes[1], Placed)


async def test_an_expired_hold_does_not_block_a_sale(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    first = await a_ready_cart(db, keys, shop, {"POT": 1}, now=now)
    await place_orders(db, [first.command], now=now, deadline=DEADLINE)
    second = await a_ready_cart(db, keys, shop, {"POT": 1}, now=now)
    [early] = await place_orders(db, [second.command], now=now + DEADLINE, deadline=DEADLINE)
    assert isinstance(early, Refused)
    later = now + DEADLINE + timedelta(minutes=3)
    [late] = await place_orders(db, [_with_key(second, "key-2")], now=later, deadline=DEADLINE)
    assert isinstance(late, Placed)
    states = [row[0] for row in await owner.fetch("SELECT state FROM holds ORDER BY created_at")]
    assert states == ["expired", "active"]


async def test_a_hundred_buyers_of_one_unit_make_one_order(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    carts = [await a_ready_cart(db, keys, shop, {"POT": 1}, now=now) for _ in range(100)]
    results = await asyncio.gather(
        *(place_orders(db, [cart.command], now=now, deadline=DEADLINE) for cart in carts)
    )
    placed = [result[0] for result in results if isinstance(result[0], Placed)]
    assert len(placed) == 1
    assert (
        await owner.fetchval("SELECT held FROM allotments WHERE subject_id = $1", shop.variants["POT"]) == 1
    )
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 1


async def test_opposite_line_orders_do_not_deadlock(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime
) -> None:
    one = {"TEA": 1, "CUP": 1}
    other = {"CUP": 1, "TEA": 1}
    carts = [await a_ready_cart(db, keys, shop, lines, now=now) for lines in (one, other, one, other)]
    results = await asyncio.gather(
        *(place_orders(db, [cart.command], now=now, deadline=DEADLINE) for cart in carts)
    )
    assert sum(isinstance(result[0], Placed) for result in results) == 3
    assert total_of(one) == total_of(other)


async def test_a_provider_that_is_down_uses_up_no_key(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now)
    label = {"en": "Alipay"}
    silent = Method(code="alipay", label=label, currencies=frozenset({"CNY"}), is_down=True)
    down = {"alipay": silent}
    for _ in range(2):
        [refusal] = await place_orders(db, [cart.command], now=now, deadline=DEADLINE, methods=down)
        assert isinstance(refusal, Refused)
        assert (refusal.code, refusal.params["reason"]) == ("payment_method_not_offered", MethodProblem.DOWN)
    assert await owner.fetchval("SELECT outcome FROM idempotency_keys") is None
    assert await owner.fetchval("SELECT state FROM carts") == "open"
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 0
    [placed] = await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    assert isinstance(placed, Placed)
    [again] = await place_orders(db, [cart.command], now=now, deadline=DEADLINE, methods=down)
    assert again == placed, "what came of a key is told, whoever is down by now"
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 1


@pytest.mark.parametrize("error", PASSING, ids=lambda error: error.code)
def test_what_a_repeat_may_cure_is_no_outcome(error: type[Unavailable]) -> None:
    assert is_passing(Refused(error.code, {}))


def test_what_no_repeat_cures_is_an_outcome() -> None:
    assert not is_passing(Refused("out_of_stock", {}))
    assert not is_passing(Refused("payment_method_not_offered", {"reason": MethodProblem.COUNTRY}))
