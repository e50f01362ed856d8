"""The forms of accounts and sessions."""

import msgspec

from merx.storefront.core.forms import Line, Path


class LogInForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """E-mail and password."""

    email: Line
    password: Line
    return_to: Path = "/"


class RegisterForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new account."""

    name: Line
    email: Line
    password: Line
    return_to: Path = "/"
