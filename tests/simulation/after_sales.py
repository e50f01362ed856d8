"""What buyers, sellers, the platform and time do with goods and money that are to go back.

The table says where a case may go. What it is worth, whose units it takes and when silence speaks is worked out here, from
what was bought at which price; the shop is asked only afterwards.
"""

from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from tests.simulation.world import Case, World
from tests.world.people import guest, member

from merx.kit.actors import Staff
from merx.kit.errors import DomainError
from merx.orders import OverReturned
from merx.payments import retry_refund
from merx.returns import (
    Application,
    NotReturnable,
    NotShippedYet,
    Return,
    ReturnKind,
    ReturnReason,
    Wanted,
    accept_proposal,
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

UseCase = Callable[..., Coroutine[Any, Any, Return]]
WINDOW: Final = timedelta(days=15)
SELLER_SILENT: Final = timedelta(days=3)
BUYER_SILENT: Final = timedelta(days=7)
NOBODY_INSPECTS: Final = timedelta(days=10)
LAST_CALL: Final = timedelta(days=7)
MOVES: Final[dict[str, tuple[str, ...]]] = {
    "requested": (
        "approve",
        "approve",
        "approve",
        "reject",
        "propose",
        "withdraw",
        "buyer calls",
        "seller calls",
    ),
    "proposed": ("accept", "accept", "decline", "withdraw", "buyer calls", "seller calls"),
    "escalated": ("for", "for a part", "against", "withdraw"),
    "approved": ("send", "send", "send", "withdraw"),
    "in_transit": ("inspect", "inspect", "buyer calls", "seller calls"),
    "rejected": ("buyer calls",),
    "inspected": (),
    "paying": (),
    "withdrawn": (),
}
"""`paying` is an approved case whose money is on its way: nobody can do anything about it any more."""


async def apply(world: World) -> str:
    """A buyer asks units back, of what left and of what did not."""
    bought = world.in_state("placed", "closed")
    if not bought:
        return "nothing to ask back"
    purchase = world.chance.choice(bought[-12:])
    seller = world.chance.choice(sorted({code for code in world.shop.sellers if purchase.of_seller(code)}))
    goods_come_back = world.chance.random() < 0.5
    wanted = {
        sku: world.chance.randint(1, purchase.lines[sku])
        for sku in purchase.of_seller(seller)
        if world.chance.random() < 0.8
    }
    if not wanted:
        return f"{purchase.name} keeps everything"
    rows = await world.owner.fetch(
        """SELECT o.id AS order_id, o.state, o.received_at, l.id, l.sku FROM orders o JOIN order_lines l ON l.order_id = o.id
            WHERE o.purchase_id = $1 AND o.seller_id = $2""",
        purchase.id,
        world.shop.sellers[seller],
    )
    line_ids = {row["sku"]: row["id"] for row in rows}
    left = {sku: purchase.lines[sku] - purchase.shipped[sku] - purchase.withheld[sku] for sku in wanted}
    units = {sku: (count, 0 if goods_come_back else min(count, left[sku])) for sku, count in wanted.items()}
    enough = all(
        unshipped <= left[sku] and count - unshipped <= purchase.shipped[sku] - purchase.returned[sku]
        for sku, (count, unshipped) in units.items()
    )
    over = rows[0]["received_at"] is not None and world.now > rows[0]["received_at"] + WINDOW
    application = Application(
        kind=ReturnKind.RETURN_AND_REFUND if goods_come_back else ReturnKind.REFUND_ONLY,
        reason=ReturnReason.CHANGED_MIND,
        lines=[Wanted(line_ids[sku], count) for sku, count in wanted.items()],
    )
    try:
        opened = await world.db.write(
            lambda tx: request_return(
                tx, order_id=rows[0]["order_id"], actor=guest(purchase.access_hash, purchase.shopper.account_id),
                application=application, default_days=WINDOW.days, now=world.now,
            )
        )  # fmt: skip
    except NotReturnable:
        assert over or rows[0]["state"] != "placed"
        return f"{purchase.name} is past asking back"
    except NotShippedYet:
        assert goods_come_back
        assert not all(purchase.shipped[sku] for sku in wanted)
        return f"{purchase.name} has nothing to send back"
    except OverReturned:
        assert not enough
        return f"{purchase.name} asks back too much"
    assert enough
    assert rows[0]["state"] == "placed"
    assert not over
    case = Case(
        f"c{len(world.cases)}", opened.id, purchase, seller, line_ids, units, goods_come_back,
        purchase.worth(seller, wanted), world.now + SELLER_SILENT, world.now,
    )  # fmt: skip
    assert opened.amount == case.amount, f"{purchase.name}: {opened.amount} instead of {case.amount}"
    _count(case, 1)
    world.cases.append(case)
    return f"{purchase.name} asks back {wanted} as {case.name}"


def _count(case: Case, sign: int) -> None:
    for sku, (count, unshipped) in case.units.items():
        case.purchase.withheld[sku] += sign * unshipped
        case.purchase.returned[sku] += sign * (count - unshipped)


async def move_case(world: World) -> str:
    """Somebody does something with a case; now and then what is not theirs to do."""
    if not world.cases:
        return "no case to move"
    case = world.chance.choice(world.cases[-8:])
    lawful = MOVES[case.state]
    every = sorted({move for moves in MOVES.values() for move in moves})
    move = (
        world.chance.choice(lawful) if lawful and world.chance.random() < 0.9 else world.chance.choice(every)
    )
    order = await world.owner.fetchval(
        "SELECT state FROM orders WHERE id = (SELECT order_id FROM returns WHERE id = $1)", case.id
    )
    allowed = move in lawful and _may(world, case, move, order_open=order == "placed")
    before, refusal = case.state, ""
    restocked = _choose_restocked(world, case) if move == "inspect" else {}
    amount = world.chance.randint(1, case.amount)
    use_case, more = _use_case(world, case, move, amount, restocked)

    try:
        await world.db.write(partial(use_case, return_id=case.id, now=world.now, **more))
    except DomainError as error:
        refusal = repr(error)
    assert bool(refusal) != allowed, f"{case.name} {before}: {move} {refusal or 'was let through'}"
    if refusal:
        return f"{case.name} {before}: not {move}"
    _follow(world, case, move, amount, restocked)
    return f"{case.name} {before}: {move}, {case.state}"


def _may(world: World, case: Case, move: str, *, order_open: bool) -> bool:
    """What the table leaves open."""
    unshipped = any(count for _, count in case.units.values())
    if move.endswith("calls") and case.decided:
        return False
    if move in ("propose", "for a part"):
        return not unshipped
    if move == "withdraw":
        return not case.sent
    if case.state == "rejected":
        purchase = case.purchase
        left = {
            sku: purchase.lines[sku] - purchase.shipped[sku] - purchase.withheld[sku] for sku in case.units
        }
        enough = all(
            asked <= left[sku] and count - asked <= purchase.shipped[sku] - purchase.returned[sku]
            for sku, (count, asked) in case.units.items()
        )
        return enough and order_open and world.now <= case.moved_at + LAST_CALL
    return True


def _choose_restocked(world: World, case: Case) -> dict[str, int]:
    return {sku: world.chance.randint(0, count) for sku, (count, _) in sorted(case.units.items())}


def _use_case(
    world: World, case: Case, move: str, amount: int, restocked: dict[str, int]
) -> tuple[UseCase, dict[str, Any]]:
    me = {"actor": guest(case.purchase.access_hash, case.purchase.shopper.account_id)}
    seller = {"actor": member(world.shop.sellers[case.seller], account_id=world.staff[case.seller])}
    staff: dict[str, Any] = {"actor": Staff(world.platform), "answer": "decided"}
    lines: Sequence[Wanted] = [Wanted(case.line_ids[sku], count) for sku, count in restocked.items()]
    found: dict[str, tuple[UseCase, dict[str, Any]]] = {
        "approve": (approve_return, seller),
        "reject": (reject_return, {"answer": "no", **seller}),
        "propose": (propose_amount, {"amount": amount, "answer": "", **seller}),
        "inspect": (inspect_return, {"restocked": lines, **seller}),
        "seller calls": (escalate_return, seller),
        "accept": (accept_proposal, me),
        "decline": (decline_proposal, me),
        "withdraw": (withdraw_return, me),
        "send": (send_back, {"carrier": "other", "tracking_number": "T123456789", **me}),
        "buyer calls": (escalate_return, me),
        "for": (decide_return, {"in_favour": True, "amount": None, **staff}),
        "for a part": (decide_return, {"in_favour": True, "amount": amount, **staff}),
        "against": (decide_return, {"in_favour": False, "amount": None, **staff}),
    }
    return found[move]


def _follow(world: World, case: Case, move: str, amount: int, restocked: dict[str, int]) -> None:
    """Write down what a lawful move comes to."""
    before, case.due_at, case.moved_at = case.state, None, world.now
    case.decided = case.decided or move in ("for", "for a part", "against")
    if move in ("approve", "accept", "for", "for a part"):
        case.agreed = {"accept": case.proposed, "for a part": amount}.get(move)
        _grant(world, case)
    elif move == "inspect":
        _inspect(case, restocked)
    elif move in ("reject", "against", "withdraw"):
        case.state = "withdrawn" if move == "withdraw" else "rejected"
        _count(case, -1)
    elif move == "propose":
        case.state, case.proposed, case.due_at = "proposed", amount, world.now + BUYER_SILENT
    elif move == "decline":
        case.state, case.proposed, case.due_at = "requested", None, world.now + SELLER_SILENT
    elif move == "send":
        case.state, case.sent, case.due_at = "in_transit", True, world.now + NOBODY_INSPECTS
    else:
        case.state = "escalated"
        if before == "rejected":
            _count(case, 1)


def _grant(world: World, case: Case) -> None:
    if case.sent:
        _inspect(case, {})
    elif case.goods_come_back:
        case.state, case.due_at = "approved", world.now + BUYER_SILENT
    else:
        case.state = "paying"
        _pay_back(case, {})


def _inspect(case: Case, restocked: dict[str, int]) -> None:
    case.state = "inspected"
    _pay_back(case, restocked)


def _pay_back(case: Case, restocked: dict[str, int]) -> None:
    """The money is approved to go back; what never left, and what is as good as new, is for sale again."""
    purchase = case.purchase
    worth = purchase.worth(case.seller, {sku: count for sku, (count, _) in case.units.items()})
    purchase.given += worth if case.agreed is None else min(worth, case.agreed)
    for sku, (count, unshipped) in case.units.items():
        purchase.refunded[sku] += count
        purchase.back[sku] += unshipped + restocked.get(sku, 0)


async def keep_silence(world: World) -> int:
    """The job for those who were silent too long; returns how many cases it moved."""
    due = [case for case in world.cases if case.due_at is not None and case.due_at <= world.now]
    done = await world.jobs["act_on_silence"].work(world.now)
    assert done == len(due), f"{done} instead of {[case.name for case in due]}"
    for case in sorted(due, key=lambda each: (each.due_at, each.id)):
        case.due_at, case.moved_at = None, world.now
        if case.state == "requested":
            _grant(world, case)
        elif case.state == "in_transit":
            _inspect(case, {})
        else:
            case.state = "withdrawn"
            _count(case, -1)
    return done


async def decide_the_rest(world: World) -> None:
    """The platform leaves no case undecided."""
    for case in world.cases:
        if case.state == "escalated":
            use_case, more = _use_case(world, case, "for", 0, {})
            await world.db.write(partial(use_case, return_id=case.id, now=world.now, **more))
            _follow(world, case, "for", 0, {})


async def retry_refunds(world: World) -> str:
    """Staff try the refunds again that a provider refused."""
    rows = await world.owner.fetch("SELECT id FROM refunds WHERE state = 'failed' ORDER BY id")
    for row in rows:
        await world.db.write(partial(retry_refund, refund_id=row["id"], now=world.now))
    return f"{len(rows)} refunds tried again"
