import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesParser
from uuid import UUID

import pytest
from tests.world.mail_server import MailServer
from tests.world.people import a_person

from merx.accounts import Account
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, Sql
from merx.infra.outbox import Heard
from merx.kit.ids import new_id
from merx.notifications import Letter, MailUnavailable, SmtpMailer, send_mails
from merx.notifications.kinds import order_paid
from merx.orders import OrderPaid
from merx.sellers import add_member, create_seller

STATE = Sql("SELECT state, attempts, next_attempt_at FROM mails ORDER BY created_at, id")
CRASHED = Sql("UPDATE mails SET state = 'sending', attempts = $1, next_attempt_at = $2")

Queue = Callable[[], Awaitable[UUID]]


@pytest.fixture
async def staff(db: Database, keys: MasterKeys, now: datetime) -> Account:
    return await a_person(db, keys, email="staff@example.com", name="张三", now=now)


@pytest.fixture
async def queue(db: Database, now: datetime, staff: Account) -> Queue:
    """Queue one mail to `staff` by a paid order; returns the order's id."""
    seller_id = new_id()
    async with db.transaction() as tx:
        await create_seller(tx, id=seller_id, code="tea", name={"en": "Tea"}, now=now)
        await add_member(tx, seller_id=seller_id, account_id=staff.id, role="owner", now=now)

    async def one() -> UUID:
        order_id = new_id()
        event = OrderPaid(
            purchase_id=new_id(), order_id=order_id, order_number="261121ABCDEFGHJK-1", seller_id=seller_id,
            total=123450, currency="CNY",
        )  # fmt: skip
        async with db.transaction() as tx:
            await order_paid.KIND.tell(tx, Heard(event, new_id(), now))
        return order_id

    return one


async def states(db: Database) -> list[tuple[str, int, datetime]]:
    async with db.read() as read:
        return [tuple(row) for row in await read.rows(STATE)]


async def test_a_queued_mail_is_sent_once_in_the_recipients_language(
    db: Database, keys: MasterKeys, now: datetime, queue: Queue, server: MailServer
) -> None:
    order_id = await queue()
    assert await send_mails(db, keys, server.mailer, now=now) == 1
    assert await send_mails(db, keys, server.mailer, now=now + timedelta(days=1)) == 0
    (letter,) = server.letters
    assert server.recipients == ["staff@example.com"]
    assert letter["From"] == "Merx 商城 <shop@merx.example>"
    assert letter["To"] == "staff@example.com"
    assert letter["Subject"] == "订单 261121ABCDEFGHJK-1 已付款"
    assert letter["Message-ID"].endswith("@merx.example>")
    assert letter["Date"].datetime == now
    assert letter["Content-Language"] == "zh-CN"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = letter.get_content().replace("\r\n", "\n")
    assert "张三" in text
    assert "¥1,234.50" in text
    assert f"https://shop.example/seller/orders/{order_id}\n" in text
    assert server.raw[0].isascii()
    assert [state for state, _, _ in await states(db)] == ["sent"]


async def test_a_mail_is_not_sent_before_it_is_due(
    db: Database, keys: MasterKeys, now: datetime, queue: Queue, server: MailServer
) -> None:
    await queue()
    assert await send_mails(db, keys, server.mailer, now=now - timedelta(seconds=1)) == 0
    assert (server.tries, await states(db)) == (0, [("queued", 0, now)])


@pytest.mark.parametrize(
    ("recipient", "letter"),
    [("451 Try later", "250 OK"), ("250 OK", "452 Full"), ("421 Closing", "250 OK")],
)
async def test_a_mail_the_server_puts_off_waits_longer_each_time_and_fails_after_the_sixth(
    db: Database,
    keys: MasterKeys,
    now: datetime,
    queue: Queue,
    server: MailServer,
    recipient: str,
    letter: str,
) -> None:
    await queue()
    server.recipient_answer, server.letter_answer = recipient, letter
    at = now
    for attempt, minutes in enumerate((1, 5, 30, 120, 360), start=1):
        assert await send_mails(db, keys, server.mailer, now=at) == 0
        due = at + timedelta(minutes=minutes)
        assert await states(db) == [("queued", attempt, due)]
        assert await send_mails(db, keys, server.mailer, now=due - timedelta(seconds=1)) == 0
        assert server.tries == attempt
        at = due
    assert await send_mails(db, keys, server.mailer, now=at) == 0
    assert [(state, attempts) for state, attempts, _ in await states(db)] == [("failed", 6)]
    server.recipient_answer = server.letter_answer = "250 OK"
    assert await send_mails(db, keys, server.mailer, now=at + timedelta(days=9)) == 0
    assert server.letters == []


@pytest.mark.parametrize(("recipient", "letter"), [("550 No such user", "250 OK"), ("250 OK", "554 Spam")])
async def test_a_mail_the_server_refuses_for_good_is_not_tried_again(
    db: Database,
    keys: MasterKeys,
    now: datetime,
    queue: Queue,
    server: MailServer,
    recipient: str,
    letter: str,
) -> None:
    await queue()
    server.recipient_answer, server.letter_answer = recipient, letter
    assert await send_mails(db, keys, server.mailer, now=now) == 0
    assert await send_mails(db, keys, server.mailer, now=now + timedelta(days=9)) == 0
    assert server.tries == 1
    assert [(state, attempts) for state, attempts, _ in await states(db)] == [("failed", 1)]


async def test_a_server_that_is_away_is_tried_again(
    db: Database, keys: MasterKeys, now: datetime, queue: Queue, server: MailServer
) -> None:
    await queue()
    away = SmtpMailer("smtp://127.0.0.1:1", sender="shop@merx.example", public_url="https://shop.example")
    assert await send_mails(db, keys, away, now=now) == 0
    assert await states(db) == [("queued", 1, now + timedelta(minutes=1))]
    assert await send_mails(db, keys, server.mailer, now=now + timedelta(minutes=1)) == 1


async def test_a_mail_whose_sender_died_is_sent_after_ten_minutes_with_the_same_message_id(
    db: Database, keys: MasterKeys, now: datetime, queue: Queue, server: MailServer
) -> None:
    await queue()
    assert await send_mails(db, keys, server.mailer, now=now) == 1
    async with db.transaction() as tx:
        await tx.run(CRASHED, 1, now + timedelta(minutes=10))  # sent, but the process died before it wrote so
    assert await send_mails(db, keys, server.mailer, now=now + timedelta(minutes=9)) == 0
    assert await send_mails(db, keys, server.mailer, now=now + timedelta(minutes=10)) == 1
    ids = [BytesParser(policy=policy.default).parsebytes(raw)["Message-ID"] for raw in server.raw]
    assert len(ids) == 2
    assert len(set(ids)) == 1


async def test_a_mail_that_keeps_ending_its_process_is_given_up(
    db: Database, keys: MasterKeys, now: datetime, queue: Queue, server: MailServer
) -> None:
    await queue()
    async with db.transaction() as tx:
        await tx.run(CRASHED, 6, now)
    assert await send_mails(db, keys, server.mailer, now=now) == 0
    assert server.tries == 0
    assert [(state, attempts) for state, attempts, _ in await states(db)] == [("failed", 7)]


async def test_two_workers_send_each_mail_once(
    db: Database, keys: MasterKeys, now: datetime, queue: Queue, server: MailServer
) -> None:
    for _ in range(10):
        await queue()
    sent = await asyncio.gather(*(send_mails(db, keys, server.mailer, now=now, limit=6) for _ in range(3)))
    assert sum(sent) == len(server.letters) == len({letter["Message-ID"] for letter in server.letters}) == 10


async def test_only_as_many_as_asked_for_are_claimed(
    db: Database, keys: MasterKeys, now: datetime, queue: Queue, server: MailServer
) -> None:
    for _ in range(3):
        await queue()
    assert await send_mails(db, keys, server.mailer, now=now, limit=2) == 2
    assert sorted(state for state, _, _ in await states(db)) == ["queued", "sent", "sent"]


@pytest.mark.parametrize(
    "gone",
    [
        Sql("DELETE FROM data_keys WHERE person_id = $1"),
        Sql("UPDATE accounts SET state = 'suspended' WHERE id = $1"),
        Sql("UPDATE accounts SET email_sealed = 'damaged, and long enough for a seal' WHERE id = $1"),
    ],
)
async def test_nobody_writes_to_who_is_erased_suspended_or_unreadable_and_other_mails_go_on(
    db: Database,
    keys: MasterKeys,
    now: datetime,
    queue: Queue,
    server: MailServer,
    staff: Account,
    gone: Sql,
) -> None:
    await queue()
    async with db.transaction() as tx:
        await tx.run(gone, staff.id)
    assert await send_mails(db, keys, server.mailer, now=now) == 0
    assert server.tries == 0
    assert [state for state, _, _ in await states(db)] == ["failed"]


async def test_the_outcome_of_a_claim_that_ran_out_does_not_overwrite_the_next_ones(
    db: Database, keys: MasterKeys, now: datetime, queue: Queue, server: MailServer
) -> None:
    await queue()

    class Slow:
        """Takes so long that another process claims the mail and sends it; then it fails."""

        public_url = "https://shop.example"

        async def send(self, _letter: Letter, *, now: datetime) -> None:
            assert await send_mails(db, keys, server.mailer, now=now + timedelta(minutes=10)) == 1
            raise MailUnavailable(reason="late")

    assert await send_mails(db, keys, Slow(), now=now) == 0
    assert [(state, attempts) for state, attempts, _ in await states(db)] == [("sent", 2)]
