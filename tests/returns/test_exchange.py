"""Exchanges: what comes back, what is set aside, what is sent instead, and what is paid when nothing can be sent."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from tests.world.desk import Desk, a_size

from merx.fulfilment import NothingToShip, fulfilments_of
from merx.inventory import availability
from merx.orders import OverReturned
from merx.returns import (
    BadReturn,
    BadReturnReason,
    MixedUnits,
    NoMoneyInExchange,
    NoReplacement,
    NotAnExchange,
    NotExchangeable,
    NotShippedYet,
    Return,
    ReturnKind,
    ReturnMoved,
    ReturnReason,
    Wanted,
    act_on_silence,
    approve_as_refund,
    approve_return,
    decide_return,
    escalate_return,
    inspect_return,
    propose_amount,
    refund_exchange,
    reject_return,
    send_back,
    withdraw_return,
)

SWAP = ReturnKind.EXCHANGE
PARCEL = {"carrier": "shunfeng", "tracking_number": "SF9876543210123"}


async def swap(desk: Desk, bought: Any, case: Return, *, restocked: int | None = None) -> Return:
    """Approved, sent back and inspected."""
    case = await desk.do(approve_return, case, **desk.seller())
    case = await desk.do(send_back, case, **PARCEL, **desk.me(bought))
    line = case.lines[0]
    fit = [Wanted(line.order_line_id, line.quantity if restocked is None else restocked)]
    return await desk.do(inspect_return, case, restocked=fit, **desk.seller())


async def in_parcels(desk: Desk, order_id: UUID) -> list[list[tuple[int, list[tuple[str, int]]]]]:
    async with desk.db.read() as read:
        found = await fulfilments_of(read, order_ids=[order_id])
    return [
        [(line.quantity, [(each.sku, each.quantity) for each in line.replacements]) for line in parcel.lines]
        for parcel in found
    ]


async def test_a_size_is_swapped_and_no_money_moves(desk: Desk) -> None:
    large = await a_size(desk, "TEA-L")
    bought, order = await desk.delivered({"TEA": 2})
    before = await desk.accounts()
    case = await desk.request(bought, order, [1], kind=SWAP, instead=large)
    assert (case.state, case.amount, case.lines[0].replacement.sku) == ("requested", 4990, "TEA-L")  # type: ignore[union-attr]
    assert await desk.till.stock("TEA-L") == (0, 0)
    case = await desk.do(approve_return, case, **desk.seller())
    assert await desk.till.stock("TEA-L") == (1, 0)
    await desk.sound()
    case = await desk.do(send_back, case, **PARCEL, **desk.me(bought))
    tea = order.lines[0].id
    case = await desk.do(inspect_return, case, restocked=[Wanted(tea, 1)], **desk.seller())
    assert (case.state, case.refund_id) == ("inspected", None)
    assert (await desk.till.stock("TEA"), await desk.till.stock("TEA-L")) == ((0, 1), (0, 1))
    order = await desk.order(bought)
    assert (order.order.fulfilment_status, order.order.received_at) == ("partial", None)
    assert [(line.to_ship, line.to_replace, line.left) for line in order.lines] == [(1, 1, 1)]
    await desk.sound()
    await desk.ship(order)
    await desk.deliver()
    assert (await desk.again(case)).state == "settled"
    assert await in_parcels(desk, order.order.id) == [[(2, [])], [(1, [("TEA-L", 1)])]]
    order = await desk.order(bought)
    assert (order.order.fulfilment_status, order.order.open_returns) == ("shipped", 0)
    with pytest.raises(NothingToShip):
        await desk.ship(order)
    await desk.receive(bought, order)
    order = await desk.order(bought)
    assert (order.order.fulfilment_status, order.order.received_at) == ("received", desk.now)
    assert await desk.accounts() == before
    assert await desk.till.refunds() == []
    await desk.sound()


async def test_a_faulty_unit_is_replaced_by_the_same_again_and_again(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    for times in (1, 2):
        case = await desk.request(bought, order, kind=SWAP, reason=ReturnReason.DEFECTIVE)
        case = await swap(desk, bought, case, restocked=0)
        await desk.ship(await desk.order(bought))
        await desk.receive(bought, await desk.order(bought))
        await desk.deliver()
        assert (await desk.again(case)).state == "settled"
        assert await desk.till.stock("TEA") == (0, times + 1)  # what was written off stays sold
        await desk.sound()
        order = await desk.order(bought)
        assert (order.lines[0].left, order.lines[0].exchanged) == (1, times)


async def test_an_exchanged_unit_is_worth_what_was_paid_and_goes_back_to_its_own_shelf(desk: Desk) -> None:
    large = await a_size(desk, "TEA-L")
    bought, order = await desk.delivered({"TEA": 2})
    await swap(desk, bought, await desk.request(bought, order, [1], kind=SWAP, instead=large))
    await desk.ship(await desk.order(bought))
    await desk.deliver()
    await desk.receive(bought, await desk.order(bought))
    order = await desk.order(bought)
    back = ReturnKind.RETURN_AND_REFUND
    with pytest.raises(MixedUnits):
        await desk.request(bought, order, [2], kind=back)
    with pytest.raises(OverReturned):
        await desk.request(bought, order, [2], kind=back, of=large)
    first = await desk.request(bought, order, [1], kind=back, of=desk.till.shop.variants["TEA"])
    with pytest.raises(OverReturned):
        await desk.request(bought, order, [1], kind=back, of=desk.till.shop.variants["TEA"])
    await swap(desk, bought, first)
    assert (await desk.till.stock("TEA"), await desk.till.stock("TEA-L")) == ((0, 0), (0, 1))
    last = await desk.request(bought, order, [1], kind=back)
    assert last.lines[0].variant_id == large
    await swap(desk, bought, last)
    assert (await desk.till.stock("TEA"), await desk.till.stock("TEA-L")) == ((0, 0), (0, 0))
    assert await desk.pay_back() == 2
    assert (await desk.order(bought)).order.payment_status == "refunded"
    assert await desk.accounts() == []
    await desk.sound()


async def test_own_units_leave_before_replacements(desk: Desk) -> None:
    large = await a_size(desk, "TEA-L")
    bought = await desk.bought({"TEA": 3})
    order = await desk.order(bought)
    line = order.lines[0].id
    await desk.ship(order, [(line, 1)])
    await swap(desk, bought, await desk.request(bought, order, [1], kind=SWAP, instead=large))
    with pytest.raises(OverReturned):  # the replacement is owed; only what was not shipped can be asked back
        await desk.request(bought, await desk.order(bought), [3])
    order = await desk.order(bought)
    assert (order.lines[0].to_ship, order.lines[0].to_replace, order.lines[0].left) == (3, 1, 2)
    await desk.ship(order, [(line, 1)])
    await desk.ship(order, [(line, 2)])
    assert await in_parcels(desk, order.order.id) == [[(1, [])], [(1, [])], [(2, [("TEA-L", 1)])]]
    await desk.sound()


async def test_what_is_wanted_must_be_the_same_product_at_the_same_price(desk: Desk) -> None:
    dear = await a_size(desk, "TEA-XL", price=5990)
    bought, order = await desk.delivered({"TEA": 1})
    for other in (dear, desk.till.shop.variants["CUP"]):
        with pytest.raises(NotExchangeable):
            await desk.request(bought, order, kind=SWAP, instead=other)
    with pytest.raises(BadReturn):
        await desk.request(bought, order, kind=ReturnKind.RETURN_AND_REFUND, instead=dear)
    with pytest.raises(BadReturnReason):
        await desk.request(bought, order, kind=SWAP, reason=ReturnReason.NOT_RECEIVED)
    waiting = await desk.bought({"CUP": 1})
    with pytest.raises(NotShippedYet):
        await desk.request(waiting, await desk.order(waiting), kind=SWAP)
    assert (await desk.order(bought)).lines[0].left == 1
    await desk.sound()


async def test_without_stock_the_seller_approves_a_refund_instead(desk: Desk) -> None:
    large = await a_size(desk, "TEA-L", stock=0)
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.request(bought, order, kind=SWAP, instead=large)
    with pytest.raises(NoReplacement):
        await desk.do(approve_return, case, **desk.seller())
    with pytest.raises(NoMoneyInExchange):
        await desk.do(propose_amount, case, amount=100, answer="", **desk.seller())
    assert await desk.again(case) == case
    case = await desk.do(approve_as_refund, case, **desk.seller())
    assert (case.state, case.kind) == ("approved", "return_and_refund")
    with pytest.raises(NotAnExchange):
        await desk.do(approve_as_refund, case, **desk.seller())
    await desk.do(send_back, case, **PARCEL, **desk.me(bought))
    await desk.do(inspect_return, case, restocked=[], **desk.seller())
    assert await desk.pay_back() == 1
    assert (await desk.again(case)).state == "settled"
    await desk.sound()


@pytest.mark.parametrize("stock", [0, 1])
async def test_a_silent_seller_has_approved_as_far_as_there_is_stock(desk: Desk, stock: int) -> None:
    large = await a_size(desk, "TEA-L", stock=stock)
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.request(bought, order, kind=SWAP, instead=large)
    desk.wait(days=4)
    assert await act_on_silence(desk.db, now=desk.now) == 1
    case = await desk.again(case)
    assert (case.state, case.kind) == ("approved", "exchange" if stock else "return_and_refund")
    assert await desk.till.stock("TEA-L") == (stock, 0)
    desk.wait(days=8)
    assert await act_on_silence(desk.db, now=desk.now) == 1  # the buyer is silent, too
    assert (await desk.again(case)).state == "withdrawn"
    assert await desk.till.stock("TEA-L") == (0, 0)
    await desk.sound()


async def test_a_withdrawn_or_refused_exchange_gives_back_what_was_set_aside(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.request(bought, order, kind=SWAP)
    await desk.do(approve_return, case, **desk.seller())
    assert await desk.till.stock("TEA") == (1, 1)
    await desk.do(withdraw_return, case, **desk.me(bought))
    assert await desk.till.stock("TEA") == (0, 1)
    case = await desk.request(bought, order, kind=SWAP)
    await desk.do(reject_return, case, answer="no", **desk.seller())
    await desk.do(escalate_return, case, **desk.me(bought))
    await desk.sound()
    decision: dict[str, Any] = {"actor": desk.staff, "answer": "ok", "now": desk.now}
    with pytest.raises(NoMoneyInExchange):
        await desk.do(decide_return, case, in_favour=True, amount=100, **decision)
    await desk.do(decide_return, case, in_favour=True, amount=None, **decision)
    assert await desk.till.stock("TEA") == (1, 1)
    await desk.do(send_back, case, **PARCEL, **desk.me(bought))
    assert await desk.till.stock("TEA") == (1, 1)
    await desk.sound()


async def test_the_platform_decides_about_goods_that_were_sent_back(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 2})
    cases = [await desk.request(bought, order, [1], kind=SWAP) for _ in range(2)]
    for case in cases:
        await desk.do(approve_return, case, **desk.seller())
        await desk.do(send_back, case, **PARCEL, **desk.me(bought))
        await desk.do(escalate_return, case, **desk.seller())
    assert await desk.till.stock("TEA") == (2, 2)
    await desk.sound()
    decision: dict[str, Any] = {"actor": desk.staff, "amount": None, "answer": "ok", "now": desk.now}
    won = await desk.do(decide_return, cases[0], in_favour=True, **decision)
    lost = await desk.do(decide_return, cases[1], in_favour=False, **decision)
    assert (won.state, lost.state) == ("inspected", "rejected")
    assert await desk.till.stock("TEA") == (0, 3)
    await desk.sound()


@pytest.mark.parametrize("silent", [False, True])
async def test_a_replacement_that_cannot_be_delivered_is_paid_back(desk: Desk, silent: bool) -> None:
    bought, order = await desk.delivered({"TEA": 2})
    case = await swap(desk, bought, await desk.request(bought, order, kind=SWAP))
    order = await desk.order(bought)
    await desk.ship(order, [(order.lines[0].id, 1)])
    await desk.deliver()
    assert (await desk.again(case)).state == "inspected"  # one of two has left
    if silent:
        desk.wait(days=8)
        assert await act_on_silence(desk.db, now=desk.now) == 1
    else:
        await desk.do(refund_exchange, case, **desk.seller())
    case = await desk.again(case)
    assert (case.state, case.agreed, case.due_at) == ("inspected", 4990, None)
    with pytest.raises(ReturnMoved):
        await desk.do(refund_exchange, case, **desk.seller())
    assert await desk.till.stock("TEA") == (0, 2)  # one with the buyer, one lost
    with pytest.raises(NothingToShip):
        await desk.ship(await desk.order(bought))
    await desk.sound()
    assert await desk.pay_back() == 1
    assert (await desk.again(case)).state == "settled"
    order = await desk.order(bought)
    assert (order.order.state, order.order.payment_status, order.lines[0].left) == (
        "placed",
        "partially_refunded",
        1,
    )
    await desk.receive(bought, order)
    assert (await desk.order(bought)).order.fulfilment_status == "received"
    await desk.sound()


async def test_a_lost_replacement_of_a_whole_order_leaves_every_account_as_before(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await swap(desk, bought, await desk.request(bought, order, kind=SWAP))
    await desk.do(refund_exchange, case, **desk.seller())
    assert await desk.pay_back() == 1
    order = await desk.order(bought)
    assert (order.order.state, order.order.payment_status, order.order.fulfilment_status) == (
        "placed",
        "refunded",
        "received",
    )
    assert order.order.refunded == bought.total
    assert await desk.accounts() == []
    await desk.sound()


async def test_the_last_unit_is_set_aside_for_one_of_two_approved_at_once(desk: Desk) -> None:
    large = await a_size(desk, "TEA-L", stock=1)
    cases = []
    for _ in range(2):
        bought, order = await desk.delivered({"TEA": 1})
        cases.append(await desk.request(bought, order, kind=SWAP, instead=large))
    results = await asyncio.gather(
        *(desk.do(approve_return, case, **desk.seller()) for case in cases), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in results) == ["NoReplacement", "Return"]
    assert await desk.till.stock("TEA-L") == (1, 0)
    assert sorted([(await desk.again(case)).state.value for case in cases]) == ["approved", "requested"]
    await desk.sound()


async def test_what_is_set_aside_is_not_sold_to_others_and_does_not_run_out(desk: Desk) -> None:
    large = await a_size(desk, "TEA-L", stock=1)
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.request(bought, order, kind=SWAP, instead=large)
    await desk.do(approve_return, case, **desk.seller())
    desk.wait(days=6)
    async with desk.db.read() as read:
        assert await availability(read, variant_ids=[large], now=desk.now) == {large: 0}
    other = await desk.request(*await desk.delivered({"TEA": 1}), kind=SWAP, instead=large)
    with pytest.raises(NoReplacement):
        await desk.do(approve_return, other, **desk.seller())
    assert await desk.till.stock("TEA-L") == (1, 0)
    await desk.sound()


async def test_a_replacement_that_left_is_settled_by_the_deadline_at_the_latest(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await swap(desk, bought, await desk.request(bought, order, kind=SWAP))
    await desk.ship(await desk.order(bought))
    with pytest.raises(ReturnMoved):
        await desk.do(refund_exchange, case, **desk.seller())
    desk.wait(days=8)
    assert await act_on_silence(desk.db, now=desk.now) == 1
    assert (await desk.again(case)).state == "settled"
    assert await desk.till.refunds() == []
    await desk.sound()
