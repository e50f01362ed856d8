from datetime import datetime, timedelta
from uuid import UUID

import pytest
from tests.world.bought import buy, ship_order
from tests.world.people import a_person
from tests.world.shop import Shop, a_shop

from merx.fulfilment import ParcelShipped
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, Sql
from merx.infra.outbox import Heard, history
from merx.kit.ids import new_id
from merx.kit.paging import BadCursor
from merx.notifications import (
    count_unread,
    list_notifications,
    mark_read,
)
from merx.notifications.kinds import order_paid, parcel_shipped
from merx.orders import OrderPaid
from merx.sellers import add_member

MAILS = Sql(
    "SELECT account_id, event_id, kind, state, attempts, next_attempt_at FROM mails ORDER BY account_id"
)
COUNTS = Sql("SELECT (SELECT count(*) FROM notifications), (SELECT count(*) FROM mails)")


def paid(seller_id: UUID, now: datetime, *, number: str = "1") -> Heard[OrderPaid]:
    event = OrderPaid(
        purchase_id=new_id(),
        order_id=new_id(),
        order_number=number,
        seller_id=seller_id,
        total=1250,
        currency="CNY",
    )
    return Heard(event, new_id(), now)


async def staffed_shop(db: Database, keys: MasterKeys, now: datetime) -> tuple[Shop, UUID, UUID]:
    shop = await a_shop(db, now=now)
    owner, staff = [
        await a_person(db, keys, email=f"{name}@example.com", name=name, now=now)
        for name in ("owner", "staff")
    ]
    async with db.transaction() as tx:
        await add_member(tx, seller_id=shop.sellers["tea-house"], account_id=owner.id, role="owner", now=now)
        await add_member(tx, seller_id=shop.sellers["tea-house"], account_id=staff.id, role="staff", now=now)
    return shop, owner.id, staff.id


async def counts(db: Database) -> tuple[int, ...]:
    async with db.read() as read:
        return tuple(await read.row(COUNTS) or ())


async def test_a_paid_order_is_told_once_to_everybody_who_works_for_the_seller(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    shop, owner, staff = await staffed_shop(db, keys, now)
    event = paid(shop.sellers["tea-house"], now)
    for _ in range(2):
        async with db.transaction() as tx:
            await order_paid.KIND.tell(tx, event)
    async with db.read() as read:
        for account_id in (owner, staff):
            (told,) = (await list_notifications(read, account_id=account_id)).items
            assert told.told == order_paid.Told(
                order_id=event.event.order_id, order_number="1", total=1250, currency="CNY"
            )
            assert (told.event_id, told.kind, told.created_at, told.read_at) == (
                event.id,
                "order_paid",
                now,
                None,
            )
        mails = [tuple(row) for row in await read.rows(MAILS)]
    assert mails == [
        (account, event.id, "order_paid", "queued", 0, now) for account in sorted((owner, staff))
    ]


async def test_a_seller_without_staff_is_told_nothing(db: Database, now: datetime) -> None:
    shop = await a_shop(db, now=now)
    async with db.transaction() as tx:
        await order_paid.KIND.tell(tx, paid(shop.sellers["pottery"], now))
    assert await counts(db) == (0, 0)


async def test_a_shipped_parcel_is_told_once_to_its_buyer(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    shop = await a_shop(db, now=now)
    buyer = await a_person(db, keys, email="buyer@example.com", name="张三", now=now)
    bought = await buy(db, keys, shop, {"TEA": 1, "POT": 1}, account_id=buyer.id, now=now)
    await ship_order(db, bought, "tea-house", now=now)
    async with db.read() as read:
        (event,) = await history(read, subject_id=bought.purchase_id, of=[ParcelShipped])
    for _ in range(2):
        async with db.transaction() as tx:
            await parcel_shipped.KIND.tell(tx, event)
    async with db.read() as read:
        (told,) = (await list_notifications(read, account_id=buyer.id)).items
    order = bought.orders["tea-house"].order
    assert told.told == parcel_shipped.Told(
        purchase_id=bought.purchase_id,
        order_id=order.id,
        order_number=order.number,
        carrier="shunfeng",
        tracking_number="SF1234567890123",
    )
    assert await counts(db) == (1, 1)


async def test_a_guest_is_told_nothing(db: Database, keys: MasterKeys, now: datetime) -> None:
    shop = await a_shop(db, now=now)
    bought = await buy(db, keys, shop, {"TEA": 1}, account_id=None, now=now)
    await ship_order(db, bought, "tea-house", now=now)
    async with db.transaction() as tx:
        for event in await history(tx, subject_id=bought.purchase_id, of=[ParcelShipped]):
            await parcel_shipped.KIND.tell(tx, event)
    assert await counts(db) == (0, 0)


async def test_notifications_are_read_on_newest_first_and_marked_read_by_their_owner_only(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    shop, owner, staff = await staffed_shop(db, keys, now)
    events = [
        paid(shop.sellers["tea-house"], now + timedelta(seconds=index // 2), number=str(index))
        for index in range(5)
    ]
    async with db.transaction() as tx:
        for event in events:
            await order_paid.KIND.tell(tx, event)
    seen: list[UUID] = []
    after: str | None = None
    for size in (2, 2, 1):
        async with db.read() as read:
            page = await list_notifications(read, account_id=owner, after=after, limit=2)
        assert len(page.items) == size
        seen += [told.event_id for told in page.items]
        after = page.next_cursor
    assert after is None
    assert seen == [event.id for event in reversed(events)]
    async with db.transaction() as tx:
        assert await mark_read(tx, account_id=owner, event_ids=[events[0].id, new_id()], now=now) == 1
        assert (
            await mark_read(tx, account_id=owner, event_ids=[events[0].id], now=now + timedelta(hours=1)) == 0
        )
        assert await count_unread(tx, account_id=owner) == 4
        assert await mark_read(tx, account_id=owner, now=now) == 4
        assert await count_unread(tx, account_id=owner) == 0
        assert await count_unread(tx, account_id=staff) == 5
    async with db.read() as read:
        assert {told.read_at for told in (await list_notifications(read, account_id=owner)).items} == {now}
        with pytest.raises(BadCursor):
            await list_notifications(read, account_id=owner, after="nonsense")
