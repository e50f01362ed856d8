"""After-sales cases from the application to the money, through the public use cases and a simulated Alipay."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.world.desk import Desk
from tests.world.people import member

from merx.fulfilment import NothingToShip
from merx.kit.errors import DomainError
from merx.kit.ids import new_id
from merx.orders import OverReturned, UnknownOrder
from merx.returns import (
    Application,
    BadProposal,
    BadReturn,
    BadReturnReason,
    NotReturnable,
    NotShippedYet,
    ReturnDecided,
    ReturnKind,
    ReturnMoved,
    ReturnReason,
    TooManyPictures,
    UnknownPicture,
    UnknownReturn,
    Wanted,
    accept_proposal,
    act_on_silence,
    approve_return,
    decide_return,
    decline_proposal,
    escalate_return,
    inspect_return,
    propose_amount,
    reject_return,
    request_return,
    send_back,
    withdraw_return,
)

BACK = ReturnKind.RETURN_AND_REFUND
PARCEL = {"carrier": "shunfeng", "tracking_number": "SF9876543210123"}


async def test_a_full_refund_before_shipping_leaves_every_account_as_before(desk: Desk) -> None:
    assert await desk.accounts() == []
    bought = await desk.bought({"TEA": 1, "CUP": 2})
    order = await desk.order(bought)
    case = await desk.request(bought, order)
    assert (case.state, case.amount) == ("requested", bought.total)
    with pytest.raises(NothingToShip):
        await desk.ship(order)
    assert (await desk.do(approve_return, case, **desk.seller())).state == "approved"
    assert await desk.till.stock("TEA") == (0, 0)
    assert await desk.pay_back() == 1
    assert (await desk.again(case)).state == "settled"
    assert await desk.till.state(bought) == ("cancelled", "refunded")
    order = await desk.order(bought)
    assert (order.order.payment_status, order.order.refunded) == ("refunded", bought.total)
    assert await desk.accounts() == []
    assert desk.till.trade(bought).refunded_fen == bought.total
    await desk.till.provider_agrees()
    await desk.sound()


async def test_one_of_two_orders_is_cancelled_and_the_purchase_goes_on(desk: Desk) -> None:
    bought = await desk.bought({"TEA": 1, "POT": 1})
    first = await desk.order(bought)
    await desk.do(approve_return, await desk.request(bought, first), **desk.seller())
    assert await desk.pay_back() == 1
    states = await desk.till.owner.fetch(
        "SELECT o.state, o.payment_status, p.state FROM orders o JOIN purchases p ON p.id = o.purchase_id ORDER BY o.number"
    )
    assert {tuple(row) for row in states} == {
        ("cancelled", "refunded", "placed"),
        ("placed", "paid", "placed"),
    }
    second = await desk.order(bought, 1)
    assert {first.order.state, second.order.state} == {"placed"}
    await desk.do(approve_return, await desk.request(bought, second), **desk.seller())
    assert await desk.pay_back() == 1
    assert await desk.till.state(bought) == ("cancelled", "refunded")
    assert await desk.accounts() == []
    await desk.sound()


async def test_goods_are_sent_back_inspected_and_paid_back(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 2, "CUP": 1})
    case = await desk.request(bought, order, [2, 0], kind=BACK)
    case = await desk.do(approve_return, case, **desk.seller())
    assert (case.state, case.refund_id, case.due_at) == ("approved", None, desk.now + timedelta(days=7))
    case = await desk.do(send_back, case, **PARCEL, **desk.me(bought))
    assert (case.state, case.carrier) == ("in_transit", "shunfeng")
    tea = order.lines[0].id
    case = await desk.do(inspect_return, case, restocked=[Wanted(tea, 1)], **desk.seller())
    assert (case.state, case.lines[0].restocked, case.lines[0].written_off) == ("inspected", 1, 1)
    assert await desk.till.stock("TEA") == (0, 1)
    assert await desk.pay_back() == 1
    order = await desk.order(bought)
    assert (order.order.payment_status, order.order.refunded) == ("partially_refunded", 2 * 4990)
    assert (await desk.again(case)).state == "settled"
    last = await desk.request(bought, order, [0, 1], kind=BACK)
    assert last.amount == bought.total - 2 * 4990  # the last takes the shipping with it
    last = await desk.do(approve_return, last, **desk.seller())
    last = await desk.do(send_back, last, **PARCEL, **desk.me(bought))
    await desk.do(inspect_return, last, restocked=[Wanted(order.lines[1].id, 1)], **desk.seller())
    assert await desk.pay_back() == 1
    assert (await desk.order(bought)).order.payment_status == "refunded"
    assert await desk.accounts() == []
    await desk.sound()


async def test_a_part_of_the_amount_is_proposed_declined_and_accepted(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1, "CUP": 1})
    case = await desk.request(bought, order, reason=ReturnReason.DAMAGED)
    case = await desk.do(propose_amount, case, amount=1000, answer="补偿", **desk.seller())
    assert (case.state, case.proposed) == ("proposed", 1000)
    case = await desk.do(decline_proposal, case, **desk.me(bought))
    assert (case.state, case.proposed) == ("requested", None)
    case = await desk.do(propose_amount, case, amount=3333, answer="", **desk.seller())
    case = await desk.do(accept_proposal, case, **desk.me(bought))
    assert (case.state, case.agreed) == ("approved", 3333)
    assert await desk.pay_back() == 1
    parts = await desk.till.owner.fetchrow(
        "SELECT (SELECT sum(amount) FROM refund_lines)::int + shipping AS parts, amount FROM refunds"
    )
    assert tuple(parts) == (3333, 3333)
    assert (await desk.order(bought)).order.refunded == 3333
    await desk.sound()


async def test_the_platform_decides_after_a_refusal_and_only_once(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.request(bought, order, reason=ReturnReason.DEFECTIVE)
    case = await desk.do(reject_return, case, answer="已使用", **desk.seller())
    assert (case.state, case.answer) == ("rejected", "已使用")
    assert (await desk.order(bought)).lines[0].returned == 0
    case = await desk.do(escalate_return, case, **desk.me(bought))
    assert (await desk.order(bought)).lines[0].returned == 1
    decide: dict[str, Any] = {"actor": desk.staff, "now": desk.now, "answer": "支持买家"}
    case = await desk.do(decide_return, case, in_favour=True, amount=2000, **decide)
    assert (case.state, case.agreed, case.decided_by) == ("approved", 2000, desk.staff.account_id)
    with pytest.raises(ReturnMoved):
        await desk.do(decide_return, case, in_favour=False, amount=None, **decide)
    assert await desk.pay_back() == 1
    assert (await desk.order(bought)).order.refunded == 2000


async def test_what_the_platform_refused_is_not_asked_again(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.request(bought, order)
    case = await desk.do(escalate_return, case, **desk.seller())
    case = await desk.do(
        decide_return, case, actor=desk.staff, in_favour=False, amount=None, answer="无质量问题", now=desk.now
    )  # fmt: skip
    assert case.state == "rejected"
    with pytest.raises(ReturnDecided):
        await desk.do(escalate_return, case, **desk.me(bought))
    assert await desk.till.refunds() == []


async def test_goods_in_dispute_are_paid_back_by_the_platform(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.do(approve_return, await desk.request(bought, order, kind=BACK), **desk.seller())
    case = await desk.do(send_back, case, **PARCEL, **desk.me(bought))
    case = await desk.do(escalate_return, case, **desk.seller())
    with pytest.raises(ReturnMoved):
        await desk.do(withdraw_return, case, **desk.me(bought))
    case = await desk.do(
        decide_return, case, actor=desk.staff, in_favour=True, amount=4000, answer="折价", now=desk.now
    )
    assert (case.state, case.lines[0].written_off) == ("inspected", 1)
    assert await desk.pay_back() == 1
    assert (await desk.again(case)).state == "settled"
    await desk.sound()


async def test_a_withdrawn_case_gives_its_units_free(desk: Desk) -> None:
    bought = await desk.bought({"TEA": 2})
    order = await desk.order(bought)
    case = await desk.request(bought, order, [1])
    await desk.ship(order, None)
    line = (await desk.order(bought)).lines[0]
    assert (line.shipped, line.withheld) == (1, 1)
    await desk.do(withdraw_return, case, **desk.me(bought))
    await desk.ship(order, None)
    assert (await desk.order(bought)).order.fulfilment_status == "shipped"


async def test_an_order_whose_rest_was_cancelled_is_received_and_closed(desk: Desk) -> None:
    bought = await desk.bought({"TEA": 2})
    order = await desk.order(bought)
    await desk.ship(order, [(order.lines[0].id, 1)])
    await desk.do(approve_return, await desk.request(bought, order, [1]), **desk.seller())
    assert (await desk.order(bought)).order.fulfilment_status == "shipped"
    assert await desk.pay_back() == 1
    await desk.receive(bought, order)
    assert (await desk.order(bought)).order.fulfilment_status == "received"
    await desk.sound()


# ---------------------------------------------------------------- silence


async def test_a_silent_seller_has_approved(desk: Desk) -> None:
    bought = await desk.bought({"TEA": 1})
    case = await desk.request(bought, await desk.order(bought))
    desk.wait(days=3, seconds=-1)
    assert await act_on_silence(desk.db, now=desk.now) == 0
    desk.wait(seconds=1)
    assert await act_on_silence(desk.db, now=desk.now) == 1
    assert await act_on_silence(desk.db, now=desk.now) == 0
    assert (await desk.again(case)).state == "approved"
    assert await desk.pay_back() == 1


async def test_a_silent_buyer_has_withdrawn(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 2})
    sending = await desk.request(bought, order, [1], kind=BACK)
    await desk.do(approve_return, sending, **desk.seller())
    proposed = await desk.request(bought, order, [1])
    await desk.do(propose_amount, proposed, amount=1, answer="", **desk.seller())
    desk.wait(days=7)
    assert await act_on_silence(desk.db, now=desk.now) == 2
    assert {(await desk.again(each)).state for each in (sending, proposed)} == {"withdrawn"}
    assert (await desk.order(bought)).lines[0].returned == 0
    await desk.sound()


async def test_goods_nobody_inspected_are_written_off_and_paid_back(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.do(approve_return, await desk.request(bought, order, kind=BACK), **desk.seller())
    await desk.do(send_back, case, **PARCEL, **desk.me(bought))
    desk.wait(days=10)
    assert await act_on_silence(desk.db, now=desk.now) == 1
    case = await desk.again(case)
    assert (case.state, case.lines[0].restocked, case.lines[0].written_off) == ("inspected", 0, 1)
    assert await desk.till.stock("TEA") == (0, 1)
    assert await desk.pay_back() == 1


# ---------------------------------------------------------------- refusals


async def _refused(desk: Desk, error: type[DomainError], work: Any) -> None:
    before = await desk.till.everything()
    with pytest.raises(error):
        await work
    assert await desk.till.everything() == before


async def test_an_application_that_makes_no_sense_changes_nothing(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 2})
    other = await desk.bought({"POT": 1})
    stranger = await desk.order(other)
    tea = order.lines[0].id
    cases: list[tuple[type[DomainError], list[Wanted], dict[str, Any]]] = [
        (BadReturn, [], {}),
        (BadReturn, [Wanted(tea, 1), Wanted(tea, 1)], {}),
        (BadReturn, [Wanted(tea, 0)], {}),
        (BadReturn, [Wanted(stranger.lines[0].id, 1)], {}),
        (OverReturned, [Wanted(tea, 3)], {}),
        (BadReturnReason, [Wanted(tea, 1)], {"reason": ReturnReason.NOT_RECEIVED}),
        (TooManyPictures, [Wanted(tea, 1)], {"media_ids": [new_id() for _ in range(7)]}),
        (UnknownPicture, [Wanted(tea, 1)], {"media_ids": [new_id()]}),
    ]
    for error, lines, more in cases:
        asked: dict[str, Any] = {"kind": BACK, "reason": ReturnReason.OTHER, "lines": lines, **more}
        await _refused(desk, error, _apply(desk, bought, order.order.id, Application(**asked)))
    whole = Application(kind=BACK, reason=ReturnReason.OTHER, lines=[Wanted(stranger.lines[0].id, 1)])
    await _refused(desk, NotShippedYet, _apply(desk, other, stranger.order.id, whole))
    await _refused(desk, UnknownOrder, _apply(desk, bought, stranger.order.id, whole))


async def _apply(desk: Desk, bought: Any, order_id: Any, application: Application) -> None:
    await desk.db.write(
        lambda tx: request_return(
            tx, order_id=order_id, application=application, default_days=15, **desk.me(bought)
        )
    )


async def test_nothing_is_asked_back_before_it_is_paid_or_after_its_time(desk: Desk) -> None:
    unpaid = await desk.till.at_cashier({"CUP": 1})
    await _refused(desk, NotReturnable, desk.request(unpaid, await desk.order(unpaid)))
    bought, order = await desk.delivered({"TEA": 1})
    desk.wait(days=15, seconds=1)
    await _refused(desk, NotReturnable, desk.request(bought, order))
    await desk.till.owner.execute("UPDATE sellers SET after_sales_days = 16")
    assert (await desk.request(bought, order)).state == "requested"
    await desk.till.expire()


async def test_a_stranger_finds_no_case(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.request(bought, order)
    other = await desk.bought({"CUP": 1})
    for use_case in (withdraw_return, accept_proposal, decline_proposal, escalate_return):
        await _refused(desk, UnknownReturn, desk.do(use_case, case, **desk.me(other)))
    await _refused(desk, UnknownReturn, desk.do(send_back, case, **PARCEL, **desk.me(other)))
    stranger = {"actor": member(new_id()), "now": desk.now}
    await _refused(desk, UnknownReturn, desk.do(approve_return, case, **stranger))
    await _refused(desk, UnknownReturn, desk.do(reject_return, case, answer="no", **stranger))
    await _refused(desk, UnknownReturn, desk.do(propose_amount, case, amount=1, answer="", **stranger))
    await _refused(desk, UnknownReturn, desk.do(inspect_return, case, restocked=[], **stranger))
    await _refused(desk, UnknownReturn, desk.do(escalate_return, case, **stranger))


async def test_an_amount_above_the_goods_or_for_unshipped_ones_is_not_proposed(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.request(bought, order)
    for amount in (0, -1, case.amount + 1):
        await _refused(
            desk, BadProposal, desk.do(propose_amount, case, amount=amount, answer="", **desk.seller())
        )
    waiting = await desk.bought({"CUP": 1})
    unshipped = await desk.request(waiting, await desk.order(waiting))
    await _refused(
        desk, BadProposal, desk.do(propose_amount, unshipped, amount=1, answer="", **desk.seller())
    )


async def test_steps_out_of_turn_are_refused(desk: Desk) -> None:
    bought, order = await desk.delivered({"TEA": 1})
    case = await desk.request(bought, order, kind=BACK)
    await _refused(desk, ReturnMoved, desk.do(accept_proposal, case, **desk.me(bought)))
    await _refused(desk, ReturnMoved, desk.do(decline_proposal, case, **desk.me(bought)))
    await _refused(desk, ReturnMoved, desk.do(send_back, case, **PARCEL, **desk.me(bought)))
    await _refused(desk, ReturnMoved, desk.do(inspect_return, case, restocked=[], **desk.seller()))
    case = await desk.do(approve_return, case, **desk.seller())
    await _refused(desk, ReturnMoved, desk.do(reject_return, case, answer="no", **desk.seller()))
    case = await desk.do(send_back, case, **PARCEL, **desk.me(bought))
    too_many = [Wanted(order.lines[0].id, 2)]
    await _refused(desk, BadReturn, desk.do(inspect_return, case, restocked=too_many, **desk.seller()))
    await _refused(desk, ReturnMoved, desk.do(withdraw_return, case, **desk.me(bought)))


async def test_ten_applications_for_the_same_units_open_one_case(desk: Desk) -> None:
    bought = await desk.bought({"TEA": 1})
    order = await desk.order(bought)
    found = await asyncio.gather(*(desk.request(bought, order) for _ in range(10)), return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in found) == 1
    assert {type(each) for each in found if isinstance(each, BaseException)} == {OverReturned}


async def test_ten_approvals_at_once_pay_back_once(desk: Desk) -> None:
    bought = await desk.bought({"TEA": 1})
    case = await desk.request(bought, await desk.order(bought))
    found = await asyncio.gather(
        *(desk.do(approve_return, case, **desk.seller()) for _ in range(10)), return_exceptions=True
    )
    assert {type(each) for each in found if isinstance(each, BaseException)} == {ReturnMoved}
    assert await desk.till.refunds() == [("after_sales", "approved", bought.total)]
    assert await desk.pay_back() == 1
    assert desk.till.trade(bought).refunded_fen == bought.total
