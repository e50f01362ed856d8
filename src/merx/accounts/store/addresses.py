"""SQL of address books. Addresses come and go sealed."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx

ADDRESSES = Sql("""
SELECT id, sealed, is_default, version FROM addresses
 WHERE account_id = $1 ORDER BY is_default DESC, created_at DESC, id
""")


class SealedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address of a book as it is stored."""

    id: UUID
    sealed: bytes
    is_default: bool
    version: int


async def of_account(tx: ReadTx, *, account_id: UUID) -> list[SealedAddress]:
    """The address book: the default one first, then the newest."""
    return [SealedAddress(**row) for row in await tx.rows(ADDRESSES, account_id)]


ADDRESS = Sql("SELECT id, sealed, is_default, version FROM addresses WHERE id = $1 AND account_id = $2")


async def by_id(tx: ReadTx, *, account_id: UUID, address_id: UUID) -> SealedAddress | None:
    """One address of an account's own."""
    row = await tx.row(ADDRESS, address_id, account_id)
    return None if row is None else SealedAddress(**row)


COUNT_ADDRESSES = Sql("SELECT count(*) FROM addresses WHERE account_id = $1")


async def count_addresses(tx: ReadTx, *, account_id: UUID) -> int:
    """How many addresses the account keeps."""
    count: int = await tx.value(COUNT_ADDRESSES, account_id)
    return count


CLEAR_DEFAULT = Sql(
    "UPDATE addresses SET is_default = false WHERE account_id = $1 AND is_default AND id <> $2"
)


async def clear_default(tx: Tx, *, account_id: UUID, but: UUID) -> None:
    """Make no address but `but` the default one."""
    await tx.run(CLEAR_DEFAULT, account_id, but)


INSERT_ADDRESS = Sql("""
INSERT INTO addresses (id, account_id, sealed, country, is_default, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
""")


async def insert_address(
    tx: Tx,
    *,
    address_id: UUID,
    account_id: UUID,
    sealed: bytes,
    country: str,
    is_default: bool,
    now: datetime,
) -> None:
    """Write a new address."""
    await tx.run(INSERT_ADDRESS, address_id, account_id, sealed, country, is_default, now)


UPDATE_ADDRESS = Sql("""
UPDATE addresses SET sealed = $4, country = $5, is_default = is_default OR $6, version = version + 1, updated_at = $7
 WHERE id = $1 AND account_id = $2 AND version = $3
RETURNING is_default, version
""")


async def update_address(
    tx: Tx,
    *,
    address_id: UUID,
    account_id: UUID,
    version: int,
    sealed: bytes,
    country: str,
    make_default: bool,
    now: datetime,
) -> tuple[bool, int] | None:
    """Change an address that still has this version: whether it is the default one, and its version; else None."""
    row = await tx.row(UPDATE_ADDRESS, address_id, account_id, version, sealed, country, make_default, now)
    return None if row is None else (row["is_default"], row["version"])


DELETE_ADDRESS = Sql("DELETE FROM addresses WHERE id = $1 AND account_id = $2 RETURNING is_default")


async def delete_address(tx: Tx, *, account_id: UUID, address_id: UUID) -> bool | None:
    """Delete an address of an account's own: whether it was the default one; None when there is none."""
    was_default: bool | None = await tx.value(DELETE_ADDRESS, address_id, account_id)
    return was_default


PROMOTE_NEWEST = Sql("""
UPDATE addresses SET is_default = true
 WHERE id = (SELECT id FROM addresses WHERE account_id = $1 ORDER BY created_at DESC, id LIMIT 1)
""")


async def promote_newest(tx: Tx, *, account_id: UUID) -> None:
    """Make the newest address the default one."""
    await tx.run(PROMOTE_NEWEST, account_id)
