"""Personal data at rest: one AES-256-GCM key per person, wrapped by a ring of master keys; blind indexes for look-up.

Sealed form: 12-byte nonce ‖ ciphertext ‖ tag. The person's id and the field's purpose are authenticated with it, so a
sealed value cannot be moved to another person or another field. Destroying a person's key row makes every value sealed
under it unreadable, in backups too.
"""

import hashlib
import hmac
import os
import unicodedata
from collections import OrderedDict
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12
_CACHED_CIPHERS: Final = 4096


class UnreadableSeal(Exception):
    """A sealed value does not open under the key it claims: wrong person, wrong field, or damaged."""


class MasterKeys:
    """The ring of master keys: the first wraps, every one unwraps."""

    def __init__(self, keys: dict[str, bytes], *, index_key: bytes) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = next(iter(keys))
        self._index_key = index_key
        self._unwrapped: OrderedDict[bytes, AESGCM] = OrderedDict()

    @property
    def key_ids(self) -> frozenset[str]:
        """Ids of every key in the ring."""
        return frozenset(self._ciphers)

    def new_data_key(self, person_id: UUID) -> tuple[bytes, str]:
        """Make a person's data key; return it wrapped, with the id of the master key that wrapped it."""
        key = AESGCM.generate_key(bit_length=256)
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = nonce + self._ciphers[self._current].encrypt(nonce, key, person_id.bytes)
        return wrapped, self._current

    def cipher(self, person_id: UUID, *, wrapped_key: bytes, master_key_id: str) -> "PersonCipher":
        """Unwrap a person's data key. Raises UnreadableSeal when the ring lacks the key or the wrap is damaged."""
        cached = self._unwrapped.get(wrapped_key)
        if cached is None:
            master = self._ciphers.get(master_key_id)
            if master is None:
                raise UnreadableSeal(f"master key {master_key_id!r} is not in the ring")
            try:
                key = master.decrypt(wrapped_key[:_NONCE_BYTES], wrapped_key[_NONCE_BYTES:], person_id.bytes)
            except (InvalidTag, ValueError) as error:
                raise UnreadableSeal("the data key does not unwrap") from error
            cached = AESGCM(key)
            self._unwrapped[wrapped_key] = cached
            if len(self._unwrapped) > _CACHED_CIPHERS:
                self._unwrapped.popitem(last=False)
        return PersonCipher(person_id, cached)

    def blind_index(self, text: str) -> bytes:
        """A keyed hash of a normalised text (32 bytes): equal texts are found without being stored."""
        normal = unicodedata.normalize("NFKC", text).strip().casefold()
        return hmac.new(self._index_key, normal.encode(), hashlib.sha256).digest()


class PersonCipher:
    """Seals and opens one person's fields."""

    __slots__ = ("_cipher", "_person")

    def __init__(self, person_id: UUID, cipher: AESGCM) -> None:
        self._person = person_id.bytes
        self._cipher = cipher

    def seal(self, field: str, plain: bytes) -> bytes:
        """Encrypt `plain` for `field` ("address", "email", …)."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, self._person + field.encode())

    def open(self, field: str, sealed: bytes) -> bytes:
        """Decrypt. Raises UnreadableSeal."""
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._person + field.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise UnreadableSeal(f"{field} does not open") from error


def token_hash(token: str) -> bytes:
    """What the database keeps of a bearer token (32 bytes)."""
    return hashlib.sha256(token.encode()).digest()
