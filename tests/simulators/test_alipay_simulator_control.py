"""The control interface, its guard, and what a restart keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from merx.simulators import (
    SIMULATED_APP_ID,
    SIMULATED_SELLER_ID,
    AlipaySimulator,
    Merchant,
    ensure_keys,
)
from merx.simulators.alipay.model import Fault, FaultKind

if TYPE_CHECKING:
    from tests.world.merchant import Calls, Shop


async def test_moving_the_clock_delivers_what_falls_due(
    shop: Shop, web: httpx.AsyncClient, calls: Calls
) -> None:
    shop.answers = [ConnectionError()]
    await calls.open()
    paid = await web.post("/control/trades/M1/pay")
    assert paid.json()["status"] == "TRADE_SUCCESS"
    first = (await web.post("/control/notices/deliver")).json()
    assert [line["outcome"] for line in first] == ["no answer: ConnectionError"]
    moved = (await web.post("/control/clock", json={"advance_seconds": 240})).json()
    assert moved["now"] == "2026-03-01T04:04:00Z"
    assert [line["outcome"] for line in moved["delivered"]] == ["success"]
    (notice,) = (await web.get("/control/notices")).json()
    assert (notice["state"], len(notice["attempts"])) == ("delivered", 2)


async def test_faults_are_set_listed_and_cleared(web: httpx.AsyncClient, calls: Calls) -> None:
    await calls.open()
    made = await web.post("/control/faults", json={"kind": "error_after", "method": "alipay.trade.close"})
    assert made.status_code == 201
    close = calls.shop.call("alipay.trade.close", {"out_trade_no": "M1"})
    assert (await calls.query())["trade_status"] == "WAIT_BUYER_PAY"
    assert (await web.post("/gateway.do", data=close)).status_code == 500
    assert (await calls.query())["trade_status"] == "TRADE_CLOSED"
    assert (await web.get("/control/faults")).json() == []
    await web.post("/control/faults", json={"kind": "timeout", "times": None})
    with pytest.raises(httpx.ReadTimeout):
        await calls.query()
    assert (await web.delete("/control/faults")).status_code == 204
    assert (await calls.query())["code"] == "10000"
    assert (await web.post("/control/faults", json={"kind": "nothing"})).status_code == 400


async def test_trades_are_listed_paid_and_closed_by_number(web: httpx.AsyncClient, calls: Calls) -> None:
    await calls.open("M1")
    await calls.open("M2")
    await web.post("/control/trades/M2/pay")
    assert (await web.post("/control/trades/M1/close")).json()["status"] == "TRADE_CLOSED"
    assert (await web.post("/control/trades/M1/pay")).status_code == 400
    assert (await web.post("/control/trades/M2/close")).status_code == 400
    assert (await web.get("/control/trades/M9")).status_code == 404
    listed = (await web.get("/control/trades")).json()
    assert [(trade["number"], trade["status"]) for trade in listed] == [
        ("M1", "TRADE_CLOSED"),
        ("M2", "TRADE_SUCCESS"),
    ]


async def test_held_notices_are_released_and_resent_by_request(
    shop: Shop, web: httpx.AsyncClient, calls: Calls
) -> None:
    await web.post("/control/faults", json={"kind": "hold", "times": None})
    for number in ("M1", "M2"):
        await calls.open(number)
        await web.post(f"/control/trades/{number}/pay")
    await web.post("/control/notices/deliver")
    await web.post("/control/notices/release?latest_first=false")
    assert [notice.fields["out_trade_no"] for notice in shop.received] == ["M1", "M2"]
    notice_id = shop.received[0].fields["notify_id"]
    await web.post(f"/control/notices/{notice_id}/resend")
    assert shop.received[2].fields["notify_id"] == notice_id
    assert (await web.post("/control/notices/none/resend")).status_code == 404


def restarted(folder: Path, *, send: Any) -> AlipaySimulator:
    keys = ensure_keys(folder)
    simulator = AlipaySimulator(
        merchants=[
            Merchant(
                app_id=SIMULATED_APP_ID,
                seller_id=SIMULATED_SELLER_ID,
                public_pem=keys.merchant_public_pem_path.read_text(),
            )
        ],
        private_pem=keys.alipay_private_pem_path.read_text(),
        state_file=folder / "alipay.sqlite3",
        send_notice=send,
    )
    simulator.merchant_private_pem = keys.merchant_private_pem_path.read_text()
    simulator.alipay_public_pem = keys.alipay_public_pem_path.read_text()
    return simulator


async def test_a_restart_keeps_trades_notices_faults_and_the_clock(shop: Shop, tmp_path: Path) -> None:
    shop.simulator = restarted(tmp_path, send=shop.receive)
    shop.simulator.clock.set(datetime(2026, 3, 1, 4, 0, tzinfo=UTC), freeze=True)
    shop.simulator.clock_changed()
    async with httpx.AsyncClient(transport=shop.simulator.transport(), base_url="http://alipay.test") as web:
        await web.get("/gateway.do", params=shop.page_pay(), follow_redirects=True)
    shop.simulator.pay("M1")
    shop.answers = [ConnectionError()]
    await shop.simulator.deliver_due()
    shop.simulator.add_fault(Fault(kind=FaultKind.DUPLICATE))
    before = (shop.simulator.list_trades(), shop.simulator.list_notices(), shop.simulator.faults())
    shop.simulator.close()

    shop.simulator = restarted(tmp_path, send=shop.receive)
    assert (shop.simulator.list_trades(), shop.simulator.list_notices(), shop.simulator.faults()) == before
    assert shop.simulator.clock.now() == datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
    await shop.simulator.advance(timedelta(minutes=4))
    assert len(shop.received) == 3
    assert all(notice.genuine for notice in shop.received)
    shop.simulator.close()
