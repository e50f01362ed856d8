"""Who acts in a test: somebody with a cart's token, an account, a member of a shop."""

from datetime import datetime
from uuid import UUID

from merx.accounts import Account, register
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.actors import Buyer, SellerMember
from merx.kit.ids import new_id
from merx.sellers import add_member


def guest(access_hash: bytes | None, account_id: UUID | None = None) -> Buyer:
    """Whoever shows the token with this hash, logged in or not."""
    return Buyer(account_id, frozenset([access_hash] if access_hash else ()))


def shopper(account_id: UUID) -> Buyer:
    """Somebody with an account."""
    return Buyer(account_id)


def member(*seller_ids: UUID, account_id: UUID | None = None) -> SellerMember:
    """Somebody who works for these sellers."""
    return SellerMember(account_id or new_id(), frozenset(seller_ids))


async def a_person(
    db: Database, keys: MasterKeys, *, email: str, name: str, now: datetime, locale: str = "zh-CN"
) -> Account:
    """Somebody who has an account, without a password that opens it."""
    async with db.transaction() as tx:
        return await register(tx, keys, email=email, password_hash="-", name=name, locale=locale, now=now)


async def a_member(db: Database, keys: MasterKeys, *seller_ids: UUID, now: datetime) -> Account:
    """Somebody with an account who works for these sellers, as their owner."""
    account = await a_person(db, keys, email="a@b.test", name="A", locale="en", now=now)
    async with db.transaction() as tx:
        for seller_id in seller_ids:
            await add_member(tx, seller_id=seller_id, account_id=account.id, role="owner", now=now)
    return account
