"""What the pages of after-sales show."""

from datetime import datetime
from typing import Literal

from merx.kit.money import Money
from merx.storefront.views import FormView, OrderLineView, PictureView, View

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


class ReturnAddressView(View, frozen=True, kw_only=True):
    """A shop's address for goods that come back, to be written."""

    url: str
    seller_name: str
    form: FormView


class ReturnAddressesView(View, frozen=True, kw_only=True):
    """Those of all shops one works for."""

    shops: tuple[ReturnAddressView, ...]
