"""What the API answers about accounts, and the reviews their owners wrote."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.api.cart_views import AddressView


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """The account that is logged in, and the sellers it works for."""

    id: UUID
    email: str
    name: str
    locale: str
    created_at: datetime
    seller_ids: list[UUID]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session. Send `token` as "Authorization: Bearer …"; it is shown once. `cart_id` is the account's open cart."""

    token: str
    account: AccountView
    cart_id: UUID | None


class SavedAddressView(msgspec.Struct, frozen=True, kw_only=True):
    """An address in the address book. Its ETag carries `version`."""

    id: UUID
    address: AddressView
    is_default: bool
    version: int


class AddressListView(msgspec.Struct, frozen=True, kw_only=True):
    """The address book, the default address first."""

    items: list[SavedAddressView]


class NotificationView(msgspec.Struct, frozen=True, kw_only=True):
    """A message to the account, in its language; `path` is the page it is about."""

    event_id: UUID
    kind: str
    title: str
    text: str
    path: str
    created_at: datetime
    read_at: datetime | None


class NotificationListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of notifications, newest first, and how many of all are unread."""

    items: list[NotificationView]
    unread: int
    next_cursor: str | None


class ReadView(msgspec.Struct, frozen=True, kw_only=True):
    """How many notifications were unread until now."""

    read: int


class ReviewedProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it was written."""

    order_line_id: UUID
    score: int
    body: str
    locale: str
    created_at: datetime


class ReviewedSellerView(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it was written."""

    order_id: UUID
    score: int
    body: str
    locale: str
    created_at: datetime
