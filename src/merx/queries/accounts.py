"""Who is logged in, as they see themselves."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from merx.accounts import Account
from merx.queries.identity import Identity


class SeenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The account that is logged in, and the sellers it works for."""

    id: UUID
    email: str
    name: str
    locale: str
    created_at: datetime
    seller_ids: list[UUID]


# ---------------------------------------------------------------- accounts


def account(found: Account, seller_ids: Iterable[UUID] = ()) -> SeenAccount:
    """An account, for its owner."""
    return SeenAccount(
        id=found.id,
        email=found.email,
        name=found.name,
        locale=found.locale,
        created_at=found.created_at,
        seller_ids=sorted(seller_ids),
    )


def identity(found: Identity) -> SeenAccount:
    """Who is logged in."""
    return account(found.account, found.seller_ids)
