"""The forms of payments."""

import msgspec

from merx.storefront.core.forms import Line, Short


class ReferenceForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of money that was paid back."""

    reference: Short


class ReasonForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why money cannot be paid back."""

    reason: Line
