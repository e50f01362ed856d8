"""A person's data key: made once, used to seal every personal field, destroyed to erase the person."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.accounts import store
from merx.accounts.errors import PersonErased
from merx.accounts.model import Account, PostalAddress
from merx.infra.crypto import MasterKeys, PersonCipher
from merx.infra.db import ReadTx, Record, Tx

_ADDRESS = "address"
_EMAIL = "email"
_NAME = "name"


async def new_person(tx: Tx, keys: MasterKeys, *, person_id: UUID, now: datetime) -> PersonCipher:
    """Make the data key of a new person: an account, or a guest at a cart."""
    wrapped_key, master_key_id = keys.new_data_key(person_id)
    await store.insert_data_key(
        tx, person_id=person_id, wrapped_key=wrapped_key, master_key_id=master_key_id, now=now
    )
    return keys.cipher(person_id, wrapped_key=wrapped_key, master_key_id=master_key_id)


async def person_cipher(tx: ReadTx, keys: MasterKeys, *, person_id: UUID) -> PersonCipher:
    """The cipher of a person's fields. Raises PersonErased when the key is gone, UnreadableSeal when it is damaged."""
    row = await store.data_key(tx, person_id=person_id)
    if row is None:
        raise PersonErased
    return keys.cipher(person_id, wrapped_key=row["wrapped_key"], master_key_id=row["master_key_id"])


def seal_address(cipher: PersonCipher, address: PostalAddress) -> bytes:
    """Seal an address that `check_address` returned."""
    return cipher.seal(_ADDRESS, msgspec.json.encode(address))


def open_address(cipher: PersonCipher, sealed: bytes) -> PostalAddress:
    """Open a sealed address. Raises UnreadableSeal."""
    return msgspec.json.decode(cipher.open(_ADDRESS, sealed), type=PostalAddress)


def seal_contact(cipher: PersonCipher, *, email: str, name: str) -> tuple[bytes, bytes]:
    """Seal an account's e-mail and name."""
    return cipher.seal(_EMAIL, email.encode()), cipher.seal(_NAME, name.encode())


def open_account(keys: MasterKeys, row: Record) -> Account:
    """An account from its row joined with its data key. Raises UnreadableSeal."""
    cipher = keys.cipher(row["id"], wrapped_key=row["wrapped_key"], master_key_id=row["master_key_id"])
    return Account(
        id=row["id"],
        email=cipher.open(_EMAIL, row["email_sealed"]).decode(),
        name=cipher.open(_NAME, row["name_sealed"]).decode(),
        locale=row["locale"],
        state=row["state"],
        version=row["version"],
        created_at=row["created_at"],
    )
