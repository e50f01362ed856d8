"""WeChat Pay's notices through the public address: believed only when signed now, for us, and right."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

import msgspec
import pytest
from tests.world.client import Api, Changes, Placed, key, problem
from tests.world.gateways import wechat_at
from tests.world.shop import total_of

from merx.kit.money import Money
from merx.payments.providers import ProviderRegistry
from merx.simulators import (
    NoticeAnswer,
    WechatSimulator,
)
from merx.simulators.wechat.model import Fault, FaultKind

NOTIFY = "/payments/wechat/notify"
REFUSED = 'refused: 401 {"code":"FAIL","message":"失败"}'


class Sent(msgspec.Struct):
    """The notices as they were sent."""

    notices: list[tuple[dict[str, str], bytes]] = []


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
async def wechat(api: Api, now: datetime, sent: Sent) -> AsyncIterator[WechatSimulator]:
    """A simulated WeChat Pay that the shop offers beside Alipay."""

    async def send(url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        sent.notices.append((dict(headers), body))
        answer = await api.client.post(url, content=body, headers=dict(headers))
        return NoticeAnswer(answer.status_code, answer.content)

    simulator = WechatSimulator.in_memory(now=now, send_notice=send)
    simulator.clock = api.simulator.clock
    provider = wechat_at(simulator)
    api.services.providers = ProviderRegistry([*api.services.providers, provider])
    yield simulator
    await provider.aclose()
    simulator.close()


async def paid_unsaid(api: Api, wechat: WechatSimulator) -> Placed:
    """A purchase that is paid at WeChat Pay; its notice has not been sent yet."""
    url, shown = await api.ready_cart({"TEA": 1})
    chosen = await api.client.put(f"{url}/payment-method", json={"provider": "wechat"}, headers=shown)
    assert chosen.status_code == 200, chosen.text
    answer = await api.client.post(
        f"{url}/checkout",
        json={"expected_total": {"amount": total_of({"TEA": 1}), "currency": "CNY"}},
        headers={**shown, **key()},
    )
    placed = Placed(answer.json(), url.rpartition("/")[2], shown)
    started = await api.client.post(f"{placed.url}/pay", headers=placed.headers)
    assert started.status_code == 200, started.text
    assert started.json()["action"]["kind"] == "qr"
    wechat.pay(wechat.list_orders()[-1].number)
    return placed


async def state_of(api: Api, placed: Placed) -> str:
    return str((await api.client.get(placed.url, headers=placed.headers)).json()["state"])


async def test_a_notice_places_the_order_once_however_often_it_comes(
    api: Api, wechat: WechatSimulator, sent: Sent
) -> None:
    placed = await paid_unsaid(api, wechat)
    wechat.add_fault(Fault(kind=FaultKind.DUPLICATE, copies=2))
    assert [line.outcome for line in await wechat.deliver_due()] == ["success"] * 3
    assert await state_of(api, placed) == "placed"
    assert await api.owner.fetchval("SELECT count(*) FROM payment_events") == 1
    ((headers, body), *_) = sent.notices
    answer = await api.client.post(NOTIFY, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (200, "SUCCESS")
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("kind", ["forge", "probe", "old", "wrong_app", "wrong_seller", "wrong_amount"])
async def test_a_notice_not_to_be_believed_changes_nothing_and_the_true_one_still_counts(
    api: Api, wechat: WechatSimulator, changes: Changes, kind: str
) -> None:
    placed = await paid_unsaid(api, wechat)
    wechat.add_fault(Fault(kind=FaultKind(kind)))
    async with changes.none():
        assert [line.outcome for line in await wechat.deliver_due()] == [REFUSED]
    assert await state_of(api, placed) == "pending_payment"
    assert [line.outcome for line in await wechat.advance(timedelta(seconds=15))] == ["success"]
    assert await state_of(api, placed) == "placed"


async def test_a_notice_replayed_after_three_days_is_refused(
    api: Api, wechat: WechatSimulator, sent: Sent, changes: Changes
) -> None:
    await paid_unsaid(api, wechat)
    await wechat.deliver_due()
    wechat.clock.advance(timedelta(days=3))
    ((headers, body),) = sent.notices
    async with changes.none():
        answer = await api.client.post(NOTIFY, content=body, headers=headers)
    assert answer.status_code == 401


async def test_what_is_no_notice_changes_nothing(api: Api, wechat: WechatSimulator, changes: Changes) -> None:
    await paid_unsaid(api, wechat)
    signed_by = wechat.keys.notice_headers
    async with changes.none():
        for body in (b"", b"{}", b"\xff\xfe", b'{"event_type":"TRANSACTION.SUCCESS"}'):
            bare = await api.client.post(NOTIFY, content=body)
            signed = await api.client.post(
                NOTIFY, content=body, headers=signed_by(body, now=wechat.clock.now())
            )
            assert (bare.status_code, signed.status_code) == (401, 401)
        large = await api.client.post(NOTIFY, content=b"x" * 70_000)
        problem(large, 413, "body_too_large")


async def test_a_notice_for_a_number_that_is_not_ours_is_refused(
    api: Api, wechat: WechatSimulator, changes: Changes
) -> None:
    await paid_unsaid(api, wechat)
    await api.owner.execute("UPDATE payments SET number = 'M00000000000'")
    async with changes.none():
        assert [line.outcome for line in await wechat.deliver_due()] == [REFUSED]


async def test_a_refunds_notice_is_kept_and_moves_nothing_by_itself(
    api: Api, wechat: WechatSimulator
) -> None:
    placed = await paid_unsaid(api, wechat)
    await wechat.deliver_due()
    provider = api.services.providers.get("wechat")
    number = wechat.list_orders()[-1].number
    await provider.refund(number=number, refund_number="R1", amount=Money(1, "CNY"))
    assert [line.outcome for line in await wechat.deliver_due()] == ["success"]
    outcomes = await api.owner.fetch("SELECT outcome FROM provider_notices ORDER BY outcome")
    assert [row["outcome"] for row in outcomes][-1] == "refund_succeeded"
    assert await state_of(api, placed) == "placed"
