"""The cashier page: a person pays, is refused, leaves, comes too late; no JavaScript anywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from merx.simulators import AlipaySimulator

if TYPE_CHECKING:
    from tests.world.merchant import Calls, Shop


async def test_the_page_says_what_is_paid_to_whom_and_that_it_is_a_simulator(
    web: httpx.AsyncClient, calls: Calls
) -> None:
    page = await web.get(await calls.open(total_amount="1234.50"))
    for text in (
        "SIMULATOR",
        "模拟收银台",
        "1,234.50",
        "铁观音 &lt;b&gt;250g&lt;/b&gt;",
        "M1",
        "Merx demo shop",
    ):
        assert text in page.text
    for text in ("支付", "Pay", "拒绝", "Refuse", "离开", "Leave", "2026-03-01 12:30:00"):
        assert text in page.text
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_paying_leads_back_to_the_shop_with_signed_parameters(
    shop: Shop, web: httpx.AsyncClient, calls: Calls, simulator: AlipaySimulator
) -> None:
    path = await calls.open()
    paid = await web.post(f"{path}/pay")
    assert paid.status_code == 303
    target = urlsplit(paid.headers["location"])
    fields = dict(parse_qsl(target.query, strict_parsing=True))
    assert (target.scheme, target.netloc, target.path) == ("https", "shop.test", "/return")
    assert shop.is_genuine(fields)
    assert (fields["out_trade_no"], fields["total_amount"], fields["seller_id"]) == (
        "M1",
        "8.80",
        "2088000100000002",
    )
    assert fields["trade_no"] == simulator.list_trades()[0].trade_no
    page = await web.get(path)
    assert "支付成功" in page.text
    assert "/cashier/" not in page.text.split("</style>")[1]


async def test_paying_twice_pays_once(
    shop: Shop, web: httpx.AsyncClient, calls: Calls, simulator: AlipaySimulator
) -> None:
    path = await calls.open()
    first, second = await web.post(f"{path}/pay"), await web.post(f"{path}/pay")
    assert parse_qs(urlsplit(first.headers["location"]).query) == parse_qs(
        urlsplit(second.headers["location"]).query
    )
    await simulator.deliver_due()
    assert len(shop.received) == 1


async def test_a_refused_payment_can_be_tried_again(web: httpx.AsyncClient, calls: Calls) -> None:
    path = await calls.open()
    page = await web.post(f"{path}/refuse", follow_redirects=True)
    assert "Payment declined" in page.text
    assert (await calls.query())["trade_status"] == "WAIT_BUYER_PAY"
    await web.post(f"{path}/pay")
    assert (await calls.query())["trade_status"] == "TRADE_SUCCESS"
    assert "Payment declined" not in (await web.get(f"{path}?declined=true")).text


async def test_leaving_goes_back_without_any_claim(web: httpx.AsyncClient, calls: Calls) -> None:
    page = await web.get(await calls.open())
    assert 'href="https://shop.test/return"' in page.text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", ""])
async def test_a_senseless_return_address_is_never_linked(
    shop: Shop, web: httpx.AsyncClient, address: str
) -> None:
    link = shop.sign({k: v for k, v in shop.page_pay().items() if k != "sign"} | {"return_url": address})
    page = await web.get("/gateway.do", params=link, follow_redirects=True)
    assert "离开" not in page.text
    paid = await web.post(f"{page.url.path}/pay")
    assert paid.headers["location"] == page.url.path


async def test_after_the_deadline_nothing_can_be_paid(
    web: httpx.AsyncClient, calls: Calls, simulator: AlipaySimulator
) -> None:
    path = await calls.open()
    simulator.clock.advance(timedelta(minutes=30))
    answer = await web.post(f"{path}/pay", follow_redirects=True)
    assert "交易已关闭" in answer.text
    assert (await calls.query())["trade_status"] == "TRADE_CLOSED"


async def test_an_unknown_payment_is_not_found(web: httpx.AsyncClient, simulator: AlipaySimulator) -> None:
    assert (await web.get("/cashier/nothing")).status_code == 404
    assert (await web.post("/cashier/nothing/pay")).status_code == 404
    assert simulator.list_trades() == []
