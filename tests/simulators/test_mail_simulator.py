"""The mail server: SMTP in, pages and JSON out."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from merx.simulators import MailSimulator

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


def message(**changes: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Merx <shop@example.test>"
    mail["To"] = changes.get("to", "li@example.test")
    mail["Subject"] = changes.get("subject", "订单已付款")
    mail.set_content(changes.get("text", "谢谢 <b>您</b>\nhttps://shop.test/orders/1?a=1&b=2\n"))
    mail.add_alternative("<p>谢谢</p><script>alert(1)</script>", subtype="html")
    return mail


async def send(port: int, *mails: EmailMessage) -> None:
    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
            for mail in mails:
                smtp.send_message(mail)

    await asyncio.to_thread(deliver)


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[tuple[MailSimulator, int]]:
    simulator = MailSimulator(folder=tmp_path / "mail", clock=lambda: NOW)
    server = await simulator.listen("127.0.0.1", 0)
    yield simulator, server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_a_message_is_kept_and_shown_as_text(mail: tuple[MailSimulator, int]) -> None:
    simulator, port = mail
    await send(port, message())
    transport = httpx.ASGITransport(app=simulator.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://mail.test") as web:
        (listed,) = (await web.get("/messages")).json()
        assert (listed["subject"], listed["sender"], listed["recipients"], listed["received_at"]) == (
            "订单已付款",
            "shop@example.test",
            ["li@example.test"],
            "2026-03-01T04:00:00Z",
        )
        assert listed["text"] == "谢谢 <b>您</b>\nhttps://shop.test/orders/1?a=1&b=2\n"
        assert (await web.get(f"/messages/{listed['id']}")).json() == listed
        assert "订单已付款" in (await web.get("/")).text
        page = (await web.get(f"/read/{listed['id']}")).text
        assert "谢谢 &lt;b&gt;您&lt;/b&gt;" in page
        assert 'href="https://shop.test/orders/1?a=1&amp;b=2"' in page
        assert "<script>" not in page
        assert (await web.get("/messages/none")).status_code == 404
        assert (await web.delete("/messages")).status_code == 204
        assert (await web.get("/messages")).json() == []
        assert "No mail yet" in (await web.get("/")).text


async def test_messages_are_listed_newest_first_and_by_recipient(mail: tuple[MailSimulator, int]) -> None:
    simulator, port = mail
    await send(port, message(to="a@example.test", subject="1"), message(to="b@example.test", subject="2"))
    assert [m.subject for m in simulator.box.all()] == ["2", "1"]
    assert [m.subject for m in simulator.box.all(to="A@example.test")] == ["1"]


async def test_messages_survive_a_restart(mail: tuple[MailSimulator, int], tmp_path: Path) -> None:
    simulator, port = mail
    await send(port, message(subject="1"), message(subject="2"))
    assert MailSimulator(folder=tmp_path / "mail").box.all() == simulator.box.all()


def test_a_message_in_an_unknown_charset_is_still_kept() -> None:
    box = MailSimulator().box
    raw = b"Subject: =?x-none?B?AAAA?=\r\nContent-Type: text/plain; charset=x-none\r\n\r\nhello\r\n"
    assert box.add(sender="", recipients=["a@b.test"], content=raw, now=NOW).text == "hello\n"


def test_only_the_last_thousand_messages_are_kept(tmp_path: Path) -> None:
    box = MailSimulator(folder=tmp_path).box
    for number in range(1003):
        box.add(sender="", recipients=[], content=f"Subject: {number}\r\n\r\n".encode(), now=NOW)
    assert len(box.all()) == 1000
    assert box.all()[-1].subject == "3"
    assert len(list(tmp_path.iterdir())) == 2000
