"""Who acts in a test: somebody with a cart's token, an account, a member of a shop."""

from uuid import UUID

from merx.kit.actors import Buyer, SellerMember
from merx.kit.ids import new_id


def guest(access_hash: bytes | None, account_id: UUID | None = None) -> Buyer:
    """Whoever shows the token with this hash, logged in or not."""
    return Buyer(account_id, frozenset([access_hash] if access_hash else ()))


def shopper(account_id: UUID) -> Buyer:
    """Somebody with an account."""
    return Buyer(account_id)


def member(*seller_ids: UUID, account_id: UUID | None = None) -> SellerMember:
    """Somebody who works for these sellers."""
    return SellerMember(account_id or new_id(), frozenset(seller_ids))
