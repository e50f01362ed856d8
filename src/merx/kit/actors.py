"""Who acts: one value, made at the edge from what a request shows, asked by the domain for what it may do.

Nobody below an edge looks at a session or a token; nobody above a domain decides what an actor may do.
"""

import hmac
from uuid import UUID

import msgspec


class Buyer(msgspec.Struct, frozen=True, tag="buyer"):
    """A shopper: an account, a guest, or nobody known.

    `access` are the hashes of the tokens a guest can show: whoever has a cart's token has the cart and what was
    bought with it.
    """

    account_id: UUID | None = None
    access: frozenset[bytes] = frozenset()

    def owns(self, *, account_id: UUID | None, access_hash: bytes | None) -> bool:
        """Whether something of this account, or else behind this token, is theirs."""
        if account_id is not None and account_id == self.account_id:
            return True
        return self.shows(access_hash)

    def shows(self, access_hash: bytes | None) -> bool:
        """Whether they can show the token with this hash; compared in constant time."""
        if access_hash is None:
            return False
        return any(hmac.compare_digest(access_hash, each) for each in self.access)


class SellerMember(msgspec.Struct, frozen=True, tag="seller"):
    """Somebody who works for these sellers."""

    account_id: UUID
    seller_ids: frozenset[UUID]

    def works_for(self, seller_id: UUID) -> bool:
        """Whether they act for this seller."""
        return seller_id in self.seller_ids


class Staff(msgspec.Struct, frozen=True, tag="staff"):
    """One of the platform's staff."""

    account_id: UUID


class System(msgspec.Struct, frozen=True, tag="system"):
    """Merx itself: a job, a deadline, a provider's notice. `job` says which."""

    job: str


class Agent(msgspec.Struct, frozen=True, tag="agent"):
    """A software agent that acts for a buyer, and may do what the buyer may."""

    agent_id: UUID
    buyer: Buyer


Actor = Buyer | SellerMember | Staff | System | Agent


def account_of(actor: Actor) -> UUID | None:
    """The account that stands behind an action, for events and journals; None for guests and for Merx itself."""
    if isinstance(actor, Agent):
        return actor.buyer.account_id
    return None if isinstance(actor, System) else actor.account_id
