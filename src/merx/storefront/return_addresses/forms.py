"""The forms of return addresses."""

import msgspec

from merx.storefront.core.forms import Words


class ReturnAddressForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where goods go back to, line by line."""

    return_address: Words
