"""What clients send about after-sales."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, field

from merx.api.core.requests import MAX_LINES, Code, Input, PageQuery, Quantity, RestockedIn
from merx.kit.money import MAX_AMOUNT
from merx.returns import PICTURES_MOST


class ReturnLineIn(Input, frozen=True, kw_only=True):
    """Units of an order line that are asked back.

    `variant_id` says of which variant, where an earlier exchange left several; `replacement_variant_id` is wanted
    instead, in an exchange for another variant of the product.
    """

    order_line_id: UUID
    quantity: Quantity
    variant_id: UUID | None = None
    replacement_variant_id: UUID | None = None


class RequestReturn(Input, frozen=True, kw_only=True):
    """Apply for money back, only that or against the goods, or for others in exchange."""

    kind: Literal["refund_only", "return_and_refund", "exchange"]
    reason: Literal[
        "changed_mind",
        "not_received",
        "late",
        "damaged",
        "defective",
        "not_as_described",
        "wrong_item",
        "missing_parts",
        "other",
    ]
    lines: Annotated[list[ReturnLineIn], Meta(max_length=MAX_LINES)]
    body: Annotated[str, Meta(max_length=10_000)] = ""
    media_ids: Annotated[list[UUID], Meta(max_length=4 * PICTURES_MOST)] = field(default_factory=list)


class SendBack(Input, frozen=True, kw_only=True):
    """The goods were handed to a carrier."""

    carrier: Code
    tracking_number: Annotated[str, Meta(min_length=1, max_length=128)]


class RejectReturn(Input, frozen=True, kw_only=True):
    """Why an application is refused."""

    answer: Annotated[str, Meta(max_length=10_000)]


class ProposeAmount(Input, frozen=True, kw_only=True):
    """A part of the amount, in minor units of the order's currency."""

    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="Minor units")]
    answer: Annotated[str, Meta(max_length=10_000)] = ""


class InspectReturn(Input, frozen=True, kw_only=True):
    """What came back and can be sold again; everything else is written off."""

    restocked: Annotated[list[RestockedIn], Meta(max_length=MAX_LINES)]


class DecideReturn(Input, frozen=True, kw_only=True):
    """The platform's last word; `amount` (minor units) is less than everything.

    `as_refund` grants money where an exchange was asked for.
    """

    in_favour: Annotated[bool, Meta(description="Of the buyer")]
    answer: Annotated[str, Meta(max_length=10_000)]
    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT)] | None = None
    as_refund: bool = False


class ReturnQuery(PageQuery, frozen=True, kw_only=True):
    """After-sales cases, by state."""

    state: (
        Literal[
            "requested",
            "proposed",
            "escalated",
            "approved",
            "in_transit",
            "inspected",
            "settled",
            "rejected",
            "withdrawn",
        ]
        | None
    ) = None
