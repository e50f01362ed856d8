"""Everybody tells the shop of the same money in the same instant, at every provider: it moves once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from tests.property.lives import DEADLINE, Life, Stage

from merx.cashier import AlreadyPaid, cancel_purchase
from merx.infra.db import Database
from merx.sellers import add_member

FAMILIES = ("alipay", "wechat", "card")
PASSWORD = "correct horse battery staple"


@pytest.fixture
async def stage(
    db: Database, owner: asyncpg.Connection, tmp_path: Path, now: datetime
) -> AsyncIterator[Stage]:
    stage = Stage(db, owner, tmp_path, now)
    await stage.open()
    yield stage
    await stage.close()


async def paid_in_the_last_second(stage: Stage, family: str) -> tuple[Life, list[str]]:
    """A purchase that is paid, of which nothing was told, and whose time is over now; and what there is to tell."""
    life = Life(stage, stage.peers.by_code[family])
    await life.order({"TEA": 2})
    stage.peers.clock.advance(DEADLINE - timedelta(seconds=1))
    await life.pay()
    sayings = [
        *await life.hear(),
        life.may_come_back(),
        life.may_run("ask_in_doubt"),
        life.may_run("expire_unpaid"),
    ]
    stage.peers.clock.advance(timedelta(seconds=2))
    return life, sayings


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("family", FAMILIES)
async def test_notices_queries_returns_and_expiry_at_once_place_once(
    stage: Stage, family: str, turn: int
) -> None:
    life, sayings = await paid_in_the_last_second(stage, family)
    everybody = sayings[turn:] + sayings[:turn]
    await asyncio.gather(*(life.tell(saying) for saying in everybody * 3))
    ending = await life.ending()
    assert ending.purchase == ("placed", None)
    assert ending.payments == [("captured", life.placed.total, 0)]
    assert ending.refunds == []
    assert ending.stock["TEA"] == (0, 2)
    assert (ending.happened["PaymentCaptured"], ending.happened["OrderPaid"]) == (1, 1)
    assert ending.booked_at_provider == life.placed.total


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_cancellation_among_them_finds_it_paid(stage: Stage, family: str) -> None:
    life, sayings = await paid_in_the_last_second(stage, family)

    async def cancel() -> bool:
        return await cancel_purchase(
            stage.db, stage.services.providers, purchase_id=life.placed.purchase_id,
            actor=life.cart.command.buyer, now=stage.clock(),
        )  # fmt: skip

    told = [life.tell(saying) for saying in sayings]
    results = await asyncio.gather(cancel(), cancel(), *told, return_exceptions=True)
    assert [type(each) for each in results[:2]] == [AlreadyPaid] * 2
    assert results[2:] == [None] * len(told)
    assert (await life.ending()).purchase == ("placed", None)


@pytest.mark.parametrize("family", FAMILIES)
async def test_two_paid_attempts_told_at_once_keep_one_and_give_one_back(stage: Stage, family: str) -> None:
    life = Life(stage, stage.peers.by_code[family])
    await life.order({"TEA": 1})
    await life.start_again()
    await life.pay(0)
    await life.pay(1)
    sayings = [*await life.hear(), life.may_come_back(0), life.may_come_back(1), life.may_run("ask_in_doubt")]
    await asyncio.gather(*(life.tell(saying) for saying in sayings * 2))
    stage.peers.clock.advance(timedelta(minutes=2))
    await asyncio.gather(*(stage.job("send_refunds") for _ in range(4)))
    await life.settle()
    ending = await life.ending()
    assert ending.purchase == ("placed", None)
    total = life.placed.total
    assert ending.payments == [("captured", total, 0), ("captured", total, total)]
    assert ending.refunds == [("duplicate_payment", "succeeded", total)]
    assert ending.provider == [(total, 0, False), (total, total, False)]


@pytest.mark.parametrize("family", FAMILIES)
async def test_ten_full_refunds_at_once_through_the_api_pay_once(stage: Stage, family: str) -> None:
    life, sayings = await paid_in_the_last_second(stage, family)
    await life.tell(sayings[-2])
    guest = {"Cart-Token": life.cart.token}
    order = (await stage.web.get(f"/api/v1/purchases/{life.placed.purchase_id}", headers=guest)).json()[
        "orders"
    ][0]
    wanted = {
        "kind": "refund_only",
        "reason": "changed_mind",
        "lines": [{"order_line_id": each["id"], "quantity": each["quantity"]} for each in order["lines"]],
    }
    applied = await ten_times(stage, f"/orders/{order['id']}/returns", guest, wanted)
    assert Counter(answer.status_code for answer in applied) == {201: 1, 409: 9}
    (case,) = [answer.json() for answer in applied if answer.status_code == 201]
    seller = await a_seller(stage)
    approved = await ten_times(stage, f"/seller/returns/{case['id']}/approve", seller, None)
    assert Counter(answer.status_code for answer in approved) == {200: 1, 409: 9}
    await asyncio.gather(*(stage.job("send_refunds") for _ in range(10)))
    for notice in await life.hear():
        await asyncio.gather(*(life.tell(notice) for _ in range(5)))
    await life.settle()
    ending, total = await life.ending(), life.placed.total
    assert ending.purchase == ("cancelled", "refunded")
    assert ending.refunds == [("after_sales", "succeeded", total)]
    assert ending.provider == [(total, total, False)]
    assert ending.booked_at_provider == 0
    assert set(ending.ledger.values()) == {0}


async def ten_times(
    stage: Stage, path: str, headers: dict[str, str], body: dict[str, Any] | None
) -> list[httpx.Response]:
    """The same wish ten times at once, each under a key of its own."""
    return await asyncio.gather(
        *(
            stage.web.post(f"/api/v1{path}", json=body, headers={**headers, "Idempotency-Key": uuid4().hex})
            for _ in range(10)
        )
    )


async def a_seller(stage: Stage) -> dict[str, str]:
    """Somebody who works for the tea house, logged in."""
    person = {"email": "seller@example.com", "password": PASSWORD, "name": "茶馆", "locale": "zh-CN"}
    opened = (await stage.web.post("/api/v1/accounts", json=person)).json()
    account_id = await stage.owner.fetchval("SELECT id FROM accounts")
    async with stage.db.transaction() as tx:
        await add_member(
            tx,
            seller_id=stage.shop.sellers["tea-house"],
            account_id=account_id,
            role="owner",
            now=stage.clock(),
        )
    return {"Authorization": f"Bearer {opened['token']}"}
