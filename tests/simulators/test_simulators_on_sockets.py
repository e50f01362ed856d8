"""All simulators on real sockets, and a third party's client against them: the protocol, not our adapter."""

import asyncio
import contextlib
import smtplib
import socket
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import msgspec
import pytest
from alipay import AliPay

from merx.simulators import SIMULATED_APP_ID, ensure_keys, serve_simulators


class Running(msgspec.Struct, frozen=True):
    """Where the simulators listen."""

    state: Path
    alipay: int
    smtp: int
    mail: int


class Inbox:
    """A merchant's HTTP endpoint for notices, on a socket of its own."""

    def __init__(self) -> None:
        self.bodies: asyncio.Queue[bytes] = asyncio.Queue()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        self.bodies.put_nowait(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nsuccess")
        await writer.drain()
        writer.close()


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    alipay, smtp, mail = free_ports(3)
    serving = asyncio.create_task(
        serve_simulators(
            host="127.0.0.1", alipay_port=alipay, mail_smtp_port=smtp, mail_http_port=mail, state_dir=tmp_path
        )
    )
    async with asyncio.timeout(20):
        for port in (alipay, smtp, mail):
            await _accepting(port, serving)
    yield Running(tmp_path, alipay, smtp, mail)
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    for port in (alipay, smtp, mail):
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


async def test_a_taken_port_is_an_error_at_once(running: Running, tmp_path: Path) -> None:
    one, two = free_ports(2)
    with pytest.raises(OSError, match="address already in use"):
        await serve_simulators(
            host="127.0.0.1",
            alipay_port=one,
            mail_smtp_port=running.smtp,
            mail_http_port=two,
            state_dir=tmp_path / "other",
        )
