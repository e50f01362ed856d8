"""What clients send: bounds and parts that several features share. Every field is bounded, unknown fields are refused, and numbers are numbers."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from merx.accounts import PostalAddress
from merx.cart import MAX_QUANTITY
from merx.kit.money import MAX_AMOUNT
from merx.kit.paging import PAGE_LIMIT

MAX_LINES = 100


Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]


LocaleCode = Literal["zh-CN", "en"]


Code = Annotated[str, Meta(min_length=1, max_length=64)]


Line = Annotated[str, Meta(max_length=512)]


Translated = Annotated[
    dict[LocaleCode, Annotated[str, Meta(max_length=40_000)]],
    Meta(min_length=1, description="Texts by locale"),
]


# Bounds that a domain refuses with a code of its own are only described here.
Quantity = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_QUANTITY})]


Cursor = Annotated[str, Meta(max_length=500, description="next_cursor of the page before")]


Limit = Annotated[int, Meta(ge=1, le=PAGE_LIMIT)]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that is sent: a field we do not know is a refusal."""


class PageQuery(Input, frozen=True, kw_only=True):
    """A page of a list."""

    cursor: Cursor | None = None
    limit: Limit = 20


class NoQuery(Input, frozen=True, kw_only=True):
    """An address without parameters."""


class MoneyIn(Input, frozen=True, kw_only=True):
    """A total the client has seen. It is compared, never used."""

    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="Minor units")]
    currency: Currency


class AddressIn(Input, frozen=True, kw_only=True):
    """Where and to whom to deliver. `country` is ISO 3166-1 alpha-2; a guest gives an e-mail address, too."""

    name: Line
    phone: Line
    line1: Line
    city: Line
    country: Line
    line2: Line = ""
    region: Line = ""
    postal_code: Line = ""
    email: Line = ""


class SetPaymentMethod(Input, frozen=True, kw_only=True):
    """Who to pay through: a code of `offers.payment_methods`."""

    provider: Code


class RestockedIn(Input, frozen=True, kw_only=True):
    """Units of a line that came back and can be sold again."""

    order_line_id: UUID
    quantity: Annotated[int, Meta(ge=0, le=MAX_QUANTITY)]


def typed_address(given: AddressIn) -> PostalAddress:
    """An address as it arrived, not checked yet."""
    return PostalAddress(
        name=given.name,
        phone=given.phone,
        line1=given.line1,
        line2=given.line2,
        city=given.city,
        region=given.region,
        postal_code=given.postal_code,
        country=given.country,
        email=given.email,
    )
