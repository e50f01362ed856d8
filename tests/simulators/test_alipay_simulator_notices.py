"""Notices: contents, the retry schedule on a clock that is moved, and every fault on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from merx.simulators import AlipaySimulator, NoticeAnswer
from merx.simulators.alipay.model import Fault, FaultKind
from merx.simulators.common.model import NoticeState

if TYPE_CHECKING:
    from tests.world.merchant import Calls, Shop

REFUSED = NoticeAnswer(500, b"")


async def paid(calls: Calls, number: str = "M1") -> None:
    await calls.open(number)
    calls.shop.simulator.pay(number)


async def test_a_payment_is_announced_once_with_signed_fields(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    await calls.open(passback_params="a%3D1&b")
    simulator.pay("M1")
    assert [line.outcome for line in await simulator.deliver_due()] == ["success"]
    assert await simulator.advance(timedelta(days=30)) == []
    (notice,) = shop.received
    assert notice.genuine
    assert notice.url == "https://shop.test/notice"
    expected = {
        "notify_type": "trade_status_sync",
        "notify_time": "2026-03-01 12:00:00",
        "app_id": "9021000100000001",
        "seller_id": "2088000100000002",
        "charset": "utf-8",
        "out_trade_no": "M1",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "8.80",
        "gmt_payment": "2026-03-01 12:00:00",
        "subject": "铁观音 <b>250g</b>",
        "passback_params": "a%3D1&b",
        "fund_bill_list": '[{"amount":"8.80","fundChannel":"ALIPAYACCOUNT"}]',
    }
    assert {name: notice.fields[name] for name in expected} == expected
    assert notice.fields["trade_no"] == simulator.list_trades()[0].trade_no


async def test_a_notice_is_repeated_on_schedule_and_then_given_up(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    shop.answers = [REFUSED] * 20
    await paid(calls)
    minutes = [0, 4, 14, 24, 84, 204, 564, 1464]
    passed = 0
    for due in minutes:
        if due:
            assert await simulator.advance(timedelta(minutes=due - passed, seconds=-1)) == []
            assert len(await simulator.advance(timedelta(seconds=1))) == 1
        else:
            assert len(await simulator.deliver_due()) == 1
        passed = due
    assert await simulator.advance(timedelta(days=30)) == []
    start = shop.received[0].at
    assert [(notice.at - start) / timedelta(minutes=1) for notice in shop.received] == minutes
    assert len({notice.fields["notify_id"] for notice in shop.received}) == 1
    assert len({notice.fields["notify_time"] for notice in shop.received}) == 8
    assert all(notice.genuine for notice in shop.received)
    assert simulator.list_notices()[0].state is NoticeState.ABANDONED


async def test_one_long_jump_delivers_every_repetition_at_its_own_time(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    shop.answers = [REFUSED] * 20
    await paid(calls)
    lines = await simulator.advance(timedelta(days=2))
    assert len(lines) == 8
    assert [notice.fields["notify_time"] for notice in shop.received[:3]] == [
        "2026-03-01 12:00:00",
        "2026-03-01 12:04:00",
        "2026-03-01 12:14:00",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        NoticeAnswer(200, b"success\n"),
        NoticeAnswer(200, b"SUCCESS"),
        NoticeAnswer(200, b'"success"'),
        NoticeAnswer(200, b"failure"),
        NoticeAnswer(201, b"success"),
        NoticeAnswer(302, b"success"),
        NoticeAnswer(500, b"success"),
        ConnectionError("refused"),
        TimeoutError(),
    ],
)
async def test_only_the_exact_answer_ends_the_repetitions(
    shop: Shop, calls: Calls, simulator: AlipaySimulator, answer: NoticeAnswer | Exception
) -> None:
    shop.answers = [answer]
    await paid(calls)
    assert [line.outcome == "success" for line in await simulator.deliver_due()] == [False]
    assert [line.outcome for line in await simulator.advance(timedelta(minutes=4))] == ["success"]
    assert len(shop.received) == 2


async def test_closing_is_announced_whether_by_call_or_by_deadline(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    await calls.open("M1")
    await calls.open("M2")
    await calls.api("alipay.trade.close", out_trade_no="M1")
    await simulator.deliver_due()
    await simulator.advance(timedelta(minutes=31))
    assert [
        (n.fields["out_trade_no"], n.fields["trade_status"], n.fields["gmt_close"]) for n in shop.received
    ] == [
        ("M1", "TRADE_CLOSED", "2026-03-01 12:00:00"),
        ("M2", "TRADE_CLOSED", "2026-03-01 12:30:00"),
    ]
    assert "gmt_payment" not in shop.received[0].fields


async def test_a_link_nobody_opened_expires_in_silence(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    await calls.web.get("/gateway.do", params=shop.page_pay())
    assert await simulator.advance(timedelta(hours=1)) == []
    assert shop.received == []


async def test_a_lost_notice_comes_with_the_next_repetition(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.LOSE))
    await paid(calls)
    assert [line.outcome for line in await simulator.deliver_due()] == ["lost"]
    assert shop.received == []
    await simulator.advance(timedelta(minutes=4))
    assert len(shop.received) == 1


async def test_losing_all_notices_loses_every_repetition(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.LOSE, times=None))
    await paid(calls)
    assert [line.outcome for line in await simulator.advance(timedelta(days=2))] == ["lost"] * 8
    assert shop.received == []
    assert len(simulator.faults()) == 1


async def test_a_delayed_notice_arrives_later_and_once(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.DELAY, seconds=7200, times=None))
    await paid(calls)
    assert [line.outcome for line in await simulator.deliver_due()] == ["delayed"]
    await simulator.advance(timedelta(seconds=7199))
    assert shop.received == []
    await simulator.advance(timedelta(seconds=1))
    assert len(shop.received) == 1


async def test_a_duplicated_notice_arrives_several_times_with_one_id(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.DUPLICATE, copies=4))
    await paid(calls)
    await simulator.deliver_due()
    assert len(shop.received) == 5
    assert len({notice.fields["notify_id"] for notice in shop.received}) == 1


async def test_held_notices_are_released_in_the_other_order(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.HOLD, times=None))
    await paid(calls, "M1")
    await simulator.advance(timedelta(seconds=5))
    await paid(calls, "M2")
    await simulator.advance(timedelta(days=2))
    assert shop.received == []
    await simulator.release()
    assert [notice.fields["out_trade_no"] for notice in shop.received] == ["M2", "M1"]
    assert await simulator.release() == []


async def test_a_released_notice_that_is_refused_is_repeated(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.HOLD))
    shop.answers = [REFUSED]
    await paid(calls)
    await simulator.deliver_due()
    await simulator.release()
    await simulator.advance(timedelta(minutes=4))
    assert len(shop.received) == 2


async def test_a_forged_notice_has_a_signature_of_somebody_else(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.FORGE))
    shop.answers = [REFUSED]
    await paid(calls)
    await simulator.deliver_due()
    await simulator.advance(timedelta(minutes=4))
    assert [notice.genuine for notice in shop.received] == [False, True]


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        (FaultKind.WRONG_AMOUNT, "total_amount", ["8.81", "8.80"]),
        (FaultKind.WRONG_APP, "app_id", ["9021000199999999", "9021000100000001"]),
        (FaultKind.WRONG_SELLER, "seller_id", ["2088000199999999", "2088000100000002"]),
    ],
)
@pytest.mark.usefixtures("simulator")
async def test_a_wrong_notice_is_properly_signed_and_the_next_one_is_right(
    shop: Shop, calls: Calls, kind: FaultKind, name: str, values: list[str]
) -> None:
    simulator = shop.simulator
    simulator.add_fault(Fault(kind=kind))
    shop.answers = [NoticeAnswer(400, b"failure")]
    await paid(calls)
    await simulator.advance(timedelta(minutes=4))
    assert [notice.fields[name] for notice in shop.received] == values
    assert [notice.genuine for notice in shop.received] == [True, True]


async def test_a_fault_for_one_number_leaves_the_others_alone(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.LOSE, number="M2", times=None))
    await paid(calls, "M1")
    await paid(calls, "M2")
    await simulator.advance(timedelta(days=2))
    assert [notice.fields["out_trade_no"] for notice in shop.received] == ["M1"]


async def test_a_notice_can_be_sent_again_days_later(
    shop: Shop, calls: Calls, simulator: AlipaySimulator
) -> None:
    await paid(calls)
    await simulator.deliver_due()
    await simulator.advance(timedelta(days=3))
    await simulator.resend(simulator.list_notices()[0].notice_id)
    assert [notice.fields["notify_time"] for notice in shop.received] == [
        "2026-03-01 12:00:00",
        "2026-03-04 12:00:00",
    ]
    assert simulator.list_notices()[0].state is NoticeState.DELIVERED
