"""The forms of purchases."""

import msgspec

from merx.storefront.core.forms import Short


class PaymentMethodForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another way to pay a purchase that was ordered already."""

    payment: Short
