"""Addresses: of an address book, and the sealed ones of carts and purchases."""

from uuid import UUID

import msgspec

from merx.accounts import (
    PersonErased,
    PostalAddress,
    SavedAddress,
    list_addresses,
    open_address,
    person_cipher,
)
from merx.infra.crypto import MasterKeys, UnreadableSeal
from merx.infra.db import ReadTx


async def opened_address(
    tx: ReadTx, keys: MasterKeys, *, person_id: UUID, sealed: bytes | None
) -> PostalAddress | None:
    """The address; None when there is none, its person was erased, or its seal does not open: the rest can be shown."""
    if sealed is None:
        return None
    try:
        cipher = await person_cipher(tx, keys, person_id=person_id)
        return open_address(cipher, sealed)
    except (PersonErased, UnreadableSeal):
        return None


class AddressList(msgspec.Struct, frozen=True, kw_only=True):
    """The address book, the default address first."""

    items: list[SavedAddress]


async def address_list(tx: ReadTx, keys: MasterKeys, *, account_id: UUID) -> AddressList:
    """The address book of an account."""
    return AddressList(items=await list_addresses(tx, keys, account_id=account_id))
