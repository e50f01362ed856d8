"""The forms of carts."""

from uuid import UUID

import msgspec

from merx.storefront.core.forms import Quantity


class AddLineForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put a variant into the cart."""

    variant_id: UUID
    quantity: Quantity = 1


class QuantityForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Change how many of a line."""

    quantity: Quantity
