"""Pure rules of after-sales: who may wait how long, which units, which amounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from merx.catalog import Variant
from merx.checkout import UnitsBack
from merx.kit.i18n import clean_text
from merx.kit.money import Money
from merx.orders import LineClaim, Order, OrderLine, OrderState, OverReturned
from merx.returns.errors import (
    BadProposal,
    BadReturn,
    BadReturnReason,
    MixedUnits,
    NoMoneyInExchange,
    NotExchangeable,
    NotReturnable,
    NotShippedYet,
    OnlyPromised,
    TooManyPictures,
)
from merx.returns.model import (
    Application,
    Return,
    ReturnKind,
    ReturnLine,
    ReturnReason,
    ReturnState,
    Wanted,
    WantedVariant,
)

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
    """Whether an order still takes applications. Raises NotReturnable, OnlyPromised."""
    if order.payment_status == "authorized":
        raise OnlyPromised
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
            unshipped = min(each.quantity, max(0, line.to_ship - line.to_replace))
        elif line.shipped == 0:
            raise NotShippedYet
        else:
            unshipped = 0
        variant_id = each.variant_id or line.variant_id
        picked.append(ReturnLine(line.id, each.quantity, unshipped, variant_id))
    return sorted(picked, key=lambda line: line.order_line_id)


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


def check_amount(case: Return, amount: int) -> int:
    """An amount to be agreed on instead of the whole one. Raises BadProposal."""
    if case.kind is ReturnKind.EXCHANGE:
        raise NoMoneyInExchange(field="amount")
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
        msgspec.structs.replace(
            line,
            restocked=back.get(line.order_line_id, 0),
            written_off=known[line.order_line_id] - back.get(line.order_line_id, 0),
        )
        for line in lines
    ]
