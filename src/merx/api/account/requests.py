"""What clients send about accounts and sessions."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from merx.api.core.requests import Input, Line, LocaleCode


class Register(Input, frozen=True, kw_only=True):
    """Open an account."""

    email: Line
    password: Annotated[str, Meta(max_length=1024)]
    name: Line
    locale: LocaleCode | None = None


class LogIn(Input, frozen=True, kw_only=True):
    """Open a session. With `cart_id` and the Cart-Token header, the guest's cart comes along."""

    email: Line
    password: Annotated[str, Meta(max_length=1024)]
    cart_id: UUID | None = None
