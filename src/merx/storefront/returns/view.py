"""What the pages of after-sales show. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from merx.catalog import Picture, Product, ProductCard
from merx.infra.outbox import Heard
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.orders import OrderLine, OrderView
from merx.payments import Refund
from merx.returns import (
    Return,
    ReturnAction,
    ReturnApproved,
    ReturnEvent,
    ReturnInspected,
    ReturnKind,
    ReturnLine,
    ReturnReason,
    ReturnSettled,
    ReturnState,
    goods_to_send,
    is_exchangeable,
)
from merx.sellers import Seller
from merx.storefront.core import present, views
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
    upload_megabytes: int
    form: FormView = FormView()


class ReturnStep(View, frozen=True, kw_only=True):
    """One step of a case; `at` may be unknown although it is done."""

    code: Literal[
        "requested",
        "approved",
        "sent_back",
        "inspected",
        "refunded",
        "replaced",
        "escalated",
        "rejected",
        "withdrawn",
    ]
    at: datetime | None
    done: bool


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


FOLDERS: Final[Mapping[Role, str]] = {
    "buyer": "/account/returns",
    "seller": "/seller/returns",
    "staff": "/staff/returns",
}


_APPROVED: Final = {
    ReturnState.APPROVED,
    ReturnState.IN_TRANSIT,
    ReturnState.INSPECTED,
    ReturnState.SETTLED,
}


def form_page(
    found: OrderView,
    line: OrderLine,
    *,
    order_url: str,
    locale: str,
    pictured: Mapping[UUID, ProductCard],
    product: Product,
    held: Sequence[UUID],
    free: Mapping[UUID, int],
    upload_megabytes: int,
    form: views.FormView,
) -> ReturnFormView:
    """The application for a line: goods that never left cannot be sent back.

    `held` are the variants the buyer has of it, `free` how many units of the product's variants can be sold.
    """
    names = variant_names(line, locale)
    variants = {variant.id: variant for variant in product.variants}
    backs = [variants.get(variant_id) for variant_id in held]
    only = held[0] if len(held) == 1 else None
    same = ReturnChoice(variant_id="", name="", stock=None if only is None else free.get(only, 0))
    others = [
        ReturnChoice(
            variant_id=str(each.id), name=pick(each.label, locale) or each.sku, stock=free.get(each.id, 0)
        )
        for each in product.variants
        if each.id != only
        and any(is_exchangeable(line, back, each, currency=found.order.currency) for back in backs)
    ]
    kinds = tuple(ReturnKind) if line.shipped > line.returned else (ReturnKind.REFUND_ONLY,)
    if not held:
        kinds = tuple(kind for kind in kinds if kind is not ReturnKind.EXCHANGE)
    return ReturnFormView(
        order_number=found.order.number,
        order_url=order_url,
        url=f"{order_url}/lines/{line.id}/return",
        line=order_line_view(
            line, currency=found.order.currency, locale=locale, pictured=pictured, mine=None
        ),
        kinds=tuple(kind.value for kind in kinds),
        reasons=tuple(reason.value for reason in ReturnReason),
        max_quantity=line.left,
        held=tuple(
            ReturnChoice(variant_id=str(variant_id), name=names.get(variant_id, "")) for variant_id in held
        )
        if len(held) > 1
        else (),
        instead=(same, *others) if held else (),
        upload_megabytes=upload_megabytes,
        form=form,
    )


def variant_names(line: OrderLine, locale: str) -> dict[UUID, str]:
    """What the variants of a line are called: its own, and what exchanges brought."""
    names = {line.variant_id: pick(line.label, locale) or line.sku}
    for each in line.replacements:
        names.setdefault(each.variant_id, pick(each.label, locale) or each.sku)
    return names


def return_row(case: Return, *, role: Role, sellers: Mapping[UUID, Seller], locale: str) -> ReturnRow:
    """A case in a list."""
    agreed = case.amount if case.agreed is None else case.agreed
    return ReturnRow(
        url=f"{FOLDERS[role]}/{case.id}",
        order_number=case.order_number,
        seller_name=present.seller_name(sellers, case.seller_id, locale),
        state=case.state,
        kind=case.kind,
        refunded=case.refund_id is not None,
        amount=Money(agreed, case.currency),
        created_at=case.created_at,
        due_at=case.due_at,
    )


def case_times(case: Return, events: Sequence[Heard[ReturnEvent]]) -> dict[type[ReturnEvent], datetime]:
    """When each kind of event of a case happened last, of all cases of its purchase."""
    return {type(each.event): each.created_at for each in events if each.event.return_id == case.id}


def case_steps(
    case: Return, refund: Refund | None, times: Mapping[type[ReturnEvent], datetime]
) -> tuple[ReturnStep, ...]:
    """What happened to a case, by when, and unless it has come to nothing, what is still to come."""
    step = ReturnStep
    steps = [step(code="requested", at=case.created_at, done=True)]
    sent = step(code="sent_back", at=case.sent_back_at, done=True)
    if case.state in {ReturnState.REJECTED, ReturnState.WITHDRAWN, ReturnState.ESCALATED}:
        if case.sent_back_at:
            steps.append(sent)
        ended = step(code=case.state.value, at=case.updated_at, done=True)  # type: ignore[arg-type]
        return (*steps, ended)
    approved = case.state in _APPROVED
    steps.append(step(code="approved", at=times.get(ReturnApproved) if approved else None, done=approved))
    if case.kind is not ReturnKind.REFUND_ONLY:
        inspected = case.state in {ReturnState.INSPECTED, ReturnState.SETTLED}
        steps.append(sent if case.sent_back_at else step(code="sent_back", at=None, done=False))
        steps.append(
            step(code="inspected", at=times.get(ReturnInspected) if inspected else None, done=inspected)
        )
    done = case.state is ReturnState.SETTLED
    if case.kind is ReturnKind.EXCHANGE and case.refund_id is None:
        return (*steps, step(code="replaced", at=times.get(ReturnSettled) if done else None, done=done))
    steps.append(step(code="refunded", at=refund.settled_at if refund else None, done=done))
    return tuple(steps)


def case_page(
    case: Return,
    *,
    role: Role,
    actions: tuple[ReturnAction, ...],
    found: OrderView,
    refund: Refund | None,
    pictures: Sequence[Picture],
    events: Sequence[Heard[ReturnEvent]],
    sellers: Mapping[UUID, Seller],
    pictured: Mapping[UUID, ProductCard],
    locale: str,
    form: views.FormView | None = None,
    form_for: str = "",
) -> ReturnCaseView:
    """A case's whole page, for one of its sides."""
    orders: Mapping[Role, str | None] = {
        "buyer": f"/purchases/{case.purchase_id}/orders/{case.order_id}",
        "seller": f"/seller/orders/{case.order_id}",
        "staff": None,
    }
    return ReturnCaseView(
        role=role,
        url=f"{FOLDERS[role]}/{case.id}",
        list_url=FOLDERS[role],
        order_number=case.order_number,
        order_url=orders[role],
        seller_name=present.seller_name(sellers, case.seller_id, locale),
        state=case.state,
        kind=case.kind,
        reason=case.reason,
        text=case.body,
        pictures=_pictures(pictures, locale),
        created_at=case.created_at,
        due_at=case.due_at,
        amount=Money(case.amount, case.currency),
        proposed=_money(case.proposed, case),
        agreed=_money(case.agreed, case),
        answer=case.answer,
        decided_by_platform=case.decided_by is not None,
        carrier=carrier_name(case.carrier, locale),
        tracking_number=case.tracking_number or "",
        lines=_lines(case, found, locale=locale, pictured=pictured),
        steps=case_steps(case, refund, case_times(case, events)),
        refund=_refund(refund, role),
        actions=actions,
        return_address=_return_address(case, sellers, role),
        carriers=carrier_choices(locale),
        form=form or views.FormView(),
        form_for=form_for,
    )


def _instead(each: ReturnLine, locale: str) -> str:
    if each.replacement is None or each.replacement.variant_id == each.variant_id:
        return ""
    return pick(each.replacement.label, locale) or each.replacement.sku


def _money(amount: int | None, case: Return) -> Money | None:
    return None if amount is None else Money(amount, case.currency)


def _return_address(case: Return, sellers: Mapping[UUID, Seller], role: Role) -> tuple[str, ...]:
    seller = sellers.get(case.seller_id)
    if role != "buyer" or seller is None or seller.return_address is None or not goods_to_send(case):
        return ()
    return tuple(seller.return_address.splitlines())


def _pictures(pictures: Sequence[Picture], locale: str) -> tuple[CasePicture, ...]:
    shown = []
    for picture in pictures:
        view = present.picture_view(picture, locale=locale)
        if view is not None:
            largest = max(picture.files, key=lambda file: (file.width, file.format == "webp"))
            shown.append(CasePicture(picture=view, large=present.MEDIA + largest.path))
    return tuple(shown)


def _refund(refund: Refund | None, role: Role) -> RefundShown | None:
    if refund is None:
        return None
    failed = role == "staff" and refund.state == "failed"
    return RefundShown(
        amount=Money(refund.amount, refund.currency),
        done=refund.state == "succeeded",
        at=refund.settled_at,
        failure=(refund.failure or "") if failed else "",
        can_retry=failed,
    )


def _lines(
    case: Return, found: OrderView, *, locale: str, pictured: Mapping[UUID, ProductCard]
) -> tuple[ReturnedLine, ...]:
    """The lines of a case as the order knows them, with the quantities that are meant."""
    bought = {line.id: line for line in found.lines}
    shown = []
    for each in case.lines:
        ordered = bought[each.order_line_id]
        line = order_line_view(
            bought[each.order_line_id],
            currency=found.order.currency,
            locale=locale,
            pictured=pictured,
            mine=None,
        )
        shown.append(
            ReturnedLine(
                line=msgspec.structs.replace(
                    line, quantity=each.quantity, total=line.unit_price * each.quantity
                ),
                came_back=each.quantity - each.unshipped,
                restocked=each.restocked,
                written_off=each.written_off,
                came_as=variant_names(ordered, locale).get(each.variant_id, "")
                if each.variant_id != ordered.variant_id
                else "",
                instead=_instead(each, locale),
                same_again=each.replacement is not None and each.replacement.variant_id == each.variant_id,
            )
        )
    return tuple(shown)
