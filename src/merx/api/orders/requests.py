"""What clients send about a seller's orders."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, field

from merx.api.core.requests import MAX_LINES, Code, Input, MoneyIn, PageQuery, Quantity, RestockedIn


class SellerOrderQuery(PageQuery, frozen=True, kw_only=True):
    """A seller's orders, by state."""

    state: Literal["pending_payment", "placed", "closed", "cancelled"] | None = None


class ParcelLineIn(Input, frozen=True, kw_only=True):
    """Units of an order line."""

    order_line_id: UUID
    quantity: Quantity


class Ship(Input, frozen=True, kw_only=True):
    """A parcel handed to a carrier; without `lines` it holds everything that has not left yet."""

    carrier: Code
    tracking_number: Annotated[str, Meta(min_length=1, max_length=128)]
    lines: Annotated[list[ParcelLineIn], Meta(max_length=MAX_LINES)] | None = None


class ConfirmCash(Input, frozen=True, kw_only=True):
    """Cash that was taken at the door; `reference` is the number of the receipt."""

    amount: MoneyIn
    reference: Annotated[str, Meta(max_length=256)]


class RecordUndelivered(Input, frozen=True, kw_only=True):
    """What came back from the door and can be sold again; everything else is written off."""

    restocked: Annotated[list[RestockedIn], Meta(max_length=MAX_LINES)] = field(default_factory=list)
