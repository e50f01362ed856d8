"""Who is asking: the account behind a session, the sellers it works for, whether it is of the platform's staff."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.accounts import Account, SealedAccount, open_account
from merx.infra.crypto import MasterKeys, token_hash
from merx.infra.db import ReadTx, Sql


class Identity(msgspec.Struct, frozen=True):
    """The account of a valid session, the sellers it works for, and whether it is of the platform's staff."""

    account: Account
    seller_ids: frozenset[UUID]
    is_staff: bool = False


class _Found(SealedAccount, frozen=True, kw_only=True):
    seller_ids: list[UUID]
    is_staff: bool


# Every page and every call asks this, so it is one round trip over what three packages keep.
IDENTITY = Sql("""
SELECT a.id, a.email_sealed, a.name_sealed, a.locale, a.state, a.version, a.created_at, k.wrapped_key, k.master_key_id,
       ARRAY(SELECT m.seller_id FROM seller_members AS m WHERE m.account_id = a.id) AS seller_ids,
       EXISTS (SELECT FROM platform_staff AS f WHERE f.account_id = a.id) AS is_staff
  FROM sessions AS s
  JOIN accounts AS a ON a.id = s.account_id AND a.state = 'active'
  JOIN data_keys AS k ON k.person_id = a.id
 WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
""")


async def authenticate(tx: ReadTx, keys: MasterKeys, *, token: str, now: datetime) -> Identity | None:
    """The identity behind a session token; None when it is unknown, expired or revoked, or the account not active."""
    if not token.isascii():
        return None
    row = await tx.row(IDENTITY, token_hash(token), now)
    if row is None:
        return None
    found = _Found(**row)
    return Identity(
        account=open_account(keys, found), seller_ids=frozenset(found.seller_ids), is_staff=found.is_staff
    )
