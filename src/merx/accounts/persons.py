"""A person's data key: made once, used to seal every personal field, destroyed to erase the person."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.accounts.errors import PersonErased
from merx.accounts.model import Account, PostalAddress, SealedAccount
from merx.accounts.store import persons
from merx.infra.crypto import MasterKeys, PersonCipher
from merx.infra.db import ReadTx, Tx

_ADDRESS = "address"
_EMAIL = "email"
_NAME = "name"


async def new_person(tx: Tx, keys: MasterKeys, *, person_id: UUID, now: datetime) -> PersonCipher:
    """Make the data key of a new person: an account, or a guest at a cart."""
    wrapped_key, master_key_id = keys.new_data_key(person_id)
    await persons.insert_data_key(
        tx, person_id=person_id, wrapped_key=wrapped_key, master_key_id=master_key_id, now=now
    )
    return keys.cipher(person_id, wrapped_key=wrapped_key, master_key_id=master_key_id)


async def person_cipher(tx: ReadTx, keys: MasterKeys, *, person_id: UUID) -> PersonCipher:
    """The cipher of a person's fields. Raises PersonErased when the key is gone, UnreadableSeal when it is damaged."""
    found = await persons.data_key(tx, person_id=person_id)
    if found is None:
        raise PersonErased
    wrapped_key, master_key_id = found
    return keys.cipher(person_id, wrapped_key=wrapped_key, master_key_id=master_key_id)


def seal_address(cipher: PersonCipher, address: PostalAddress) -> bytes:
    """Seal an address that `check_address` returned."""
    return cipher.seal(_ADDRESS, msgspec.json.encode(address))


def open_address(cipher: PersonCipher, sealed: bytes) -> PostalAddress:
    """Open a sealed address. Raises UnreadableSeal."""
    return msgspec.json.decode(cipher.open(_ADDRESS, sealed), type=PostalAddress)


def seal_contact(cipher: PersonCipher, *, email: str, name: str) -> tuple[bytes, bytes]:
    """Seal an account's e-mail and name."""
    return cipher.seal(_EMAIL, email.encode()), cipher.seal(_NAME, name.encode())


def open_account(keys: MasterKeys, sealed: SealedAccount) -> Account:
    """Open an account's personal fields. Raises UnreadableSeal."""
    cipher = keys.cipher(sealed.id, wrapped_key=sealed.wrapped_key, master_key_id=sealed.master_key_id)
    return Account(
        id=sealed.id,
        email=cipher.open(_EMAIL, sealed.email_sealed).decode(),
        name=cipher.open(_NAME, sealed.name_sealed).decode(),
        locale=sealed.locale,
        state=sealed.state,
        version=sealed.version,
        created_at=sealed.created_at,
    )
