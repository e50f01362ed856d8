"""All simulators on real sockets, and a third party's client against them: the protocol, not our adapter."""

import asyncio
import contextlib
import io
import json
import smtplib
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import msgspec
import pytest
import wechatpayv3
from alipay import AliPay, DCAliPay
from tests.world.ports import free_ports
from wechatpayv3.core import requests as sdk_requests

from merx.simulators import (
    SIMULATED_APP_ID,
    SIMULATED_WECHAT_API_V3_KEY,
    SIMULATED_WECHAT_APP_ID,
    SIMULATED_WECHAT_CERT_SERIAL,
    SIMULATED_WECHAT_MCH_ID,
    SIMULATED_WECHAT_PUBLIC_KEY_ID,
    ensure_keys,
    serve_simulators,
)


class Running(msgspec.Struct, frozen=True):
    """Where the simulators listen."""

    state: Path
    alipay: int
    wechat: int
    card: int
    smtp: int
    mail: int


class Inbox:
    """A merchant's HTTP endpoint for notices, on a socket of its own."""

    def __init__(self) -> None:
        self.bodies: asyncio.Queue[bytes] = asyncio.Queue()
        self.headers: dict[str, str] = {}

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.split("\r\n"))
        }
        length = int(self.headers["content-length"])
        self.bodies.put_nowait(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nsuccess")
        await writer.drain()
        writer.close()


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    alipay, wechat, card, smtp, mail = free_ports(5)
    serving = asyncio.create_task(
        serve_simulators(
            host="127.0.0.1",
            alipay_port=alipay,
            wechat_port=wechat,
            card_port=card,
            card_webhook_url="",
            mail_smtp_port=smtp,
            mail_http_port=mail,
            state_dir=tmp_path,
        )
    )
    async with asyncio.timeout(20):
        for port in (alipay, wechat, card, smtp, mail):
            await _accepting(port, serving)
    yield Running(tmp_path, alipay, wechat, card, smtp, mail)
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    for port in (alipay, wechat, card, smtp, mail):
        with pytest.raises(OSError):  # noqa: PT011 - whichever the system says when nobody listens
            await asyncio.open_connection("127.0.0.1", port)


async def _accepting(port: int, serving: asyncio.Task[None]) -> None:
    while True:
        if serving.done():
            serving.result()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


async def test_a_third_partys_client_pays_queries_closes_and_believes_the_notice(running: Running) -> None:
    inbox = Inbox()
    endpoint = await asyncio.start_server(inbox.handle, "127.0.0.1", 0)
    notify_url = f"http://127.0.0.1:{endpoint.sockets[0].getsockname()[1]}/notice"
    keys = ensure_keys(running.state)
    client = AliPay(
        appid=SIMULATED_APP_ID,
        app_notify_url=notify_url,
        app_private_key_string=keys.merchant_private_pem_path.read_text(),
        alipay_public_key_string=keys.alipay_public_pem_path.read_text(),
        sign_type="RSA2",
    )
    gateway = f"http://127.0.0.1:{running.alipay}/gateway.do"
    client._gateway = gateway

    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
        paths = {}
        for number in ("M1", "M2"):
            link = client.api_alipay_trade_page_pay(
                "岩茶 a=b&c%20", number, "88.8", return_url="http://shop.test/"
            )
            paths[number] = (await browser.get(f"{gateway}?{link}")).url
        waiting = await asyncio.to_thread(client.api_alipay_trade_query, out_trade_no="M1")
        assert (waiting["code"], waiting["trade_status"], waiting["total_amount"]) == (
            "10000",
            "WAIT_BUYER_PAY",
            "88.80",
        )
        closed = await asyncio.to_thread(client.api_alipay_trade_close, out_trade_no="M2")
        assert (closed["code"], closed["out_trade_no"]) == ("10000", "M2")
        paid = await browser.post(f"{paths['M1']}/pay", follow_redirects=False)
        assert paid.status_code == 303
        absent = await asyncio.to_thread(client.api_alipay_trade_query, out_trade_no="M3")
        assert (absent["code"], absent["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST")

    async with asyncio.timeout(20):
        notices = [dict(parse_qsl((await inbox.bodies.get()).decode())) for _ in range(2)]
    for fields in notices:
        assert client.verify({k: v for k, v in fields.items() if k != "sign"}, fields["sign"])
        assert not client.verify(
            {k: v for k, v in fields.items() if k != "sign"} | {"total_amount": "0.01"}, fields["sign"]
        )
    assert {(fields["out_trade_no"], fields["trade_status"]) for fields in notices} == {
        ("M1", "TRADE_SUCCESS"),
        ("M2", "TRADE_CLOSED"),
    }
    endpoint.close()
    await endpoint.wait_closed()


async def test_a_third_partys_client_refunds_and_finds_its_refund(running: Running) -> None:
    keys = ensure_keys(running.state)
    client = AliPay(
        appid=SIMULATED_APP_ID,
        app_private_key_string=keys.merchant_private_pem_path.read_text(),
        alipay_public_key_string=keys.alipay_public_pem_path.read_text(),
        sign_type="RSA2",
    )
    gateway = f"http://127.0.0.1:{running.alipay}/gateway.do"
    client._gateway = gateway

    async def refund(amount: str, number: str) -> dict[str, str]:
        answer: dict[str, str] = await asyncio.to_thread(
            client.api_alipay_trade_refund, amount, out_trade_no="M1", out_request_no=number
        )
        return answer

    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
        link = client.api_alipay_trade_page_pay("岩茶", "M1", "88.8", return_url="http://shop.test/")
        await browser.post(f"{(await browser.get(f'{gateway}?{link}')).url}/pay", follow_redirects=False)
    part, repeated, other, over, rest = [
        await refund(*each)
        for each in (("8.80", "R1"), ("8.80", "R1"), ("8.81", "R1"), ("80.01", "R2"), ("80.00", "R2"))
    ]
    assert (part["code"], part["fund_change"], part["refund_fee"]) == ("10000", "Y", "8.80")
    assert (repeated["code"], repeated["fund_change"]) == ("10000", "N")
    assert (other["code"], other["sub_code"]) == ("40004", "ACQ.DISCORDANT_REPEAT_REQUEST")
    assert (over["code"], over["sub_code"]) == ("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
    assert (rest["fund_change"], rest["refund_fee"]) == ("Y", "88.80")
    found = await asyncio.to_thread(client.api_alipay_trade_fastpay_refund_query, "R2", out_trade_no="M1")
    assert (found["code"], found["refund_status"], found["refund_amount"]) == (
        "10000",
        "REFUND_SUCCESS",
        "80.00",
    )
    trade = await asyncio.to_thread(client.api_alipay_trade_query, out_trade_no="M1")
    assert trade["trade_status"] == "TRADE_CLOSED"


@pytest.mark.filterwarnings("ignore:X509:DeprecationWarning")
async def test_a_third_partys_client_works_in_certificate_mode_shows_a_code_and_fetches_the_bill(
    running: Running,
) -> None:
    keys = running.state / "keys"
    client = DCAliPay(
        appid=SIMULATED_APP_ID,
        app_private_key_string=ensure_keys(running.state).merchant_private_pem_path.read_text(),
        app_public_key_cert_string=(keys / "merchant_cert.pem").read_text(),
        alipay_public_key_cert_string=(keys / "alipay_cert.pem").read_text(),
        alipay_root_cert_string=(keys / "alipay_root_cert.pem").read_text(),
    )
    base = f"http://127.0.0.1:{running.alipay}"
    client._gateway = f"{base}/gateway.do"
    made = await asyncio.to_thread(client.api_alipay_trade_precreate, "白茶", "M1", "6.60")
    assert (made["code"], made["out_trade_no"]) == ("10000", "M1")
    unseen = await asyncio.to_thread(client.api_alipay_trade_query, out_trade_no="M1")
    assert (unseen["code"], unseen["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST")
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
        page = (await browser.get(made["qr_code"])).url
        await browser.post(f"{page}/pay")
        paid = await asyncio.to_thread(client.api_alipay_trade_query, out_trade_no="M1")
        assert (paid["code"], paid["trade_status"]) == ("10000", "TRADE_SUCCESS")
        today = datetime.now(timezone(timedelta(hours=8))).date()
        await browser.post(f"{base}/control/clock", json={"advance_seconds": 2 * 24 * 3600})
        found = await asyncio.to_thread(
            client.server_api,
            "alipay.data.dataservice.bill.downloadurl.query",
            {"bill_type": "trade", "bill_date": today.isoformat()},
        )
        archive = (await browser.get(found["bill_download_url"])).content
    with zipfile.ZipFile(io.BytesIO(archive), metadata_encoding="gbk") as files:
        (name,) = [name for name in files.namelist() if name.endswith("业务明细.csv")]
        detail = files.read(name).decode("gbk").splitlines()
    assert [line.split(",")[1:4] for line in detail if "白茶" in line] == [["M1\t", "交易", "白茶"]]


async def test_a_silent_call_keeps_its_connection_without_an_answer(running: Running) -> None:
    base = f"http://127.0.0.1:{running.alipay}"
    keys = ensure_keys(running.state)
    client = AliPay(
        appid=SIMULATED_APP_ID,
        app_private_key_string=keys.merchant_private_pem_path.read_text(),
        alipay_public_key_string=keys.alipay_public_pem_path.read_text(),
    )
    call = client.sign_data(client.build_body("alipay.trade.query", {"out_trade_no": "M1"}))
    async with httpx.AsyncClient(trust_env=False, timeout=0.2) as web:
        await web.post(f"{base}/control/faults", json={"kind": "timeout"})
        with pytest.raises(httpx.ReadTimeout):
            await web.get(f"{base}/gateway.do?{call}")
        assert "ACQ.TRADE_NOT_EXIST" in (await web.get(f"{base}/gateway.do?{call}", timeout=5)).text


async def test_mail_sent_over_smtp_is_read_over_http(running: Running) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.test", "b@example.test", "你好"
    mail.set_content("第一封")

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", running.smtp, timeout=10) as smtp:
            smtp.send_message(mail)

    await asyncio.to_thread(send)
    async with httpx.AsyncClient(trust_env=False) as web:
        (listed,) = (await web.get(f"http://127.0.0.1:{running.mail}/messages")).json()
    assert (listed["subject"], listed["text"]) == ("你好", "第一封\n")


@pytest.mark.parametrize("certificates", [False, True])
async def test_a_third_partys_wechat_client_pays_refunds_and_believes_answers_and_notices(
    running: Running, monkeypatch: pytest.MonkeyPatch, certificates: bool
) -> None:
    inbox = Inbox()
    endpoint = await asyncio.start_server(inbox.handle, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{running.wechat}"
    for verb in ("get", "post"):  # the client's address is a constant
        original = getattr(sdk_requests, verb)
        monkeypatch.setattr(
            sdk_requests,
            verb,
            lambda url, send=original, **more: send(_moved(url, base), **more),
        )
    keys = ensure_keys(running.state)
    public = keys.wechat_public_pem_path.read_text()
    client = await asyncio.to_thread(
        wechatpayv3.WeChatPay,
        wechatpay_type=wechatpayv3.WeChatPayType.NATIVE,
        mchid=SIMULATED_WECHAT_MCH_ID,
        private_key=keys.wechat_merchant_private_pem_path.read_text(),
        cert_serial_no=SIMULATED_WECHAT_CERT_SERIAL,
        appid=SIMULATED_WECHAT_APP_ID,
        apiv3_key=SIMULATED_WECHAT_API_V3_KEY,
        notify_url=f"http://127.0.0.1:{endpoint.sockets[0].getsockname()[1]}/notice",
        public_key=None if certificates else public,
        public_key_id=None if certificates else SIMULATED_WECHAT_PUBLIC_KEY_ID,
    )

    async def call(name: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
        status, text = await asyncio.to_thread(getattr(client, name), **arguments)
        return status, json.loads(text) if text else {}

    async with httpx.AsyncClient(trust_env=False, base_url=base) as browser:
        if certificates:
            await browser.post("/control/keys", json={"notices_by_certificate": True})
        _, ordered = await call("pay", description="岩茶", out_trade_no="M00001", amount={"total": 8880})
        page = await browser.get("/cashier", params={"code_url": ordered["code_url"]}, follow_redirects=True)
        assert (await call("query", out_trade_no="M00001"))[1]["trade_state"] == "NOTPAY"
        await browser.post(f"{page.url.path}/pay")
        async with asyncio.timeout(20):
            body = await inbox.bodies.get()
        notice = await asyncio.to_thread(client.callback, inbox.headers, body)
        assert (notice["event_type"], notice["resource"]["amount"]["total"]) == ("TRANSACTION.SUCCESS", 8880)
        assert (await call("query", out_trade_no="M00001"))[1]["trade_state"] == "SUCCESS"
        assert (await call("query", out_trade_no="M00002"))[0] == 404

        amount = {"refund": 80, "total": 8880, "currency": "CNY"}
        status, refund = await call("refund", out_refund_no="R1", amount=amount, out_trade_no="M00001")
        assert (status, refund["status"]) == (200, "PROCESSING")
        assert (await call("query_refund", out_refund_no="R1"))[1]["status"] == "SUCCESS"
        async with asyncio.timeout(20):
            body = await inbox.bodies.get()
        notice = await asyncio.to_thread(client.callback, inbox.headers, body)
        assert (notice["event_type"], notice["resource"]["out_refund_no"]) == ("REFUND.SUCCESS", "R1")

        today = datetime.now(timezone(timedelta(hours=8))).date().isoformat()
        assert (await call("trade_bill", bill_date=today))[0] == 400
    endpoint.close()


def _moved(url: str, base: str) -> str:
    return url.replace("https://api.mch.weixin.qq.com", base)


async def test_a_taken_port_is_an_error_at_once(running: Running, tmp_path: Path) -> None:
    one, two, three, four = free_ports(4)
    with pytest.raises(OSError, match="address already in use"):
        await serve_simulators(
            host="127.0.0.1",
            alipay_port=one,
            mail_smtp_port=running.smtp,
            mail_http_port=two,
            wechat_port=four,
            card_port=three,
            card_webhook_url="",
            state_dir=tmp_path / "other",
        )
