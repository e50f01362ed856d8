import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.world.people import guest, member, shopper

from merx.fulfilment import (
    PARCEL,
    BadParcel,
    BadTrackingNumber,
    Fulfilment,
    FulfilmentLine,
    NothingToShip,
    NotPaid,
    ParcelDelivered,
    ParcelMoved,
    ParcelReceived,
    ParcelReturned,
    ParcelShipped,
    UnknownCarrier,
    UnknownParcel,
    auto_receive,
    fulfilments_of,
    mark_delivered,
    receive,
    ship,
)
from merx.fulfilment.events import PackedLine
from merx.infra.db import Database, Sql
from merx.infra.outbox import Heard, history
from merx.kit.errors import Conflict, DomainError, NotFound
from merx.kit.events import Event
from merx.kit.ids import new_id

WEEK = timedelta(days=7)
COUNT = Sql("SELECT (SELECT count(*) FROM fulfilments) + (SELECT count(*) FROM fulfilment_lines)")


async def send(
    db: Database, sale: Any, now: datetime, lines: Sequence[tuple[UUID, int]] | None = None, **changes: Any
) -> Fulfilment:
    given = {
        "order_id": sale.order_id, "actor": member(sale.seller_id), "carrier": "shunfeng",
        "tracking_number": "sf 1234567890123", "auto_receive_after": WEEK, **changes,
    }  # fmt: skip
    async with db.transaction() as tx:
        return await ship(tx, lines=lines, now=now, **given)


async def deliver(db: Database, sale: Any, parcel: Fulfilment, now: datetime) -> Fulfilment:
    async with db.transaction() as tx:
        return await mark_delivered(tx, fulfilment_id=parcel.id, actor=member(sale.seller_id), now=now)


async def confirm(db: Database, sale: Any, parcel: Fulfilment, now: datetime) -> Fulfilment:
    async with db.transaction() as tx:
        return await receive(tx, fulfilment_id=parcel.id, actor=shopper(sale.account_id), now=now)


TOLD: tuple[type[Event], ...] = (ParcelShipped, ParcelDelivered, ParcelReceived, ParcelReturned)


async def parcels(db: Database, sale: Any) -> list[Fulfilment]:
    async with db.snapshot() as tx:
        return await fulfilments_of(tx, purchase_ids=[sale.purchase_id])


async def timeline(db: Database, sale: Any) -> list[Heard[Event]]:
    async with db.read() as tx:
        return await history(tx, subject_id=sale.purchase_id, of=TOLD)


async def state(view: Any, sale: Any) -> tuple[str, list[tuple[int, int]]]:
    """The order's fulfilment status and its lines' (shipped, received)."""
    seen = (await view(sale)).orders[0]
    return seen.order.fulfilment_status, [(line.shipped, line.received) for line in seen.lines]


def test_a_parcel_has_the_states_of_the_design() -> None:
    assert PARCEL.states == {"planned", "picked", "shipped", "delivered", "received", "returned", "cancelled"}
    assert PARCEL.final == {"received", "returned", "cancelled"}
    assert PARCEL.sources("cancelled") == ["planned", "picked"]
    assert PARCEL.sources("received") == ["delivered"]
    assert PARCEL.sources("returned") == ["shipped", "delivered"]


async def test_everything_goes_into_one_parcel_unless_lines_are_named(
    db: Database, sell: Any, view: Any, now: datetime
) -> None:
    sale, actor_id = await sell(), new_id()
    parcel = await send(db, sale, now, actor=member(sale.seller_id, account_id=actor_id))
    assert await parcels(db, sale) == [parcel]
    assert (parcel.order_id, parcel.purchase_id, parcel.seller_id) == (
        sale.order_id,
        sale.purchase_id,
        sale.seller_id,
    )
    assert (parcel.state, parcel.carrier, parcel.tracking_number) == (
        "shipped",
        "shunfeng",
        "SF1234567890123",
    )
    assert (parcel.shipped_at, parcel.auto_receive_at, parcel.delivered_at) == (now, now + WEEK, None)
    assert (parcel.carrier_status, parcel.received_at) == ("pending", None)
    assert parcel.lines == [FulfilmentLine(sale.first, 3), FulfilmentLine(sale.second, 1)]
    assert await state(view, sale) == ("shipped", [(3, 0), (1, 0)])
    (told,) = await timeline(db, sale)
    assert told.event == ParcelShipped(
        purchase_id=sale.purchase_id, fulfilment_id=parcel.id, order_id=sale.order_id, seller_id=sale.seller_id,
        carrier="shunfeng", tracking_number="SF1234567890123", order_number=sale.number,
        lines=(PackedLine(sale.first, 3), PackedLine(sale.second, 1)), actor_id=actor_id,
    )  # fmt: skip


async def test_an_order_goes_out_in_several_parcels(
    db: Database, sell: Any, view: Any, now: datetime
) -> None:
    sale = await sell()
    one = await send(db, sale, now, [(sale.first, 2)])
    assert await state(view, sale) == ("partial", [(2, 0), (0, 0)])
    two = await send(db, sale, now + timedelta(hours=1))
    assert two.lines == [FulfilmentLine(sale.first, 1), FulfilmentLine(sale.second, 1)]
    assert await state(view, sale) == ("shipped", [(3, 0), (1, 0)])
    assert await parcels(db, sale) == [one, two]
    await deliver(db, sale, one, now)
    assert await state(view, sale) == ("shipped", [(3, 0), (1, 0)])
    await deliver(db, sale, two, now)
    assert await state(view, sale) == ("delivered", [(3, 0), (1, 0)])
    await confirm(db, sale, one, now)
    assert await state(view, sale) == ("delivered", [(3, 2), (1, 0)])
    await confirm(db, sale, two, now)
    assert await state(view, sale) == ("received", [(3, 3), (1, 1)])


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"carrier": "pigeon"}, UnknownCarrier),
        ({"tracking_number": "1"}, BadTrackingNumber),
        ({"actor": member(UUID(int=1))}, NotFound),
        ({"order_id": UUID(int=1)}, NotFound),
        ({"lines": []}, BadParcel),
        ({"lines": [(UUID(int=1), 1), (UUID(int=1), 1)]}, BadParcel),
        ({"lines": [(UUID(int=1), 0)]}, BadParcel),
        ({"lines": [(UUID(int=1), 2**31)]}, BadParcel),
        ({"lines": [(UUID(int=1), 1)]}, Conflict),
    ],
)
async def test_a_refused_parcel_changes_nothing(
    db: Database, sell: Any, view: Any, now: datetime, *, change: dict[str, Any], refusal: type[DomainError]
) -> None:
    sale = await sell()
    with pytest.raises(refusal):
        await send(db, sale, now, **change)
    await assert_unshipped(db, sale, view)


async def assert_unshipped(db: Database, sale: Any, view: Any) -> None:
    assert await state(view, sale) == ("unfulfilled", [(0, 0), (0, 0)])
    assert await timeline(db, sale) == []
    async with db.read() as tx:
        assert await tx.value(COUNT) == 0


async def test_an_unpaid_order_is_not_shipped(db: Database, sell: Any, view: Any, now: datetime) -> None:
    sale = await sell(paid=False)
    with pytest.raises(NotPaid):
        await send(db, sale, now)
    await assert_unshipped(db, sale, view)


async def test_no_more_units_leave_than_were_bought(
    db: Database, sell: Any, view: Any, now: datetime
) -> None:
    sale = await sell()
    with pytest.raises(Conflict) as refused:
        await send(db, sale, now, [(sale.first, 4)])
    assert refused.value.code == "over_shipped"
    await assert_unshipped(db, sale, view)
    await send(db, sale, now)
    with pytest.raises(NothingToShip):
        await send(db, sale, now)
    assert len(await parcels(db, sale)) == 1


async def test_of_two_parcels_sent_at_once_with_the_last_units_one_leaves(
    db: Database, sell: Any, view: Any, now: datetime
) -> None:
    sale = await sell()
    results = await asyncio.gather(*(send(db, sale, now) for _ in range(4)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Fulfilment", *["NothingToShip"] * 3]
    assert await state(view, sale) == ("shipped", [(3, 0), (1, 0)])


async def test_a_delivery_is_recorded_once(db: Database, sell: Any, now: datetime) -> None:
    sale = await sell()
    parcel = await send(db, sale, now)
    later = now + timedelta(days=2)
    delivered = await deliver(db, sale, parcel, later)
    assert (delivered.state, delivered.delivered_at, delivered.received_at) == ("delivered", later, None)
    assert (delivered.auto_receive_at, delivered.carrier_status) == (now + WEEK, "pending")
    assert await deliver(db, sale, parcel, later + timedelta(days=1)) == delivered
    assert [type(each.event) for each in await timeline(db, sale)] == [ParcelShipped, ParcelDelivered]


async def test_only_the_seller_records_a_delivery(db: Database, sell: Any, now: datetime) -> None:
    sale, other = await sell(), await sell()
    parcel = await send(db, sale, now)
    with pytest.raises(UnknownParcel):
        await deliver(db, other, parcel, now)
    async with db.transaction() as tx:
        with pytest.raises(UnknownParcel):
            await mark_delivered(tx, fulfilment_id=new_id(), actor=member(sale.seller_id), now=now)
    assert await parcels(db, sale) == [parcel]


async def test_a_cancelled_parcel_is_not_delivered(db: Database, sell: Any, now: datetime) -> None:
    sale = await sell()
    parcel = await send(db, sale, now)
    async with db.transaction() as tx:
        await tx.run(Sql("UPDATE fulfilments SET state = 'cancelled'"))
    with pytest.raises(ParcelMoved):
        await deliver(db, sale, parcel, now)
    with pytest.raises(ParcelMoved):
        await confirm(db, sale, parcel, now)


async def test_the_buyer_receives_a_parcel_once_by_account_or_by_token(
    db: Database, sell: Any, view: Any, now: datetime
) -> None:
    sale = await sell()
    one, two = await send(db, sale, now, [(sale.first, 3)]), await send(db, sale, now)
    received = await confirm(db, sale, one, now)
    assert (received.state, received.delivered_at, received.received_at) == ("received", now, now)
    assert await confirm(db, sale, one, now + WEEK) == received
    async with db.transaction() as tx:
        await receive(tx, fulfilment_id=two.id, actor=guest(sale.access_hash), now=now)
    assert await state(view, sale) == ("received", [(3, 3), (1, 1)])
    assert (await view(sale)).orders[0].order.received_at == now
    events = [each.event for each in (await timeline(db, sale))[2:]]
    assert [(type(event), getattr(event, "by", None), event.actor_id) for event in events] == [
        (ParcelDelivered, None, sale.account_id),
        (ParcelReceived, "buyer", sale.account_id),
        (ParcelDelivered, None, None),
        (ParcelReceived, "buyer", None),
    ]


@pytest.mark.parametrize("access_hash", [None, b"0" * 32])
@pytest.mark.parametrize("account_id", [None, UUID(int=1)])
async def test_nobody_else_receives_a_parcel(
    db: Database, sell: Any, now: datetime, *, account_id: UUID | None, access_hash: bytes | None
) -> None:
    sale = await sell()
    parcel = await send(db, sale, now)
    with pytest.raises(NotFound):
        async with db.transaction() as tx:
            await receive(tx, fulfilment_id=parcel.id, actor=guest(access_hash, account_id), now=now)
    assert await parcels(db, sale) == [parcel]


async def test_the_timer_receives_what_nobody_confirmed(
    db: Database, sell: Any, view: Any, now: datetime
) -> None:
    first, second, third = await sell(), await sell(), await sell()
    shipped = await send(db, first, now)
    await deliver(db, second, await send(db, second, now), now)
    await confirm(db, third, await send(db, third, now), now)
    late = await sell()
    await send(db, late, now + timedelta(seconds=1))
    due = now + WEEK
    assert await auto_receive(db, now=due - timedelta(microseconds=1)) == 0
    assert await auto_receive(db, now=due, limit=1) == 1
    assert await auto_receive(db, now=due) == 1
    assert await auto_receive(db, now=due) == 0
    assert (await parcels(db, first))[0].received_at == due
    assert (await parcels(db, first))[0].version == shipped.version + 2
    assert [(await state(view, sale))[0] for sale in (first, second, third, late)] == [
        "received", "received", "received", "shipped",
    ]  # fmt: skip
    last = (await timeline(db, first))[-1]
    assert isinstance(last.event, ParcelReceived)
    assert (last.event.by, last.event.actor_id) == ("timer", None)


async def test_several_workers_receive_each_parcel_once(db: Database, sell: Any, now: datetime) -> None:
    sales = [await sell() for _ in range(4)]
    for sale in sales:
        await send(db, sale, now)
    assert sum(await asyncio.gather(*(auto_receive(db, now=now + WEEK) for _ in range(3)))) == 4
    for sale in sales:
        kinds = [type(each.event) for each in await timeline(db, sale)]
        assert kinds == [ParcelShipped, ParcelDelivered, ParcelReceived]


async def test_one_broken_parcel_does_not_hold_up_the_others(db: Database, sell: Any, now: datetime) -> None:
    broken, sound = await sell(), await sell()
    await send(db, broken, now)
    await send(db, sound, now + timedelta(minutes=1))
    async with db.transaction() as tx:  # units were received that this parcel claims to bring
        await tx.run(Sql("UPDATE order_lines SET received = shipped WHERE id = $1"), broken.first)
    with pytest.raises(ExceptionGroup) as failed:
        await auto_receive(db, now=now + 2 * WEEK)
    assert len(failed.value.exceptions) == 1
    assert [(await parcels(db, sale))[0].state for sale in (broken, sound)] == ["shipped", "received"]


async def test_parcels_are_found_by_order_and_by_purchase(db: Database, sell: Any, now: datetime) -> None:
    one, two = await sell(), await sell()
    first, second = await send(db, one, now), await send(db, two, now + timedelta(minutes=1))
    async with db.snapshot() as tx:
        assert await fulfilments_of(tx) == []
        assert await fulfilments_of(tx, order_ids=[one.order_id]) == [first]
        assert await fulfilments_of(tx, order_ids=[one.order_id], purchase_ids=[one.purchase_id]) == [first]
        assert await fulfilments_of(tx, purchase_ids=[one.purchase_id, two.purchase_id]) == [first, second]
