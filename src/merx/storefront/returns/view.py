"""What the pages of after-sales show. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from merx.catalog import Picture, ProductCard
from merx.kit import links
from merx.kit.i18n import pick
from merx.kit.links import Id
from merx.kit.money import Money
from merx.queries.order_lines import BoughtLine
from merx.queries.pictures import maybe_picture
from merx.queries.refunds import SeenRefund
from merx.queries.return_application import ReturnOptions, VariantChoice
from merx.queries.returns import ReturnCase, ReturnList, ReturnStep, ReturnSummary
from merx.returns import ESCALATE_WITHIN, PICTURES_MOST, ReturnLine
from merx.storefront.core import present
from merx.storefront.core.orders import carrier_choices, carrier_name, order_line_view
from merx.storefront.core.views import FormView, OrderLineView, PictureView, View

Role = Literal["buyer", "seller", "staff"]


class ReturnChoice(View, frozen=True, kw_only=True):
    """A variant to choose: no id and no name is the same again. `stock` is None where it is not known or needed."""

    variant_id: str
    name: str
    stock: int | None = None


class CasePicture(View, frozen=True, kw_only=True):
    """A picture that came with an application, and where it is large."""

    picture: PictureView
    large: str


class ReturnFormView(View, frozen=True, kw_only=True):
    """An application to fill in, for one line of an order. `kinds` and `reasons` are codes.

    `held` are the variants the buyer has of the line, if several; `instead` what they may be exchanged for.
    """

    order_number: str
    order_url: str
    url: str
    line: OrderLineView
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    max_quantity: int
    held: tuple[ReturnChoice, ...] = ()
    instead: tuple[ReturnChoice, ...] = ()
    pictures_most: int
    upload_megabytes: int
    form: FormView = FormView()


class ReturnedLine(View, frozen=True, kw_only=True):
    """Units of a line that a case is about; `restocked` and `written_off` are known once they were inspected."""

    line: OrderLineView
    came_back: int
    restocked: int
    written_off: int
    came_as: str = ""
    """What comes back, where an earlier exchange brought it."""
    instead: str = ""
    """What it is exchanged for, if for another variant."""
    same_again: bool = False


class RefundShown(View, frozen=True, kw_only=True):
    """Money on its way back to the buyer."""

    amount: Money
    done: bool
    at: datetime | None
    failure: str = ""
    """Why the provider refused it, for those who can try it again."""
    can_retry: bool = False


class ReturnCaseView(View, frozen=True, kw_only=True):
    """A case as one of the sides sees it. `form_for` names the form that came back; `due_at` is when it goes on by itself."""

    role: Role
    url: str
    list_url: str
    order_number: str
    order_url: str | None
    seller_name: str
    state: str
    kind: str
    reason: str
    text: str
    pictures: tuple[CasePicture, ...]
    created_at: datetime
    due_at: datetime | None
    amount: Money
    proposed: Money | None
    agreed: Money | None
    answer: str
    decided_by_platform: bool
    escalate_days: int
    carrier: str
    tracking_number: str
    lines: tuple[ReturnedLine, ...]
    steps: tuple[ReturnStep, ...]
    refund: RefundShown | None
    actions: tuple[str, ...]
    return_address: tuple[str, ...] = ()
    carriers: tuple[tuple[str, str], ...] = ()
    form: FormView = FormView()
    form_for: str = ""


class ReturnRow(View, frozen=True, kw_only=True):
    """A case in a list."""

    url: str
    order_number: str
    seller_name: str
    state: str
    kind: str
    refunded: bool
    amount: Money
    created_at: datetime
    due_at: datetime | None


class ReturnsView(View, frozen=True, kw_only=True):
    """A part of a list of cases."""

    role: Role
    rows: tuple[ReturnRow, ...]
    more_url: str | None = None


_LISTS: Final[Mapping[Role, str]] = {
    "buyer": links.returns(),
    "seller": links.seller_returns(),
    "staff": links.staff_returns(),
}
CASES: Final[Mapping[Role, Callable[[Id], str]]] = {
    "buyer": links.return_case,
    "seller": links.seller_return,
    "staff": links.staff_return,
}
"""Where each side of a case reads it."""


def form_page(
    options: ReturnOptions,
    *,
    order_url: str,
    locale: str,
    pictured: Mapping[UUID, ProductCard],
    upload_megabytes: int,
    form: FormView,
) -> ReturnFormView:
    """The application for a line."""
    return ReturnFormView(
        order_number=options.order_number,
        order_url=order_url,
        url=f"{order_url}/lines/{options.line.id}/return",
        line=order_line_view(options.line, locale=locale, pictured=pictured),
        kinds=tuple(kind.value for kind in options.kinds),
        reasons=tuple(reason.value for reason in options.reasons),
        max_quantity=options.max_quantity,
        held=tuple(_choice(each, locale) for each in options.held) if len(options.held) > 1 else (),
        instead=tuple(_choice(each, locale) for each in options.instead),
        pictures_most=PICTURES_MOST,
        upload_megabytes=upload_megabytes,
        form=form,
    )


def _choice(each: VariantChoice, locale: str) -> ReturnChoice:
    return ReturnChoice(
        variant_id=str(each.variant_id or ""), name=pick(each.label, locale) or each.sku, stock=each.stock
    )


def list_page(found: ReturnList, *, role: Role, locale: str) -> ReturnsView:
    """A list of cases, for one of their sides."""
    return ReturnsView(
        role=role,
        rows=tuple(_row(case, role=role, locale=locale) for case in found.items),
        more_url=f"{_LISTS[role]}?after={found.next_cursor}" if found.next_cursor else None,
    )


def _row(case: ReturnSummary, *, role: Role, locale: str) -> ReturnRow:
    return ReturnRow(
        url=CASES[role](case.id),
        order_number=case.order_number,
        seller_name=pick(case.seller_name, locale),
        state=case.state,
        kind=case.kind,
        refunded=case.refund is not None,
        amount=case.agreed or case.amount,
        created_at=case.created_at,
        due_at=case.due_at,
    )


def case_page(
    case: ReturnCase,
    *,
    role: Role,
    pictures: Sequence[Picture],
    pictured: Mapping[UUID, ProductCard],
    locale: str,
    form: FormView | None = None,
    form_for: str = "",
) -> ReturnCaseView:
    """A case's whole page, for one of its sides."""
    orders: Mapping[Role, str | None] = {
        "buyer": links.order(case.purchase_id, case.order_id),
        "seller": links.seller_order(case.order_id),
        "staff": None,
    }
    goes_to = case.return_address if role == "buyer" else None
    return ReturnCaseView(
        role=role,
        url=CASES[role](case.id),
        list_url=_LISTS[role],
        order_number=case.order_number,
        order_url=orders[role],
        seller_name=pick(case.seller_name, locale),
        state=case.state,
        kind=case.kind,
        reason=case.reason,
        text=case.body,
        pictures=_pictures(pictures, locale),
        created_at=case.created_at,
        due_at=case.due_at,
        amount=case.amount,
        proposed=case.proposed,
        agreed=case.agreed,
        answer=case.answer,
        decided_by_platform=case.decided_by_platform,
        escalate_days=ESCALATE_WITHIN.days,
        carrier=carrier_name(case.carrier, locale),
        tracking_number=case.tracking_number or "",
        lines=_lines(case, locale=locale, pictured=pictured),
        steps=case.steps,
        refund=_refund(case.refund),
        actions=case.actions,
        return_address=tuple(goes_to.splitlines()) if goes_to else (),
        carriers=carrier_choices(locale),
        form=form or FormView(),
        form_for=form_for,
    )


def _pictures(pictures: Sequence[Picture], locale: str) -> tuple[CasePicture, ...]:
    shown = []
    for picture in pictures:
        view = present.picture_view(maybe_picture(picture), locale=locale)
        if view is not None:
            largest = max(picture.files, key=lambda file: (file.width, file.format == "webp"))
            shown.append(CasePicture(picture=view, large=links.media(largest.path)))
    return tuple(shown)


def _refund(refund: SeenRefund | None) -> RefundShown | None:
    if refund is None:
        return None
    return RefundShown(
        amount=refund.amount,
        done=refund.state == "succeeded",
        at=refund.settled_at,
        failure=refund.failure or "",
        can_retry="retry" in refund.actions,
    )


def _lines(
    case: ReturnCase, *, locale: str, pictured: Mapping[UUID, ProductCard]
) -> tuple[ReturnedLine, ...]:
    """The lines of a case as the order knows them, with the quantities that are meant."""
    bought = {line.id: line for line in case.bought}
    shown = []
    for each in case.lines:
        ordered = bought[each.order_line_id]
        line = order_line_view(ordered, locale=locale, pictured=pictured)
        shown.append(
            ReturnedLine(
                line=msgspec.structs.replace(
                    line, quantity=each.quantity, total=line.unit_price * each.quantity
                ),
                came_back=each.quantity - each.unshipped,
                restocked=each.restocked,
                written_off=each.written_off,
                came_as=_came_as(each, ordered, locale),
                instead=_instead(each, locale),
                same_again=each.replacement is not None and each.replacement.variant_id == each.variant_id,
            )
        )
    return tuple(shown)


def _came_as(each: ReturnLine, ordered: BoughtLine, locale: str) -> str:
    """What comes back, where an earlier exchange brought something else than was ordered."""
    if each.variant_id == ordered.variant_id:
        return ""
    brought = next((one for one in ordered.replacements if one.variant_id == each.variant_id), None)
    return pick(brought.label, locale) or brought.sku if brought else ""


def _instead(each: ReturnLine, locale: str) -> str:
    if each.replacement is None or each.replacement.variant_id == each.variant_id:
        return ""
    return pick(each.replacement.label, locale) or each.replacement.sku
