"""Who is told of money that is authorized and of money that people confirm."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from tests.world.counter import Counter, Sold, a_counter

from merx.accounts import register
from merx.cashier import ask_provider, capture_authorized, confirm_offline
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.dispatch import drain
from merx.kit.actors import Staff
from merx.kit.ids import new_id
from merx.kit.money import Money
from merx.sellers import add_member
from merx.subscriptions import SUBSCRIPTIONS


@pytest.fixture
async def counter(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> Counter:
    return await a_counter(db, keys, owner, now)


async def person(counter: Counter, email: str, *, seller: str | None = None) -> UUID:
    async with counter.db.transaction() as tx:
        account = await register(
            tx, counter.keys, email=email, password_hash="-", name="P", locale="en", now=counter.now
        )
        if seller:
            shop = counter.shop.sellers[seller]
            await add_member(tx, seller_id=shop, account_id=account.id, role="owner", now=counter.now)
    return account.id


async def told(counter: Counter, account_id: UUID) -> list[str]:
    await drain(counter.db, SUBSCRIPTIONS, now=counter.now)
    rows = await counter.owner.fetch(
        "SELECT kind FROM notifications WHERE account_id = $1 ORDER BY event_id", account_id
    )
    return [row[0] for row in rows]


async def authorize(counter: Counter, sold: Sold) -> None:
    counter.bank.authorize(sold.payment_number)
    payment = await counter.payment(sold)
    await ask_provider(counter.db, counter.providers, payment_id=payment.id, now=counter.now)


async def test_a_seller_is_told_to_ship_once(counter: Counter) -> None:
    seller = await person(counter, "tea@example.com", seller="tea-house")
    other = await person(counter, "pot@example.com", seller="pottery")
    sold = await counter.place({"TEA": 1}, "bank")
    await authorize(counter, sold)
    await counter.ship(sold)
    assert await capture_authorized(counter.db, counter.providers, now=counter.now) == 1
    assert await told(counter, seller) == ["order_authorized"]
    assert await told(counter, other) == []


async def test_a_seller_is_told_not_to_ship_what_the_buyer_cancelled(counter: Counter) -> None:
    seller = await person(counter, "tea@example.com", seller="tea-house")
    sold = await counter.place({"TEA": 1}, "cash_on_delivery")
    await counter.cancel(sold)
    assert await told(counter, seller) == ["order_authorized", "order_withdrawn"]


async def test_a_buyer_is_told_that_the_transfer_arrived(counter: Counter) -> None:
    buyer = await person(counter, "buyer@example.com")
    seller = await person(counter, "tea@example.com", seller="tea-house")
    sold = await counter.place({"TEA": 1}, "bank_transfer", account_id=buyer)
    payment = await counter.payment(sold)
    await counter.db.write(
        lambda tx: confirm_offline(
            tx, counter.providers, payment_id=payment.id, amount=Money(sold.total, "CNY"), reference="B", received_at=counter.now,
            actor=Staff(new_id()), now=counter.now,
        )
    )  # fmt: skip
    assert await told(counter, buyer) == ["payment_confirmed"]
    assert await told(counter, seller) == ["order_paid"]
    mails = await counter.owner.fetch("SELECT kind FROM mails WHERE account_id = $1", buyer)
    assert [row[0] for row in mails] == ["payment_confirmed"]
