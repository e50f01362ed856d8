"""Pure rules of after-sales: who may wait how long, which units, which amounts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from merx.checkout import UnitsBack
from merx.kit.i18n import clean_text
from merx.kit.money import Money
from merx.orders import LineClaim, Order, OrderLine, OrderState
from merx.returns.errors import (
    BadProposal,
    BadReturn,
    BadReturnReason,
    NotReturnable,
    NotShippedYet,
    TooManyPictures,
)
from merx.returns.model import Application, Return, ReturnKind, ReturnLine, ReturnReason, Wanted

SELLER_ANSWERS: Final = timedelta(days=3)
"""A seller silent for so long has approved."""
BUYER_ANSWERS: Final = timedelta(days=7)
"""A buyer who neither answers a proposal nor sends the goods back for so long has withdrawn."""
SELLER_INSPECTS: Final = timedelta(days=10)
"""Goods sent back so long ago count as inspected, and as written off: nobody has put them on the shelf."""
ESCALATE_WITHIN: Final = timedelta(days=7)
"""How long after a rejection the buyer may call the platform in."""
BODY_LIMIT: Final = 2000
PICTURES_MOST: Final = 6
MAX_UNITS: Final = 999


def check_application(application: Application) -> tuple[str, list[UUID]]:
    """The text and the pictures of an application, cleaned. Raises BadReturnReason, TooManyPictures, TextRefused."""
    reason_fits = application.reason is not ReturnReason.NOT_RECEIVED
    if application.kind is ReturnKind.RETURN_AND_REFUND and not reason_fits:
        raise BadReturnReason(field="reason")
    pictures = list(dict.fromkeys(application.media_ids))
    if len(pictures) > PICTURES_MOST:
        raise TooManyPictures(field="media", most=PICTURES_MOST)
    return check_words("body", application.body, required=False), pictures


def check_words(field: str, text: str, *, required: bool) -> str:
    """A typed explanation in NFC. Raises TextRefused."""
    return clean_text(field, text, limit=BODY_LIMIT, required=required, lines=True)


def check_window(order: Order, *, days: int, now: datetime) -> None:
    """Whether an order still takes applications. Raises NotReturnable."""
    over = order.received_at is not None and now > order.received_at + timedelta(days=days)
    if order.state != OrderState.PLACED or over:
        raise NotReturnable


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
            unshipped = min(each.quantity, line.to_ship)
        elif line.shipped == 0:
            raise NotShippedYet
        else:
            unshipped = 0
        picked.append(ReturnLine(line.id, each.quantity, unshipped))
    return sorted(picked, key=lambda line: line.order_line_id)


def claims_of(lines: Sequence[ReturnLine]) -> list[LineClaim]:
    """The units as the order counts them."""
    return [LineClaim(line.order_line_id, line.unshipped, line.quantity - line.unshipped) for line in lines]


def units_of(lines: Sequence[ReturnLine]) -> list[UnitsBack]:
    """The units as a refund counts them."""
    return [UnitsBack(line.order_line_id, line.quantity, line.unshipped) for line in lines]


def check_amount(case: Return, amount: int) -> int:
    """An amount to be agreed on instead of the whole one. Raises BadProposal."""
    if any(line.unshipped for line in case.lines) or not 1 <= amount <= case.amount:
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
        ReturnLine(
            line.order_line_id,
            line.quantity,
            line.unshipped,
            restocked=back.get(line.order_line_id, 0),
            written_off=known[line.order_line_id] - back.get(line.order_line_id, 0),
        )
        for line in lines
    ]
