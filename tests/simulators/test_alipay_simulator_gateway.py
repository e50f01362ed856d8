"""The gateway: parameters in any mix, signatures, the provider's codes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from merx.simulators import AlipaySimulator

if TYPE_CHECKING:
    from tests.world.merchant import Calls, Shop


def problem(answer: httpx.Response) -> tuple[str, str]:
    body = answer.json()["error_response"]
    return body["code"], body["sub_code"]


async def test_query_and_form_may_be_mixed_in_any_way(
    shop: Shop, web: httpx.AsyncClient, calls: Calls
) -> None:
    await calls.open()
    call = shop.call("alipay.trade.query", {"out_trade_no": "M1"})
    content = {"biz_content": call["biz_content"]}
    common = {name: value for name, value in call.items() if name != "biz_content"}
    answers = [
        await web.get("/gateway.do", params=call),
        await web.post("/gateway.do", data=call),
        await web.post("/gateway.do", params=common, data=content),
        await web.post("/gateway.do", params=content, data=common),
    ]
    assert {answer.json()["alipay_trade_query_response"]["trade_status"] for answer in answers} == {
        "WAIT_BUYER_PAY"
    }


@pytest.mark.parametrize("name", ["app_id", "method", "sign_type", "sign", "timestamp", "version"])
async def test_a_missing_common_parameter_is_named(shop: Shop, web: httpx.AsyncClient, name: str) -> None:
    call = shop.call("alipay.trade.query", {"out_trade_no": "M1"})
    del call[name]
    code, sub_code = problem(await web.post("/gateway.do", data=call))
    assert code == "40001"
    assert sub_code == "isv.missing-" + {"sign": "signature"}.get(name, name.replace("_", "-"))


async def test_wrong_common_parameters_are_refused(shop: Shop, web: httpx.AsyncClient) -> None:
    good = shop.call("alipay.trade.query", {"out_trade_no": "M1"})
    for call, sub_code in [
        (good | {"app_id": "1"}, "isv.invalid-app-id"),
        (good | {"biz_content": '{"out_trade_no":"M2"}'}, "isv.invalid-signature"),
        (good | {"added": "1"}, "isv.invalid-signature"),
        (good | {"sign": "AAAA"}, "isv.invalid-signature"),
        (shop.sign(good | {"sign_type": "RSA"}), "isv.invalid-signature-type"),
        (shop.sign(good | {"charset": "gbk"}), "isv.invalid-charset"),
        (shop.sign(good | {"timestamp": "now"}), "isv.invalid-timestamp"),
        (shop.sign(good | {"method": "alipay.trade.nothing"}), "isv.invalid-method"),
        (shop.sign(good | {"biz_content": "[1]"}), "isv.invalid-parameter"),
        (shop.sign(good | {"biz_content": "{"}), "isv.invalid-parameter"),
    ]:
        assert problem(await web.post("/gateway.do", data=call)) == ("40002", sub_code)


async def test_a_parameter_with_two_values_is_refused(shop: Shop, web: httpx.AsyncClient) -> None:
    call = shop.call("alipay.trade.query", {"out_trade_no": "M1"})
    answer = await web.post("/gateway.do", params={"app_id": "1"}, data=call)
    assert problem(answer) == ("40002", "isv.duplicate-parameter")


async def test_a_trade_exists_from_the_moment_the_payer_arrives(
    shop: Shop, web: httpx.AsyncClient, calls: Calls
) -> None:
    redirect = await web.get("/gateway.do", params=shop.page_pay())
    assert redirect.status_code == 302
    absent = await calls.query()
    assert (absent["code"], absent["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST")
    assert (await calls.api("alipay.trade.close", out_trade_no="M1"))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    await web.get(redirect.headers["location"])
    assert (await calls.query())["trade_status"] == "WAIT_BUYER_PAY"


async def test_a_paid_trade_is_reported_with_amounts_and_china_time(
    simulator: AlipaySimulator, calls: Calls
) -> None:
    await calls.open()
    simulator.clock.advance(timedelta(minutes=1))
    simulator.pay("M1")
    trade = await calls.query()
    assert trade == {
        "code": "10000",
        "msg": "Success",
        "trade_no": simulator.list_trades()[0].trade_no,
        "out_trade_no": "M1",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "8.80",
        "buyer_logon_id": "sim***@example.com",
        "buyer_user_id": "2088000200000003",
        "receipt_amount": "8.80",
        "buyer_pay_amount": "8.80",
        "invoice_amount": "8.80",
        "point_amount": "0.00",
        "send_pay_date": "2026-03-01 12:01:00",
        "fund_bill_list": [{"fund_channel": "ALIPAYACCOUNT", "amount": "8.80"}],
    }
    assert await calls.api("alipay.trade.query", trade_no=trade["trade_no"], out_trade_no="other") == trade


async def test_close_follows_the_trades_status(simulator: AlipaySimulator, calls: Calls) -> None:
    await calls.open("M1")
    await calls.open("M2")
    simulator.pay("M2")
    closed = await calls.api("alipay.trade.close", out_trade_no="M1")
    assert (closed["code"], closed["out_trade_no"]) == ("10000", "M1")
    again = await calls.api("alipay.trade.close", out_trade_no="M1")
    paid = await calls.api("alipay.trade.close", out_trade_no="M2")
    assert (again["sub_code"], paid["sub_code"]) == ("ACQ.TRADE_STATUS_ERROR", "ACQ.TRADE_STATUS_ERROR")
    assert (await calls.query("M1"))["trade_status"] == "TRADE_CLOSED"
    assert (await calls.query("M2"))["trade_status"] == "TRADE_SUCCESS"


@pytest.mark.parametrize("content", [{}, {"out_trade_no": ""}, {"out_trade_no": 7}])
async def test_a_query_without_a_number_is_invalid(calls: Calls, content: dict[str, object]) -> None:
    answer = await calls.api("alipay.trade.query", **content)
    assert (answer["code"], answer["sub_code"]) == ("40004", "ACQ.INVALID_PARAMETER")


async def test_the_same_order_again_is_the_same_trade(simulator: AlipaySimulator, calls: Calls) -> None:
    assert await calls.open() == await calls.open()
    assert len(simulator.list_trades()) == 1


@pytest.mark.parametrize("change", [{"total_amount": "8.81"}, {"subject": "other"}])
async def test_the_same_number_for_another_order_is_refused(
    shop: Shop,
    web: httpx.AsyncClient,
    calls: Calls,
    change: dict[str, Any],
) -> None:
    await calls.open()
    page = await web.get("/gateway.do", params=shop.page_pay(**change))
    assert "ACQ.CONTEXT_INCONSISTENT" in page.text
    assert [trade.amount_fen for trade in shop.simulator.list_trades()] == [880]


async def test_a_number_already_paid_or_closed_is_refused(
    shop: Shop, web: httpx.AsyncClient, calls: Calls, simulator: AlipaySimulator
) -> None:
    await calls.open("M1")
    await calls.open("M2")
    simulator.pay("M1")
    await calls.api("alipay.trade.close", out_trade_no="M2")
    assert "ACQ.TRADE_HAS_SUCCESS" in (await web.get("/gateway.do", params=shop.page_pay("M1"))).text
    assert "ACQ.TRADE_HAS_CLOSE" in (await web.get("/gateway.do", params=shop.page_pay("M2"))).text


@pytest.mark.parametrize(
    "change",
    [
        {"total_amount": "0"}, {"total_amount": "1.001"}, {"total_amount": "1e2"}, {"total_amount": "100000000.01"},
        {"total_amount": None}, {"total_amount": True}, {"subject": ""}, {"subject": "x" * 257},
        {"product_code": "QUICK_WAP_WAY"}, {"time_expire": "2026-03-01 12:00:00"}, {"time_expire": "soon"},
        {"number": "a-b"}, {"number": "x" * 65}, {"time_expire": None, "timeout_express": "16d"},
        {"time_expire": None, "timeout_express": "1.5h"},
    ],
)  # fmt: skip
async def test_a_link_with_senseless_parameters_opens_no_trade(
    shop: Shop, web: httpx.AsyncClient, simulator: AlipaySimulator, change: dict[str, Any]
) -> None:
    page = await web.get("/gateway.do", params=shop.page_pay(**change))
    assert "ACQ.INVALID_PARAMETER" in page.text
    assert simulator.list_trades() == []


async def test_a_link_with_a_wrong_signature_shows_the_person_a_page(
    shop: Shop, web: httpx.AsyncClient
) -> None:
    page = await web.get("/gateway.do", params=shop.page_pay() | {"return_url": "https://evil.test/"})
    assert page.headers["content-type"].startswith("text/html")
    assert "isv.invalid-signature" in page.text


@pytest.mark.parametrize(("text", "minutes"), [("90m", 90), ("2h", 120), ("1d", 1440), ("1c", 720)])
async def test_relative_deadlines_are_understood(
    simulator: AlipaySimulator, calls: Calls, text: str, minutes: int
) -> None:
    await calls.open(time_expire=None, timeout_express=text)
    (trade,) = simulator.list_trades()
    assert trade.expires_at - trade.created_at == timedelta(minutes=minutes)


async def test_a_trade_without_a_deadline_lives_fifteen_days(
    simulator: AlipaySimulator, calls: Calls
) -> None:
    await calls.open(time_expire=None)
    simulator.clock.advance(timedelta(days=15, seconds=-1))
    assert (await calls.query())["trade_status"] == "WAIT_BUYER_PAY"
    simulator.clock.advance(timedelta(seconds=1))
    assert (await calls.query())["trade_status"] == "TRADE_CLOSED"
