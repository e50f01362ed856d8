"""The forms of promotions."""

from typing import Annotated

import msgspec


class CodeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code to enter or to take out."""

    code: Annotated[str, msgspec.Meta(max_length=80)] = ""
