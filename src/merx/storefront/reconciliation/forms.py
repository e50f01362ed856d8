"""The forms of bills and differences."""

from typing import Literal

import msgspec

from merx.storefront.core.forms import Words


class ResolutionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a difference between a bill and the books is resolved: the button that was pressed, and a note."""

    resolution: Literal["explain", "recheck", "accept_theirs", "write_off", "book"]
    note: Words = ""
