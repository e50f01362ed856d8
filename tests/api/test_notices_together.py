"""Notices that arrive at the same moment, at the public address."""

import asyncio

import httpx
import pytest
from tests.world.client import Api

from merx.infra import batch_queue

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
BATCH_OF_ONE = 12


async def test_notices_at_the_same_moment_are_applied_together_and_each_is_acknowledged(
    api: Api, client: httpx.AsyncClient
) -> None:
    purchases = [await api.placed({"TEA": 1}) for _ in range(6)]
    for placed in purchases:
        api.simulator.pay(await api.open_cashier(placed))
    bodies = [api.simulator.notices.message(each, None).body for each in api.simulator.list_notices()]
    assert len(bodies) == 6
    before = api.services.db.statements
    answers = await asyncio.gather(
        *(client.post("/payments/alipay/notify", content=body, headers=FORM) for body in bodies)
    )
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"success")}
    # The first starts at once; what arrives while it is applied is the next batch.
    assert api.services.db.statements - before <= 3 * BATCH_OF_ONE
    states = [(await client.get(each.url, headers=each.headers)).json()["state"] for each in purchases]
    assert states == ["placed"] * 6


async def test_a_sender_that_goes_away_has_been_heard_all_the_same(
    api: Api, client: httpx.AsyncClient
) -> None:
    placed = await api.placed({"TEA": 1})
    api.simulator.pay(await api.open_cashier(placed))
    body = api.simulator.notices.message(api.simulator.list_notices()[-1], None).body
    sent = asyncio.create_task(client.post("/payments/alipay/notify", content=body, headers=FORM))
    while api.services.notices._queue._runner is None:
        await asyncio.sleep(0)
    sent.cancel()
    await asyncio.gather(sent, return_exceptions=True)
    await api.services.notices.drain()
    assert (await client.get(placed.url, headers=placed.headers)).json()["state"] == "placed"


async def test_a_process_that_keeps_too_many_waiting_asks_for_the_notice_again(
    api: Api, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await api.placed({"TEA": 1})
    api.simulator.pay(await api.open_cashier(placed))
    body = api.simulator.notices.message(api.simulator.list_notices()[-1], None).body
    monkeypatch.setattr(batch_queue, "QUEUE_LIMIT", 0)
    answer = await client.post("/payments/alipay/notify", content=body, headers=FORM)
    assert answer.content == b"failure"
    assert (await client.get(placed.url, headers=placed.headers)).json()["state"] == "pending_payment"
    monkeypatch.undo()
    answer = await client.post("/payments/alipay/notify", content=body, headers=FORM)
    assert answer.content == b"success"
    assert (await client.get(placed.url, headers=placed.headers)).json()["state"] == "placed"
