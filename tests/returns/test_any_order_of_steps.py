"""Random steps by buyer, seller, staff and time, against a table of what each may do in each state."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from tests.world.desk import Desk
from tests.world.till import Bought

from merx.kit.errors import DomainError
from merx.orders import OrderView
from merx.returns import (
    RETURN_STATES,
    Return,
    ReturnKind,
    accept_proposal,
    act_on_silence,
    approve_as_refund,
    approve_return,
    decide_return,
    decline_proposal,
    escalate_return,
    inspect_return,
    propose_amount,
    refund_exchange,
    reject_return,
    send_back,
    withdraw_return,
)

GRANTED = "granted"
ALLOWED = {
    "requested": {
        "approve": GRANTED, "reject": "rejected", "propose": "proposed", "withdraw": "withdrawn",
        "buyer calls": "escalated", "seller calls": "escalated", "silence": GRANTED, "as refund": "approved",
    },
    "proposed": {
        "accept": GRANTED, "decline": "requested", "withdraw": "withdrawn", "buyer calls": "escalated",
        "seller calls": "escalated", "silence": "withdrawn",
    },
    "escalated": {"for": GRANTED, "against": "rejected", "withdraw": "withdrawn"},
    "approved": {"send": "in_transit", "withdraw": "withdrawn", "silence": "withdrawn", "pay": "settled"},
    "in_transit": {
        "inspect": "inspected", "silence": "inspected", "buyer calls": "escalated", "seller calls": "escalated",
    },
    "inspected": {"pay": "settled", "ship": "settled", "give up": "inspected", "silence": "inspected"},
    "rejected": {"buyer calls": "escalated"},
    "settled": {},
    "withdrawn": {},
}  # fmt: skip
ONWARD = {"approve", "send", "inspect", "ship", "for", "pay"}
"""What leads a case to its end; taken more often than what cuts it short."""
STEPS = sorted({step for steps in ALLOWED.values() for step in steps})


def expected(case: Return, step: str, now: datetime) -> str | None:
    """Where a step leads; None when it is refused or, by silence and paying, changes nothing."""
    to = ALLOWED[case.state].get(step)
    sent, paying = case.sent_back_at is not None, case.refund_id is not None
    exchange = case.kind == "exchange"
    if (step == "propose" and exchange) or (step == "as refund" and not exchange):
        return None
    if case.state == "inspected" and (step == "pay") != paying:
        return None
    if step.endswith("calls") and case.decided_by is not None:
        return None
    if case.state == "rejected" and now > case.updated_at + timedelta(days=7):
        return None
    if case.state == "approved" and (step == "pay") != paying:
        return None
    if step == "withdraw" and sent:
        return None
    if to == GRANTED:
        return "inspected" if sent else "approved"
    return to


async def take(desk: Desk, case: Return, bought: Bought, step: str) -> None:
    me, seller = desk.me(bought), desk.seller()
    staff: dict[str, Any] = {"actor": desk.staff, "amount": None, "answer": "裁决", "now": desk.now}
    if step == "silence":
        await act_on_silence(desk.db, now=desk.now)
    elif step == "pay":
        await desk.pay_back()
    elif step == "ship":
        await desk.ship(await desk.order(bought))
        await desk.deliver()
    else:
        use_case, more = {
            "approve": (approve_return, seller),
            "as refund": (approve_as_refund, seller),
            "give up": (refund_exchange, seller),
            "reject": (reject_return, {"answer": "no", **seller}),
            "propose": (propose_amount, {"amount": 777, "answer": "", **seller}),
            "inspect": (inspect_return, {"restocked": [], **seller}),
            "seller calls": (escalate_return, seller),
            "accept": (accept_proposal, me),
            "decline": (decline_proposal, me),
            "withdraw": (withdraw_return, me),
            "send": (send_back, {"carrier": "shunfeng", "tracking_number": "SF9876543210123", **me}),
            "buyer calls": (escalate_return, me),
            "for": (decide_return, {"in_favour": True, **staff}),
            "against": (decide_return, {"in_favour": False, **staff}),
        }[step]
        await desk.do(use_case, case, **more)


@pytest.mark.parametrize("seed", range(8))
async def test_a_case_goes_only_where_the_table_leads(desk: Desk, seed: int) -> None:
    random = Random(seed)
    bought, order = await desk.delivered({"TEA": 6})
    await desk.till.restock("TEA", 50)
    case = await a_case(desk, bought, order, random)
    for _ in range(40):
        likely = [step for step in ALLOWED[case.state] if random.random() < 0.7]
        step = (
            random.choices(likely, [4 if each in ONWARD else 1 for each in likely])[0]
            if likely
            else random.choice(STEPS)
        )
        if step == "silence":
            desk.wait(days=10)
        to = expected(case, step, desk.now)
        try:
            await take(desk, case, bought, step)
        except DomainError:
            assert to is None, (case.state, step)
        after = await desk.again(case)
        assert after.state == (to or case.state), (case.state, step)
        case = after
        if case.state in RETURN_STATES.final:
            order = await desk.order(bought)
            over = desk.now > (order.order.received_at or desk.now) + timedelta(days=15)
            if not order.lines[0].left or over:
                break
            case = await a_case(desk, bought, order, random)
    await desk.sound()


async def a_case(desk: Desk, bought: Bought, order: OrderView, random: Random) -> Return:
    kinds = [*ReturnKind, ReturnKind.EXCHANGE, ReturnKind.EXCHANGE]
    return await desk.request(bought, order, [1], kind=random.choice(kinds))


def test_the_table_here_is_the_table_there() -> None:
    for state, steps in ALLOWED.items():
        targets = {target if target != GRANTED else "approved" for target in steps.values()} - {state}
        declared = {to for to in RETURN_STATES.states if RETURN_STATES.allows(state, to)}
        assert targets <= declared, state
        assert declared - targets <= {"inspected"}, state
