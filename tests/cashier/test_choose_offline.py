"""Changing a purchase that waits to bank transfer or cash on delivery, and back: its deadline, its stock, its authorization."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from tests.world.counter import DEADLINE, Counter, Sold, a_counter

from merx.cashier import (
    AlreadyPaid,
    choose_method,
    confirm_offline,
    expire_unpaid,
)
from merx.checkout import OutOfStock
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.inventory import release_holds
from merx.kit.actors import Staff
from merx.kit.ids import new_id
from merx.kit.money import Money
from merx.payments import NotPayable, payments_of
from merx.payments.providers import CashOnDeliveryProvider, MethodNotOffered, ProviderRegistry
from merx.verify import verify

DAYS = timedelta(days=3)
GRACE = timedelta(minutes=2)


@pytest.fixture
async def counter(db: Database, keys: MasterKeys, owner: Any, now: Any) -> Counter:
    return await a_counter(db, keys, owner, now)


async def choose(counter: Counter, sold: Sold, provider: str) -> bool:
    return await choose_method(
        counter.db, counter.providers, purchase_id=sold.id, method=provider,
        actor=sold.cart.command.buyer, now=counter.now,
    )  # fmt: skip


async def deadlines(counter: Counter, sold: Sold) -> list[Any]:
    """Of the purchase, its newest attempt, and its active holds."""
    row = await counter.owner.fetchrow(
        """
        SELECT p.expires_at, (SELECT expires_at FROM payments WHERE purchase_id = p.id ORDER BY number DESC LIMIT 1),
               (SELECT array_agg(DISTINCT expires_at) FROM holds WHERE purchase_id = p.id AND state = 'active')
          FROM purchases p WHERE p.id = $1
        """,
        sold.id,
    )
    return [row[0], row[1], row[2]]


async def attempts(counter: Counter, sold: Sold) -> list[tuple[str, str]]:
    async with counter.db.read() as read:
        return [(each.provider, each.state.value) for each in await payments_of(read, [sold.id])]


async def expire(counter: Counter) -> int:
    return await expire_unpaid(counter.db, counter.providers, now=counter.now)


async def sound(counter: Counter) -> None:
    report = await verify(counter.db, now=counter.now, key_ids=None)
    assert [(each.code, each.named) for each in report.results if each.breaks] == []


async def test_a_change_to_bank_transfer_gives_the_purchase_and_its_stock_the_days_a_transfer_takes(
    counter: Counter,
) -> None:
    sold = await counter.place({"TEA": 1, "CUP": 2}, "bank")
    placed_at = counter.now
    counter.now += timedelta(minutes=10)
    assert await choose(counter, sold, "bank_transfer") is True
    until = placed_at + DAYS
    assert await deadlines(counter, sold) == [until, until, [until + GRACE]]
    assert counter.bank.money[sold.payment_number][0] == "closed"
    assert await attempts(counter, sold) == [("bank", "expired"), ("bank_transfer", "created")]
    assert (await counter.start(sold)).instructions["reference"] == f"{sold.number}P2"
    counter.now = placed_at + DEADLINE + timedelta(minutes=3)
    assert await expire(counter) == 0
    assert (await counter.stock("TEA"), await counter.stock("CUP")) == ((1, 0), (2, 0))
    async with counter.db.read() as read:
        payment = (await payments_of(read, [sold.id]))[-1]
    outcome = await counter.db.write(
        lambda tx: confirm_offline(
            tx,
            counter.providers,
            payment_id=payment.id,
            amount=Money(sold.total, "CNY"),
            reference="B-1",
            received_at=counter.now,
            actor=Staff(new_id()),
            now=counter.now,
        )
    )
    assert outcome == "placed"
    assert (await counter.stock("TEA"), await counter.stock("CUP")) == ((0, 1), (0, 2))
    await sound(counter)


async def test_a_transfer_that_never_comes_ends_at_its_own_deadline(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1}, "bank")
    placed_at = counter.now
    await choose(counter, sold, "bank_transfer")
    await counter.start(sold)
    counter.now = placed_at + DAYS - timedelta(seconds=1)
    assert await expire(counter) == 0
    counter.now = placed_at + DAYS
    assert await expire(counter) == 1
    assert (await counter.state(sold))[:2] == ("cancelled", "expired")
    assert await attempts(counter, sold) == [("bank", "expired"), ("bank_transfer", "expired")]
    assert await counter.stock("TEA") == (0, 0)
    await sound(counter)


async def test_to_and_fro_gains_no_time_and_going_back_loses_none(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1}, "bank")
    until = counter.now + DAYS
    for provider in ("bank_transfer", "bank", "bank_transfer", "bank"):
        counter.now += timedelta(minutes=5)
        assert await choose(counter, sold, provider) is True
        assert await deadlines(counter, sold) == [until, until, [until + GRACE]]
    counter.now += DEADLINE
    assert (await counter.start(sold)).kind == "redirect"
    assert await attempts(counter, sold) == [
        ("bank", "expired"), ("bank_transfer", "expired"), ("bank", "expired"), ("bank_transfer", "expired"),
        ("bank", "action_required"),
    ]  # fmt: skip
    await sound(counter)


async def test_more_time_for_goods_that_went_to_others_is_refused(counter: Counter) -> None:
    all_of_it = await counter.owner.fetchval(
        "SELECT sum(received)::int FROM allotments WHERE subject_id = $1", counter.shop.variants["TEA"]
    )
    sold = await counter.place({"TEA": 1}, "bank")
    await counter.db.write(lambda tx: release_holds(tx, purchase_ids=[sold.id], now=counter.now))
    await counter.owner.execute(
        "UPDATE allotments SET received = $2 WHERE subject_id = $1 AND kind = 'stock'",
        counter.shop.variants["TEA"], 0,
    )  # fmt: skip
    before = await counter.everything()
    with pytest.raises(OutOfStock):
        await choose(counter, sold, "bank_transfer")
    after = await counter.everything()
    assert {name for name in before if before[name] != after[name]} == set()
    await counter.owner.execute(
        "UPDATE allotments SET received = $2 WHERE subject_id = $1 AND kind = 'stock'",
        counter.shop.variants["TEA"], all_of_it,
    )  # fmt: skip
    until = counter.now + DAYS
    assert await choose(counter, sold, "bank_transfer") is True
    assert await deadlines(counter, sold) == [until, until, [until + GRACE]]
    assert await counter.stock("TEA") == (1, 0)
    await sound(counter)


async def test_a_change_to_cash_on_delivery_is_authorized_once_it_is_begun(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1}, "bank")
    before = await deadlines(counter, sold)
    assert await choose(counter, sold, "cash_on_delivery") is True
    assert await deadlines(counter, sold) == before
    assert (await counter.state(sold))[0] == "pending_payment"
    await counter.start(sold)
    assert await attempts(counter, sold) == [("bank", "expired"), ("cash_on_delivery", "authorized")]
    assert (await counter.state(sold))[0] == "placed"
    assert await counter.stock("TEA") == (0, 1)
    for provider in ("bank", "bank_transfer"):
        with pytest.raises(AlreadyPaid):
            await choose(counter, sold, provider)
    await sound(counter)


async def test_cash_on_delivery_stays_with_one_seller_and_the_countries_it_serves(counter: Counter) -> None:
    two = await counter.place({"TEA": 1, "POT": 1}, "bank")
    one = await counter.place({"TEA": 1}, "bank")
    elsewhere = CashOnDeliveryProvider(currencies=frozenset({"CNY"}), countries=frozenset({"NZ"}))
    for sold, cash in ((two, counter.cash), (one, elsewhere)):
        counter.providers = ProviderRegistry([counter.bank, counter.transfer, cash])
        before = await counter.everything()
        with pytest.raises(MethodNotOffered) as refused:
            await choose(counter, sold, "cash_on_delivery")
        assert refused.value.params["offered"] == "bank, bank_transfer"
        assert await counter.everything() == before
        assert counter.bank.money[sold.payment_number][0] == "waiting"


@pytest.mark.parametrize("spread", [0, 1, 3, 10, 30, 100])
async def test_a_change_while_the_deadline_passes_either_gains_time_or_finds_it_over(
    counter: Counter, spread: int
) -> None:
    async def later(turns: int, work: Any) -> Any:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await work()

    for expiry_first in (True, False):
        sold = await counter.place({"TEA": 1}, "bank")
        placed_at = counter.now
        end = placed_at + DEADLINE
        counter.now = end - timedelta(seconds=1)
        racers = [
            partial(choose, counter, sold, "bank_transfer"),
            partial(expire_unpaid, counter.db, counter.providers, now=end),
        ]
        if expiry_first:
            racers.reverse()
        results = await asyncio.gather(
            *(later(place * spread, racer) for place, racer in enumerate(racers)), return_exceptions=True
        )
        changed, expired = reversed(results) if expiry_first else results
        if changed is True:
            assert expired == 0
            until = placed_at + DAYS
            assert await deadlines(counter, sold) == [until, until, [until + GRACE]]
            assert (await counter.state(sold))[0] == "pending_payment"
            assert (await attempts(counter, sold))[-1] == ("bank_transfer", "created")
            assert await counter.cancel(sold) is True
        else:
            assert isinstance(changed, NotPayable), changed
            assert expired == 1
            assert (await counter.state(sold))[:2] == ("cancelled", "expired")
        assert await counter.stock("TEA") == (0, 0)
        counter.now = end
    await sound(counter)
