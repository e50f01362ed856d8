"""After-sales, as buyers, sellers and staff see it."""

from tests.storefront.samples.core import AT, PRICES, Pages, money, order_line, picture, text

from merx.kit.money import Money
from merx.queries.returns import ReturnStep
from merx.storefront.core import views
from merx.storefront.returns import view as returns_view

CASES: dict[str, tuple[returns_view.Role, str, tuple[str, ...], str]] = {
    "return-requested": ("buyer", "requested", ("withdraw", "escalate"), ""),
    "return-proposed": ("buyer", "proposed", ("withdraw", "accept", "decline"), ""),
    "return-approved": ("buyer", "approved", ("withdraw", "send_back"), "send_back"),
    "return-settled": ("buyer", "settled", (), ""),
    "return-rejected": ("buyer", "rejected", ("escalate",), ""),
    "return-withdrawn": ("buyer", "withdrawn", (), ""),
    "seller-return-requested": ("seller", "requested", ("approve", "reject", "propose", "escalate"), "propose"),
    "seller-return-refused": ("seller", "requested", ("approve", "reject"), "reject"),
    "seller-return-in-transit": ("seller", "in_transit", ("inspect", "escalate"), "inspect"),
    "seller-return-inspected": ("seller", "inspected", (), ""),
    "staff-return-failed": ("staff", "inspected", (), ""),
    "staff-return": ("staff", "escalated", ("decide", "decide_amount"), "decide"),
}  # fmt: skip
SWAPS: dict[str, tuple[returns_view.Role, str, tuple[str, ...]]] = {
    "exchange-approved": ("buyer", "approved", ("send_back",)),
    "exchange-in-transit": ("buyer", "in_transit", ()),
    "exchange-rejected": ("buyer", "rejected", ()),
    "seller-exchange-requested": ("seller", "requested", ("approve", "reject")),
    "seller-exchange-in-transit": ("seller", "in_transit", ("inspect",)),
    "seller-exchange-inspected": ("seller", "inspected", ("cannot_deliver",)),
    "staff-exchange": ("staff", "escalated", ("decide",)),
}


def return_form(locale: str, currency: str, form: views.FormView) -> returns_view.ReturnFormView:
    """An application for after-sales."""
    return returns_view.ReturnFormView(
        order_number="01JD8M2K7Q4V9X3B-1",
        order_url="/purchases/1/orders/1",
        url="/purchases/1/orders/1/lines/l1/return",
        line=order_line(locale, currency),
        kinds=("refund_only", "return_and_refund", "exchange"),
        held=(returns_view.ReturnChoice(variant_id="v1", name="M"), returns_view.ReturnChoice(variant_id="v2", name="L")),
        instead=(
            returns_view.ReturnChoice(variant_id="", name="", stock=3),
            returns_view.ReturnChoice(variant_id="v2", name="L", stock=0),
        ),
        reasons=("changed_mind", "not_received", "late", "damaged", "defective", "not_as_described", "wrong_item", "missing_parts", "other"),
        max_quantity=2,
        pictures_most=6,
        upload_megabytes=12,
        form=form,
    )  # fmt: skip


def _refund(amount: Money, role: returns_view.Role, state: str) -> returns_view.RefundShown | None:
    if state == "settled":
        return returns_view.RefundShown(amount=amount, done=True, at=AT)
    if (role, state) == ("staff", "inspected"):
        return returns_view.RefundShown(
            amount=amount, done=False, at=None, failure="ACCOUNT_CLOSED", can_retry=True
        )
    return None


def return_case(
    locale: str,
    currency: str,
    role: returns_view.Role,
    state: str,
    actions: tuple[str, ...],
    *,
    form: views.FormView | None = None,
    form_for: str = "",
    kind: str = "return_and_refund",
) -> returns_view.ReturnCaseView:
    """A case over one line, in a state, with what its reader can do."""
    amount = money(PRICES[currency][0], currency)
    settled = state == "settled"
    steps = (
        ReturnStep(code="requested", at=AT, done=True),
        ReturnStep(code="approved", at=None, done=settled or state == "approved"),
        ReturnStep(code="sent_back", at=AT if settled else None, done=settled),
        ReturnStep(code="inspected", at=None, done=settled),
        ReturnStep(code="refunded", at=AT if settled else None, done=settled),
    )
    stopped = {"escalated", "rejected", "withdrawn"} & {state}
    return returns_view.ReturnCaseView(
        role=role,
        url="/account/returns/1",
        list_url="/account/returns",
        order_number="01JD8M2K7Q4V9X3B-1",
        order_url=None if role == "staff" else "/purchases/1/orders/1",
        seller_name=text("Northlight Studio", locale),
        state=state,
        kind=kind,
        reason="damaged",
        text="…",
        pictures=(
            returns_view.CasePicture(picture=picture("Field camera", locale), large="/media/large.webp"),
        ),
        return_address=("人民路 9 号",) if state == "approved" else (),
        created_at=AT,
        due_at=AT if not settled and not stopped else None,
        amount=amount,
        proposed=amount if state == "proposed" else None,
        agreed=None,
        answer="…" if state in {"proposed", "rejected"} else "",
        decided_by_platform=False,
        escalate_days=7,
        carrier="EMS" if settled else "",
        tracking_number="EA123456789CN" if settled else "",
        lines=(
            returns_view.ReturnedLine(
                line=order_line(locale, currency),
                came_back=1,
                restocked=int(settled),
                written_off=0,
                came_as="M" if kind == "exchange" else "",
                instead="L" if kind == "exchange" and role == "buyer" else "",
                same_again=kind == "exchange" and role != "buyer",
            ),
        ),
        steps=(steps[0], ReturnStep(code=state, at=AT, done=True)) if stopped else steps,  # type: ignore[arg-type]
        refund=_refund(amount, role, state),
        actions=actions,
        carriers=(("ems", "EMS"),),
        form=form or views.FormView(),
        form_for=form_for,
    )


def returns(locale: str, currency: str, role: returns_view.Role) -> returns_view.ReturnsView:
    """Cases in every state."""
    states = ("requested", "proposed", "escalated", "approved", "in_transit", "inspected", "settled", "rejected", "withdrawn")  # fmt: skip
    return returns_view.ReturnsView(
        role=role,
        rows=tuple(
            returns_view.ReturnRow(
                url="/account/returns/1",
                order_number=f"01JD8M2K7Q4V9X3B-{index}",
                seller_name=text("Northlight Studio", locale),
                state=state,
                kind=("return_and_refund", "refund_only", "exchange")[index % 3],
                refunded=state in {"inspected", "settled"} and index % 3 < 2,
                amount=money(PRICES[currency][0], currency),
                created_at=AT,
                due_at=AT if index < 2 else None,
            )
            for index, state in enumerate(states)
        ),
        more_url="/account/returns?after=abc",
    )


def pages(locale: str, currency: str) -> Pages:
    """Applications, cases and lists."""
    wrong = views.FormView(
        values={"reason": "late", "quantity": "2", "body": "…"},
        errors=dict.fromkeys(("form", "quantity", "reason", "body", "pictures", "held", "instead"), "…"),
    )
    bad = views.FormView(
        values={"carrier": "ems", "tracking_number": "1", "amount": "x", "answer": ""},
        errors={
            "form": "…",
            "carrier": "…",
            "tracking_number": "…",
            "amount": "…",
            "answer": "…",
        },
    )
    return {
        "return-form": ("returns/return_form.html", return_form(locale, currency, views.FormView())),
        "return-form-wrong": ("returns/return_form.html", return_form(locale, currency, wrong)),
        **{
            name: (
                "returns/return_case.html",
                return_case(
                    locale, currency, role, state, actions, form=bad if form_for else None, form_for=form_for
                ),
            )
            for name, (role, state, actions, form_for) in CASES.items()
        },
        **{
            name: (
                "returns/return_case.html",
                return_case(locale, currency, role, state, actions, kind="exchange"),
            )
            for name, (role, state, actions) in SWAPS.items()
        },
        "returns": ("returns/return_list.html", returns(locale, currency, "buyer")),
        "seller-returns": ("returns/return_list.html", returns(locale, currency, "seller")),
        "staff-returns": ("returns/return_list.html", returns(locale, currency, "staff")),
        "returns-empty": ("returns/return_list.html", returns_view.ReturnsView(role="buyer", rows=())),
        "staff-returns-empty": ("returns/return_list.html", returns_view.ReturnsView(role="staff", rows=())),
    }
