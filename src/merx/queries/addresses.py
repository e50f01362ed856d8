"""Open sealed addresses: where a cart or a purchase goes."""

from uuid import UUID

from merx.accounts import PersonErased, PostalAddress, open_address, person_cipher
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
