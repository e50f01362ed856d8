"""From after-sales cases to what their pages show. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from merx.catalog import ProductCard
from merx.kit.money import Money
from merx.orders import Order, OrderLine, OrderState, OrderView
from merx.payments import Refund
from merx.returns import RETURN_STATES, Return, ReturnKind, ReturnReason, ReturnState
from merx.sellers import Seller
from merx.storefront import present, return_views, views
from merx.storefront.present_orders import carrier_choices, carrier_name, order_line_view

FOLDERS: Final[Mapping[return_views.Role, str]] = {
    "buyer": "/account/returns",
    "seller": "/seller/returns",
    "staff": "/staff/returns",
}
REJECTION_STANDS_AFTER: Final = timedelta(days=7)
"""As long as after-sales lets a buyer call the platform in after a refusal."""
_APPROVED: Final = {
    ReturnState.APPROVED,
    ReturnState.IN_TRANSIT,
    ReturnState.INSPECTED,
    ReturnState.SETTLED,
}


def takes_returns(order: Order, *, days: int, now: datetime) -> bool:
    """Whether an order is in its time for after-sales."""
    over = order.received_at is not None and now > order.received_at + timedelta(days=days)
    return order.state == OrderState.PLACED and not over


def units_left(line: OrderLine) -> int:
    """How many units of a line nobody has asked back yet."""
    return line.quantity - line.withheld - line.returned


def with_returns(
    view: views.OrderView, found: OrderView, *, cases: Sequence[Return], folder: str, apply_at: str | None
) -> views.OrderView:
    """An order's page with its cases and, at `apply_at`, the ways to new ones."""
    left = {str(line.id) for line in found.lines if units_left(line) > 0} if apply_at else set()
    lines = tuple(
        msgspec.structs.replace(line, return_url=f"{apply_at}/lines/{line.line_id}/return")
        if line.line_id in left
        else line
        for line in view.lines
    )
    links = tuple(
        views.ReturnLink(
            url=f"{folder}/{case.id}", state=case.state, amount=Money(case.amount, case.currency)
        )
        for case in cases
    )
    return msgspec.structs.replace(view, lines=lines, returns=links)


def form_page(
    found: OrderView,
    line: OrderLine,
    *,
    order_url: str,
    locale: str,
    pictured: Mapping[UUID, ProductCard],
    upload_megabytes: int,
    form: views.FormView,
) -> return_views.ReturnFormView:
    """The application for a line: goods that never left cannot be sent back."""
    kinds = tuple(ReturnKind) if line.shipped > line.returned else (ReturnKind.REFUND_ONLY,)
    return return_views.ReturnFormView(
        order_number=found.order.number,
        order_url=order_url,
        url=f"{order_url}/lines/{line.id}/return",
        line=order_line_view(
            line, currency=found.order.currency, locale=locale, pictured=pictured, mine=None
        ),
        kinds=tuple(kind.value for kind in kinds),
        reasons=tuple(reason.value for reason in ReturnReason),
        max_quantity=units_left(line),
        upload_megabytes=upload_megabytes,
        form=form,
    )


def return_row(
    case: Return, *, role: return_views.Role, sellers: Mapping[UUID, Seller], locale: str
) -> return_views.ReturnRow:
    """A case in a list."""
    agreed = case.amount if case.agreed is None else case.agreed
    return return_views.ReturnRow(
        url=f"{FOLDERS[role]}/{case.id}",
        order_number=case.order_number,
        seller_name=present.seller_name(sellers, case.seller_id, locale),
        state=case.state,
        kind=case.kind,
        amount=Money(agreed, case.currency),
        created_at=case.created_at,
        due_at=case.due_at,
    )


def case_steps(case: Return, refund: Refund | None) -> tuple[return_views.ReturnStep, ...]:
    """What happened to a case and, unless it has come to nothing, what is still to come."""
    step = return_views.ReturnStep
    steps = [step(code="requested", at=case.created_at, done=True)]
    sent = step(code="sent_back", at=case.sent_back_at, done=True)
    if case.state in {ReturnState.REJECTED, ReturnState.WITHDRAWN, ReturnState.ESCALATED}:
        if case.sent_back_at:
            steps.append(sent)
        ended = step(code=case.state.value, at=case.updated_at, done=True)  # type: ignore[arg-type]
        return (*steps, ended)
    steps.append(step(code="approved", at=None, done=case.state in _APPROVED))
    if case.kind is ReturnKind.RETURN_AND_REFUND:
        inspected = case.state in {ReturnState.INSPECTED, ReturnState.SETTLED}
        steps.append(sent if case.sent_back_at else step(code="sent_back", at=None, done=False))
        steps.append(step(code="inspected", at=None, done=inspected))
    done = case.state is ReturnState.SETTLED
    steps.append(step(code="refunded", at=refund.settled_at if refund else None, done=done))
    return tuple(steps)


def case_actions(case: Return, *, role: return_views.Role, now: datetime) -> return_views.ReturnActions:
    """What a side may do with a case in its state."""
    state = case.state
    escalates = case.decided_by is None and RETURN_STATES.allows(state, ReturnState.ESCALATED)
    whole_only = any(line.unshipped for line in case.lines)
    if role == "buyer":
        at_rest = case.refund_id is None and case.sent_back_at is None
        too_late = state is ReturnState.REJECTED and now > case.updated_at + REJECTION_STANDS_AFTER
        return return_views.ReturnActions(
            withdraw=at_rest and RETURN_STATES.allows(state, ReturnState.WITHDRAWN),
            answer_proposal=state is ReturnState.PROPOSED,
            send_back=case.refund_id is None and RETURN_STATES.allows(state, ReturnState.IN_TRANSIT),
            escalate=escalates and not too_late,
        )
    if role == "seller":
        asked = state is ReturnState.REQUESTED
        return return_views.ReturnActions(
            answer=asked,
            propose=asked and not whole_only,
            inspect=state is ReturnState.IN_TRANSIT,
            escalate=escalates and state is not ReturnState.REJECTED,
        )
    decides = state is ReturnState.ESCALATED
    return return_views.ReturnActions(decide=decides, decide_amount=decides and not whole_only)


def case_page(
    case: Return,
    *,
    role: return_views.Role,
    found: OrderView,
    refund: Refund | None,
    sellers: Mapping[UUID, Seller],
    pictured: Mapping[UUID, ProductCard],
    locale: str,
    now: datetime,
    form: views.FormView | None = None,
    form_for: str = "",
) -> return_views.ReturnCaseView:
    """A case's whole page, for one of its sides."""
    orders: Mapping[return_views.Role, str | None] = {
        "buyer": f"/purchases/{case.purchase_id}/orders/{case.order_id}",
        "seller": f"/seller/orders/{case.order_id}",
        "staff": None,
    }
    return return_views.ReturnCaseView(
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
        picture_count=len(case.media_ids),
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
        steps=case_steps(case, refund),
        refund=_refund(refund),
        actions=case_actions(case, role=role, now=now),
        carriers=carrier_choices(locale),
        form=form or views.FormView(),
        form_for=form_for,
    )


def _money(amount: int | None, case: Return) -> Money | None:
    return None if amount is None else Money(amount, case.currency)


def _refund(refund: Refund | None) -> return_views.RefundShown | None:
    if refund is None:
        return None
    return return_views.RefundShown(
        amount=Money(refund.amount, refund.currency),
        done=refund.state == "succeeded",
        at=refund.settled_at,
    )


def _lines(
    case: Return, found: OrderView, *, locale: str, pictured: Mapping[UUID, ProductCard]
) -> tuple[return_views.ReturnedLine, ...]:
    """The lines of a case as the order knows them, with the quantities that are meant."""
    bought = {line.id: line for line in found.lines}
    shown = []
    for each in case.lines:
        line = order_line_view(
            bought[each.order_line_id],
            currency=found.order.currency,
            locale=locale,
            pictured=pictured,
            mine=None,
        )
        shown.append(
            return_views.ReturnedLine(
                line=msgspec.structs.replace(
                    line, quantity=each.quantity, total=line.unit_price * each.quantity
                ),
                came_back=each.quantity - each.unshipped,
                restocked=each.restocked,
                written_off=each.written_off,
            )
        )
    return tuple(shown)
