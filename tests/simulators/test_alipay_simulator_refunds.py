"""Refunds: how much, under which number, what a repeat does, and what is announced."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from merx.simulators import AlipaySimulator
from merx.simulators.alipay.model import Fault, FaultKind

if TYPE_CHECKING:
    from tests.world.merchant import Calls, Shop

REFUND = "alipay.trade.refund"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"


@pytest.fixture
async def paid(calls: Calls, simulator: AlipaySimulator) -> Calls:
    """The trade M1, 8.80 yuan, is paid and its notice delivered."""
    await calls.open()
    simulator.pay("M1")
    await simulator.deliver_due()
    return calls


async def refund(calls: Calls, amount: object = "8.80", number: str | None = "R1") -> dict[str, Any]:
    content = {"out_trade_no": "M1", "refund_amount": amount}
    return await calls.api(REFUND, **content, **({} if number is None else {"out_request_no": number}))


async def refund_state(calls: Calls, number: str = "R1") -> dict[str, Any]:
    return await calls.api(REFUND_QUERY, out_trade_no="M1", out_request_no=number)


async def test_a_part_and_then_the_rest_go_back(paid: Calls, shop: Shop, simulator: AlipaySimulator) -> None:
    simulator.clock.advance(timedelta(minutes=5))
    first = await refund(paid, "3.00", "R1")
    assert first == {
        "code": "10000",
        "msg": "Success",
        "trade_no": simulator.list_trades()[0].trade_no,
        "out_trade_no": "M1",
        "buyer_logon_id": "sim***@example.com",
        "buyer_user_id": "2088000200000003",
        "refund_fee": "3.00",
        "fund_change": "Y",
        "gmt_refund_pay": "2026-03-01 12:05:00",
        "send_back_fee": "3.00",
    }
    assert (await paid.query())["trade_status"] == "TRADE_SUCCESS"
    second = await refund(paid, "5.8", "R2")
    assert (second["fund_change"], second["refund_fee"], second["send_back_fee"]) == ("Y", "8.80", "5.80")
    assert (await paid.query())["trade_status"] == "TRADE_CLOSED"
    await simulator.deliver_due()
    notices = [received.fields for received in shop.received[1:]]
    told = ("trade_status", "out_biz_no", "refund_fee", "gmt_refund", "total_amount")
    assert [tuple(fields[name] for name in told) for fields in notices] == [
        ("TRADE_SUCCESS", "R1", "3.00", "2026-03-01 12:05:00", "8.80"),
        ("TRADE_CLOSED", "R2", "8.80", "2026-03-01 12:05:00", "8.80"),
    ]
    assert all(received.genuine for received in shop.received)
    assert notices[1]["gmt_close"] == "2026-03-01 12:05:00"
    assert {fields["gmt_payment"] for fields in notices} == {"2026-03-01 12:00:00"}


async def test_the_same_refund_again_moves_nothing(
    paid: Calls, shop: Shop, simulator: AlipaySimulator
) -> None:
    await refund(paid)
    again = await refund(paid)
    assert (again["code"], again["fund_change"], again["refund_fee"]) == ("10000", "N", "8.80")
    assert "send_back_fee" not in again
    assert simulator.list_trades()[0].refunded_fen == 880
    await simulator.deliver_due()
    assert [received.fields.get("out_biz_no") for received in shop.received] == [None, "R1"]


@pytest.mark.parametrize(
    ("amount", "number", "sub_code"),
    [
        ("2.99", "R1", "ACQ.DISCORDANT_REPEAT_REQUEST"),
        ("5.81", "R2", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"),
        ("0", "R2", "ACQ.INVALID_PARAMETER"),
        ("1.001", "R2", "ACQ.INVALID_PARAMETER"),
        ("1.00", None, "ACQ.INVALID_PARAMETER"),
        ("1.00", "x" * 65, "ACQ.INVALID_PARAMETER"),
        (None, "R2", "ACQ.INVALID_PARAMETER"),
    ],
)
async def test_a_refund_that_cannot_be_is_refused_and_changes_nothing(
    paid: Calls, simulator: AlipaySimulator, amount: str | None, number: str | None, sub_code: str
) -> None:
    await refund(paid, "3.00", "R1")
    answer = await refund(paid, amount, number)
    assert (answer["code"], answer["sub_code"], answer["out_trade_no"]) == ("40004", sub_code, "M1")
    assert simulator.list_trades()[0].refunded_fen == 300


async def test_only_a_paid_trade_can_be_refunded(calls: Calls, simulator: AlipaySimulator) -> None:
    assert (await refund(calls))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    await calls.open()
    assert (await refund(calls))["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    simulator.pay("M1")
    await refund(calls)
    assert (await refund(calls, "0.01", "R2"))["sub_code"] == "ACQ.TRADE_STATUS_ERROR"


async def test_a_whole_refund_needs_no_number_of_its_own(paid: Calls) -> None:
    assert (await refund(paid, "8.80", None))["fund_change"] == "Y"
    assert (await refund_state(paid, "M1"))["refund_status"] == "REFUND_SUCCESS"


async def test_a_refund_is_found_by_its_number_and_an_unknown_one_has_no_status(paid: Calls) -> None:
    await refund(paid, "3.00", "R1")
    found = await refund_state(paid)
    assert {name: found[name] for name in found if name != "trade_no"} == {
        "code": "10000",
        "msg": "Success",
        "out_trade_no": "M1",
        "out_request_no": "R1",
        "total_amount": "8.80",
        "refund_amount": "3.00",
        "refund_status": "REFUND_SUCCESS",
        "gmt_refund_pay": "2026-03-01 12:00:00",
    }
    assert await refund_state(paid, "R2") == {"code": "10000", "msg": "Success"}
    unnumbered = await paid.api(REFUND_QUERY, out_trade_no="M1")
    assert unnumbered["sub_code"] == "ACQ.INVALID_PARAMETER"


async def test_a_slow_refund_is_accepted_now_and_done_and_announced_later(
    paid: Calls, shop: Shop, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.SLOW_REFUND, seconds=90))
    assert (await paid.query())["code"] == "10000"
    accepted = await refund(paid)
    assert (accepted["code"], accepted["fund_change"]) == ("10000", "N")
    assert "refund_status" not in await refund_state(paid)
    assert await simulator.advance(timedelta(seconds=89)) == []
    (line,) = await simulator.advance(timedelta(seconds=1))
    assert (line.trade_status, line.outcome) == ("TRADE_CLOSED", "success")
    assert shop.received[-1].fields["gmt_refund"] == "2026-03-01 12:01:30"
    assert (await refund_state(paid))["refund_status"] == "REFUND_SUCCESS"
    assert simulator.faults() == []


@pytest.mark.parametrize(
    ("kind", "refunded"),
    [
        (FaultKind.TIMEOUT, 0),
        (FaultKind.ERROR_BEFORE, 0),
        (FaultKind.BUSY, 0),
        (FaultKind.TIMEOUT_AFTER, 880),
        (FaultKind.ERROR_AFTER, 880),
        (FaultKind.UNSIGNED, 880),
        (FaultKind.BAD_SIGNATURE, 880),
    ],
)
async def test_faults_strike_a_refund_before_or_after_it_took_effect(
    paid: Calls, web: httpx.AsyncClient, simulator: AlipaySimulator, kind: FaultKind, refunded: int
) -> None:
    simulator.add_fault(Fault(kind=kind, method=REFUND))
    call = paid.shop.call(REFUND, {"out_trade_no": "M1", "refund_amount": "8.80", "out_request_no": "R1"})
    if kind in (FaultKind.TIMEOUT, FaultKind.TIMEOUT_AFTER):
        with pytest.raises(httpx.ReadTimeout):
            await web.post("/gateway.do", data=call)
    else:
        await web.post("/gateway.do", data=call)
    assert simulator.list_trades()[0].refunded_fen == refunded
    assert (await refund(paid))["fund_change"] == ("N" if refunded else "Y")
    assert simulator.list_trades()[0].refunded_fen == 880


async def test_the_cashier_shows_a_refund_as_one(paid: Calls, web: httpx.AsyncClient) -> None:
    page = f"/cashier/{paid.shop.simulator.list_trades()[0].token}"
    await refund(paid, "3.00")
    shown = (await web.get(page)).text
    assert "已退款 ¥3.00" in shown
    assert "Nothing was charged" not in shown
