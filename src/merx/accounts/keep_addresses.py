"""An account's address book. An address of somebody else's does not exist."""

from datetime import datetime
from uuid import UUID

from merx.accounts.errors import PersonErased, StaleAddress, TooManyAddresses, UnknownAddress
from merx.accounts.model import PostalAddress, SavedAddress
from merx.accounts.persons import open_address, person_cipher, seal_address
from merx.accounts.rules import ADDRESSES_LIMIT, check_address
from merx.accounts.store import accounts, addresses
from merx.infra.crypto import MasterKeys
from merx.infra.db import ReadTx, Tx
from merx.kit.ids import new_id


async def add_address(
    tx: Tx,
    keys: MasterKeys,
    *,
    account_id: UUID,
    address: PostalAddress,
    make_default: bool = False,
    now: datetime,
) -> SavedAddress:
    """Add an address; the first one becomes the default.

    Raises what `check_address` raises, TooManyAddresses, PersonErased.
    """
    clean = check_address(address)
    if not await accounts.lock_account(tx, account_id=account_id):
        raise PersonErased
    count = await addresses.count_addresses(tx, account_id=account_id)
    if count >= ADDRESSES_LIMIT:
        raise TooManyAddresses(most=ADDRESSES_LIMIT)
    cipher = await person_cipher(tx, keys, person_id=account_id)
    saved = SavedAddress(id=new_id(), address=clean, is_default=make_default or count == 0, version=1)
    if saved.is_default:
        await addresses.clear_default(tx, account_id=account_id, but=saved.id)
    await addresses.insert_address(
        tx,
        address_id=saved.id,
        account_id=account_id,
        sealed=seal_address(cipher, clean),
        country=clean.country,
        is_default=saved.is_default,
        now=now,
    )
    return saved


async def update_address(
    tx: Tx,
    keys: MasterKeys,
    *,
    account_id: UUID,
    address_id: UUID,
    expected_version: int,
    address: PostalAddress,
    make_default: bool = False,
    now: datetime,
) -> SavedAddress:
    """Change an address as it was read at `expected_version`. The default one stays it until another is made it.

    Raises UnknownAddress, StaleAddress, what `check_address` raises, PersonErased.
    """
    clean = check_address(address)
    if not await accounts.lock_account(tx, account_id=account_id):
        raise UnknownAddress
    present = await addresses.by_id(tx, account_id=account_id, address_id=address_id)
    if present is None:
        raise UnknownAddress
    if present.version != expected_version:
        raise StaleAddress(version=present.version)
    cipher = await person_cipher(tx, keys, person_id=account_id)
    if make_default:
        await addresses.clear_default(tx, account_id=account_id, but=address_id)
    changed = await addresses.update_address(
        tx,
        address_id=address_id,
        account_id=account_id,
        version=expected_version,
        sealed=seal_address(cipher, clean),
        country=clean.country,
        make_default=make_default,
        now=now,
    )
    if changed is None:
        raise UnknownAddress
    is_default, version = changed
    return SavedAddress(id=address_id, address=clean, is_default=is_default, version=version)


async def delete_address(tx: Tx, *, account_id: UUID, address_id: UUID) -> None:
    """Delete an address; when it was the default, the newest of the others becomes it. Raises UnknownAddress."""
    if not await accounts.lock_account(tx, account_id=account_id):
        raise UnknownAddress
    was_default = await addresses.delete_address(tx, account_id=account_id, address_id=address_id)
    if was_default is None:
        raise UnknownAddress
    if was_default:
        await addresses.promote_newest(tx, account_id=account_id)


async def list_addresses(tx: ReadTx, keys: MasterKeys, *, account_id: UUID) -> list[SavedAddress]:
    """The address book, the default address first. Raises PersonErased."""
    cipher = await person_cipher(tx, keys, person_id=account_id)
    return [
        SavedAddress(each.id, open_address(cipher, each.sealed), each.is_default, each.version)
        for each in await addresses.of_account(tx, account_id=account_id)
    ]


async def get_address(tx: ReadTx, keys: MasterKeys, *, account_id: UUID, address_id: UUID) -> SavedAddress:
    """One address of the account's own. Raises UnknownAddress, PersonErased."""
    found = await addresses.by_id(tx, account_id=account_id, address_id=address_id)
    if found is None:
        raise UnknownAddress
    cipher = await person_cipher(tx, keys, person_id=account_id)
    return SavedAddress(found.id, open_address(cipher, found.sealed), found.is_default, found.version)
