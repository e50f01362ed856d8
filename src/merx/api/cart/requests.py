"""What clients send about carts."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from merx.api.core.requests import AddressIn, Currency, Input, LocaleCode, Quantity


class CreateCart(Input, frozen=True, kw_only=True):
    """Begin a cart; what is left out comes from the account or the shop."""

    currency: Currency | None = None
    locale: LocaleCode | None = None


class AddLine(Input, frozen=True, kw_only=True):
    """Put units of an article into the cart: named by its id or by its SKU, not by both."""

    quantity: Quantity
    variant_id: UUID | None = None
    sku: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class SetLine(Input, frozen=True, kw_only=True):
    """How many units a line has from now on."""

    quantity: Quantity


class SetAddress(Input, frozen=True, kw_only=True):
    """The cart's delivery address: one typed in, or one of the address book."""

    address: AddressIn | None = None
    address_id: UUID | None = None


class SetDelivery(Input, frozen=True, kw_only=True):
    """How the goods come."""

    method: Literal["standard", "express"]
