"""Pure rules of after-sales: who may wait how long, which units, which amounts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from merx.catalog import Variant
from merx.kit.actors import Actor, Agent, Buyer, SellerMember, Staff, System
from merx.kit.errors import Conflict
from merx.kit.i18n import clean_text
from merx.kit.money import Money
from merx.orders import LineClaim, Order, OrderLine, OrderState, OrderView, OverReturned
from merx.refunds import UnitsBack
from merx.returns.errors import (
    BadProposal,
    BadReturn,
    BadReturnReason,
    MixedUnits,
    NoMoneyInExchange,
    NotExchangeable,
    NotReturnable,
    NotShippedYet,
    OnlyAuthorized,
    ReturnDecided,
    ReturnMoved,
    TooManyPictures,
)
from merx.returns.model import (
    Application,
    By,
    Return,
    ReturnAction,
    ReturnKind,
    ReturnLine,
    ReturnReason,
    ReturnState,
    Wanted,
    WantedVariant,
)
from merx.returns.states import RETURN_STATES

SELLER_ANSWERS: Final = timedelta(days=3)
"""A seller silent for so long has approved."""
BUYER_ANSWERS: Final = timedelta(days=7)
"""A buyer who neither answers a proposal nor sends the goods back for so long has withdrawn."""
SELLER_INSPECTS: Final = timedelta(days=10)
"""Goods sent back so long ago count as inspected, and as written off: nobody has put them on the shelf."""
SELLER_REPLACES: Final = timedelta(days=7)
"""A seller who has not sent the replacement for so long after the inspection pays the money back instead."""
ESCALATE_WITHIN: Final = timedelta(days=7)
"""How long after a rejection the buyer may call the platform in."""
BODY_LIMIT: Final = 2000
PICTURES_MOST: Final = 6
MAX_UNITS: Final = 999


def check_application(application: Application) -> tuple[str, list[UUID]]:
    """The text and the pictures of an application, cleaned. Raises BadReturnReason, TooManyPictures, TextRefused."""
    reason_fits = application.reason is not ReturnReason.NOT_RECEIVED
    if application.kind is not ReturnKind.REFUND_ONLY and not reason_fits:
        raise BadReturnReason(field="reason")
    pictures = list(dict.fromkeys(application.media_ids))
    if len(pictures) > PICTURES_MOST:
        raise TooManyPictures(field="media", most=PICTURES_MOST)
    return check_words("body", application.body, required=False), pictures


def check_words(field: str, text: str, *, required: bool) -> str:
    """A typed explanation in NFC. Raises TextRefused."""
    return clean_text(field, text, limit=BODY_LIMIT, required=required, lines=True)


def check_window(order: Order, *, days: int, now: datetime) -> None:
    """Whether an order still takes applications. Raises NotReturnable, OnlyAuthorized."""
    if order.payment_status == "authorized":
        raise OnlyAuthorized
    over = order.received_at is not None and now > order.received_at + timedelta(days=days)
    if order.state != OrderState.PLACED or over:
        raise NotReturnable


def takes_applications(order: Order, *, days: int, now: datetime) -> bool:
    """Whether an order still takes applications."""
    return _passes(lambda: check_window(order, days=days, now=now))


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except Conflict:
        return False
    return True


def side_of(actor: Actor) -> By:
    """On which side of a case somebody acts; "timer" is Merx itself."""
    match actor:
        case Buyer() | Agent():
            return "buyer"
        case SellerMember():
            return "seller"
        case Staff():
            return "staff"
        case System():
            return "timer"


def can_withdraw(case: Return) -> bool:
    """Whether a case can be taken back: neither goods nor money are on their way."""
    at_rest = case.refund_id is None and case.sent_back_at is None
    return at_rest and RETURN_STATES.allows(case.state, ReturnState.WITHDRAWN)


def can_answer_proposal(case: Return) -> bool:
    """Whether the buyer has an amount to accept or to decline."""
    return case.state is ReturnState.PROPOSED


def can_send_back(case: Return) -> bool:
    """Whether the buyer can say that the goods are on their way back."""
    return case.refund_id is None and RETURN_STATES.allows(case.state, ReturnState.IN_TRANSIT)


def can_answer(case: Return) -> bool:
    """Whether the seller has something to answer; an escalated case is the platform's to decide."""
    return case.state is ReturnState.REQUESTED


def can_inspect(case: Return) -> bool:
    """Whether the goods can arrive."""
    return case.state is ReturnState.IN_TRANSIT


def can_decide(case: Return) -> bool:
    """Whether the case waits for the platform."""
    return case.state is ReturnState.ESCALATED


def owes_replacement(case: Return, view: OrderView) -> bool:
    """Whether the goods of an exchange are back and what they are exchanged for has not all left."""
    waits = case.state is ReturnState.INSPECTED and case.refund_id is None
    return case.kind is ReturnKind.EXCHANGE and waits and not is_replaced(case, view)


def is_replaced(case: Return, view: OrderView) -> bool:
    """Whether everything a case owes has left."""
    return not any(
        each.left for line in view.lines for each in line.replacements if each.return_id == case.id
    )


def check_escalation(case: Return, order: Order, *, actor: Buyer | SellerMember, now: datetime) -> None:
    """Whether this side can call the platform in. Raises ReturnMoved, ReturnDecided, NotReturnable."""
    refused = case.state is ReturnState.REJECTED
    moved = ReturnMoved(state=case.state.value, wanted=ReturnState.ESCALATED.value)
    if refused and isinstance(actor, SellerMember):
        raise moved
    if case.decided_by is not None or (refused and now > case.updated_at + ESCALATE_WITHIN):
        raise ReturnDecided
    if refused and order.state != OrderState.PLACED:
        raise NotReturnable
    if not RETURN_STATES.allows(case.state, ReturnState.ESCALATED):
        raise moved


def actions_of(case: Return, view: OrderView, *, actor: Actor, now: datetime) -> tuple[ReturnAction, ...]:
    """What somebody who may see a case may do with it now."""
    match actor:
        case Agent():
            return actions_of(case, view, actor=actor.buyer, now=now)
        case Buyer():
            may = {
                ReturnAction.ACCEPT: can_answer_proposal(case),
                ReturnAction.DECLINE: can_answer_proposal(case),
                ReturnAction.SEND_BACK: can_send_back(case),
                ReturnAction.ESCALATE: _passes(
                    lambda: check_escalation(case, view.order, actor=actor, now=now)
                ),
                ReturnAction.WITHDRAW: can_withdraw(case),
            }
        case SellerMember():
            exchange = case.kind is ReturnKind.EXCHANGE
            may = {
                ReturnAction.APPROVE: can_answer(case),
                ReturnAction.APPROVE_AS_REFUND: can_answer(case) and exchange,
                ReturnAction.PROPOSE: can_answer(case) and takes_part(case),
                ReturnAction.REJECT: can_answer(case),
                ReturnAction.INSPECT: can_inspect(case),
                ReturnAction.CANNOT_DELIVER: owes_replacement(case, view),
                ReturnAction.ESCALATE: _passes(
                    lambda: check_escalation(case, view.order, actor=actor, now=now)
                ),
            }
        case Staff():
            may = {
                ReturnAction.DECIDE: can_decide(case),
                ReturnAction.DECIDE_AMOUNT: can_decide(case) and takes_part(case),
            }
        case System():
            may = {}
    return tuple(action for action, allowed in may.items() if allowed)


def pick_units(lines: Sequence[OrderLine], wanted: Sequence[Wanted], *, kind: ReturnKind) -> list[ReturnLine]:
    """Which units are meant: those not shipped first, unless goods are to be sent back.

    Whether the order still has so many is left to the order itself. Raises BadReturn, NotShippedYet.
    """
    known = {line.id: line for line in lines}
    distinct = {each.order_line_id for each in wanted}
    if not wanted or len(distinct) < len(wanted) or not distinct <= known.keys():
        raise BadReturn
    if not all(1 <= each.quantity <= MAX_UNITS for each in wanted):
        raise BadReturn
    picked = []
    for each in wanted:
        line = known[each.order_line_id]
        if kind is ReturnKind.REFUND_ONLY:
            unshipped = min(each.quantity, max(0, line.to_ship - line.to_replace))
        elif line.shipped == 0:
            raise NotShippedYet
        else:
            unshipped = 0
        variant_id = each.variant_id or line.variant_id
        picked.append(ReturnLine(line.id, each.quantity, unshipped, variant_id))
    return sorted(picked, key=lambda line: line.order_line_id)


def kinds_for(line: OrderLine, *, held: bool) -> tuple[ReturnKind, ...]:
    """What can be asked for of a line: goods that never left cannot be sent back, `held` ones can be exchanged."""
    if line.shipped <= line.returned:
        return (ReturnKind.REFUND_ONLY,)
    return tuple(kind for kind in ReturnKind if held or kind is not ReturnKind.EXCHANGE)


def units_held(line: OrderLine, cases: Sequence[Return]) -> dict[UUID, int]:
    """How many units of each variant the buyer has of a line and has not asked back: the newest variant first.

    `cases` are those of the line's order.
    """
    sent = {each.variant_id: 0 for each in reversed(line.replacements)}
    for each in line.replacements:
        sent[each.variant_id] += each.shipped
    own = line.shipped - sum(each.shipped for each in line.replacements)
    sent[line.variant_id] = sent.get(line.variant_id, 0) + own
    for case in cases:
        if case.state in (ReturnState.REJECTED, ReturnState.WITHDRAWN):
            continue
        for back in case.lines:
            if back.order_line_id == line.id:
                sent[back.variant_id] = sent.get(back.variant_id, 0) - back.quantity + back.unshipped
    return {variant_id: units for variant_id, units in sent.items() if units > 0}


def name_variant(picked: ReturnLine, wanted: Wanted, held: Mapping[UUID, int]) -> ReturnLine:
    """Say of which variant the shipped units of a picked line are. Raises MixedUnits, OverReturned."""
    units = picked.quantity - picked.unshipped
    if not units:
        return picked
    if wanted.variant_id is not None:
        if held.get(wanted.variant_id, 0) < units:
            raise OverReturned
        return picked
    fitting = [variant_id for variant_id, count in held.items() if count >= units]
    if fitting:
        return msgspec.structs.replace(picked, variant_id=fitting[0])
    raise MixedUnits if sum(held.values()) >= units else OverReturned


def choose_replacement(
    line: OrderLine, picked: ReturnLine, wanted: Wanted, variants: Sequence[Variant], *, currency: str
) -> ReturnLine:
    """The variant of the line's product that is wanted instead: the same, or one that costs as much.

    As much as was paid, or as the one that comes back costs now. Raises NotExchangeable.
    """
    known = {variant.id: variant for variant in variants}
    found = known.get(wanted.replacement_id or picked.variant_id)
    if found is None or not is_exchangeable(line, known.get(picked.variant_id), found, currency=currency):
        raise NotExchangeable(field="replacement")
    return msgspec.structs.replace(
        picked, replacement=WantedVariant(variant_id=found.id, sku=found.sku, label=found.label)
    )


def is_exchangeable(line: OrderLine, back: Variant | None, wanted: Variant, *, currency: str) -> bool:
    """Whether `wanted` may be sent for a unit of a line that is of `back`."""
    if back is not None and wanted.id == back.id:
        return True
    price = wanted.prices.get(currency)
    same = price is not None and price in (line.unit_price, back.prices.get(currency) if back else None)
    return wanted.state == "active" and same


def goods_to_send(case: Return) -> bool:
    """Whether the buyer is to send goods back now."""
    return (
        case.state is ReturnState.APPROVED
        and case.kind is not ReturnKind.REFUND_ONLY
        and case.refund_id is None
    )


def claims_of(lines: Sequence[ReturnLine]) -> list[LineClaim]:
    """The units as the order counts them."""
    return [LineClaim(line.order_line_id, line.unshipped, line.quantity - line.unshipped) for line in lines]


def units_of(lines: Sequence[ReturnLine]) -> list[UnitsBack]:
    """The units as a refund counts them."""
    return [UnitsBack(line.order_line_id, line.quantity, line.unshipped) for line in lines]


def takes_part(case: Return) -> bool:
    """Whether a part of a case's amount can be agreed on."""
    return case.kind is not ReturnKind.EXCHANGE and not any(line.unshipped for line in case.lines)


def check_amount(case: Return, amount: int) -> int:
    """An amount to be agreed on instead of the whole one. Raises BadProposal."""
    if case.kind is ReturnKind.EXCHANGE:
        raise NoMoneyInExchange(field="amount")
    if not takes_part(case) or not 1 <= amount <= case.amount:
        most = Money(case.amount, case.currency)
        raise BadProposal(field="amount", most=f"{most.decimal()} {most.currency}")
    return amount


def inspected_lines(lines: Sequence[ReturnLine], restocked: Sequence[Wanted] | None) -> list[ReturnLine]:
    """What came back, by what becomes of it: `restocked` units are sold again, the others are written off.

    None writes everything off. Raises BadReturn for lines that are not the case's, and for more units than came back.
    """
    back = {each.order_line_id: each.quantity for each in restocked or ()}
    known = {line.order_line_id: line.quantity - line.unshipped for line in lines}
    if len(back) < len(restocked or ()) or not back.keys() <= known.keys():
        raise BadReturn
    if not all(0 <= quantity <= known[line_id] for line_id, quantity in back.items()):
        raise BadReturn
    return [
        msgspec.structs.replace(
            line,
            restocked=back.get(line.order_line_id, 0),
            written_off=known[line.order_line_id] - back.get(line.order_line_id, 0),
        )
        for line in lines
    ]
