"""What providers and returning browsers send: believed only when it is signed, for us, and right."""

from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from tests.world.client import Api, Changes, Placed, problem

from merx.simulators.alipay import wire
from merx.simulators.alipay.model import Fault, FaultKind

NOTIFY = "/payments/alipay/notify"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


async def paid_unsaid(api: Api) -> Placed:
    """A purchase that is paid at Alipay; its notice has not arrived yet."""
    placed = await api.placed({"TEA": 1})
    api.simulator.pay(await api.open_cashier(placed))
    return placed


def notice(api: Api, **changes: str) -> bytes:
    """The notice that is on its way, with some fields changed, signed by Alipay."""
    fields = {**api.simulator.list_notices()[-1].fields, **changes}
    fields |= {"sign_type": "RSA2"}
    fields.pop("sign", None)
    return urlencode({**fields, "sign": wire.sign(wire.notice_text(fields), api.simulator._key)}).encode()


async def send(client: httpx.AsyncClient, body: bytes) -> bytes:
    answer = await client.post(NOTIFY, content=body, headers=FORM)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.content


async def test_a_notice_places_the_order_once_however_often_it_comes(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    placed = await paid_unsaid(api)
    body = notice(api)
    assert await send(client, body) == b"success"
    assert (await client.get(placed.url, headers=placed.headers)).json()["state"] == "placed"
    assert await api.owner.fetchval("SELECT count(*) FROM payment_events") == 1
    before = await changes.state()
    assert await send(client, body) == b"success"
    after = await changes.state()
    assert {name for name in before if before[name] != after[name]} == {"provider_notices"}
    assert await api.owner.fetchval("SELECT deliveries FROM provider_notices") == 2


@pytest.mark.parametrize(
    "change",
    [
        {"total_amount": "0.01"},
        {"total_amount": "57.91"},
        {"out_trade_no": "M20260101P1"},
        {"app_id": "2021000000000000"},
        {"seller_id": "2088000000000000"},
        {"total_amount": "1e1"},
        {"total_amount": ""},
        {"trade_status": "TRADE_SOMETHING"},
        {"notify_id": ""},
    ],
)
async def test_a_signed_notice_that_contradicts_us_changes_nothing(
    api: Api, client: httpx.AsyncClient, changes: Changes, change: dict[str, str]
) -> None:
    await paid_unsaid(api)
    async with changes.none():
        assert await send(client, notice(api, **change)) == b"failure"


async def test_a_forged_notice_changes_nothing(api: Api, client: httpx.AsyncClient, changes: Changes) -> None:
    placed = await paid_unsaid(api)
    genuine = notice(api)
    forgeries = [
        genuine.replace(b"total_amount=57.90", b"total_amount=57.9"),
        genuine + b"&trade_status=TRADE_SUCCESS",
        genuine.partition(b"&sign=")[0],
        genuine.partition(b"&sign=")[0] + b"&sign=AAAA",
        b"",
        b"\xff\xfe",
        b"=&=&=",
        b'{"trade_status":"TRADE_SUCCESS"}',
    ]
    async with changes.none():
        for body in forgeries:
            assert await send(client, body) == b"failure"
        api.simulator.add_fault(Fault(kind=FaultKind.FORGE))
        await api.simulator.deliver_due()
    assert (await client.get(placed.url, headers=placed.headers)).json()["state"] == "pending_payment"


async def test_notices_need_a_provider_and_a_bounded_body(
    client: httpx.AsyncClient, changes: Changes
) -> None:
    async with changes.none():
        unknown = await client.post("/payments/paypal/notify", content=b"x=1", headers=FORM)
        problem(unknown, 404, "unknown_payment_provider")
        large = await client.post(NOTIFY, content=b"x" * 70_000, headers=FORM)
        problem(large, 413, "body_too_large")


async def test_a_notice_needs_neither_origin_nor_cookie(api: Api, client: httpx.AsyncClient) -> None:
    await paid_unsaid(api)
    answer = await client.post(
        NOTIFY, content=notice(api), headers={**FORM, "Origin": "https://openapi.alipay.com"}
    )
    assert (answer.status_code, answer.content) == (200, b"success")


async def test_money_that_comes_too_late_finds_its_stock_or_goes_back(
    api: Api, client: httpx.AsyncClient
) -> None:
    placed = await paid_unsaid(api)
    await api.owner.execute("UPDATE purchases SET state = 'cancelled', cancel_reason = 'expired'")
    await api.owner.execute("UPDATE orders SET state = 'cancelled'")
    assert await send(client, notice(api)) == b"success"
    body = (await client.get(placed.url, headers=placed.headers)).json()
    assert body["state"] == "placed"


def address_back(api: Api) -> str:
    back = api.simulator.return_address(api.simulator.list_trades()[-1])
    assert back is not None
    parts = urlsplit(back)
    return f"{parts.path}?{parts.query}"


async def test_a_returning_browser_is_led_to_its_purchase_which_is_paid_by_then(
    api: Api, client: httpx.AsyncClient
) -> None:
    placed = await paid_unsaid(api)
    answer = await client.get(address_back(api))
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/purchases/{placed.id}"
    assert (await client.get(placed.url, headers=placed.headers)).json()["state"] == "placed"


async def test_a_return_is_no_proof_of_payment(api: Api, client: httpx.AsyncClient, changes: Changes) -> None:
    placed = await api.placed({"TEA": 1})
    await api.open_cashier(placed)
    trade = api.simulator.list_trades()[-1]
    query = {"out_trade_no": trade.number, "total_amount": "57.90", "trade_status": "TRADE_SUCCESS"}
    async with changes.none():
        forged = await client.get(f"/payments/alipay/return/{placed.id}?{urlencode(query)}")
        assert (forged.status_code, forged.headers["location"]) == (303, f"/purchases/{placed.id}")
        signed = await client.get(address_back(api))
        assert (signed.status_code, signed.headers["location"]) == (303, f"/purchases/{placed.id}")


async def test_a_browser_returns_though_alipay_is_silent(api: Api, client: httpx.AsyncClient) -> None:
    placed = await paid_unsaid(api)
    api.simulator.add_fault(Fault(kind=FaultKind.TIMEOUT))
    answer = await client.get(address_back(api))
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/purchases/{placed.id}"
    assert (await client.get(placed.url, headers=placed.headers)).json()["state"] == "pending_payment"
    await api.simulator.advance(timedelta(minutes=5))
    assert (await client.get(placed.url, headers=placed.headers)).json()["state"] == "placed"
