"""Accounts, sessions and postal addresses as the rest of the shop sees them, and an account as it is stored."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

AccountState = Literal["active", "suspended", "erased"]


class Account(msgspec.Struct, frozen=True):
    """A person with a log-in: shopper, seller's staff, or both. `id` is also the person's id."""

    id: UUID
    email: str
    name: str
    locale: str
    state: AccountState
    version: int
    created_at: datetime


class SealedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is stored, with the data key that opens it."""

    id: UUID
    email_sealed: bytes
    name_sealed: bytes
    locale: str
    state: AccountState
    version: int
    created_at: datetime
    wrapped_key: bytes
    master_key_id: str


class Session(msgspec.Struct, frozen=True):
    """A log-in that lasts until `expires_at`, unless it is revoked before."""

    account_id: UUID
    expires_at: datetime


class PostalAddress(msgspec.Struct, frozen=True):
    """Where and to whom to deliver. `country` is ISO 3166-1 alpha-2; a guest gives an e-mail too."""

    name: str
    phone: str
    line1: str
    city: str
    country: str
    line2: str = ""
    region: str = ""
    postal_code: str = ""
    email: str = ""


class SavedAddress(msgspec.Struct, frozen=True):
    """An address in an account's address book."""

    id: UUID
    address: PostalAddress
    is_default: bool
    version: int
