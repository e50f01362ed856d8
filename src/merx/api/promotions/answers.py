"""What is answered about promotions besides what the queries show."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.api.core.commands import Given
from merx.infra.db import ReadTx
from merx.queries.promotions import ManagedPromotion, promotion


class ClaimedCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon that is the account's from now on."""

    id: UUID
    promotion_id: UUID
    claimed_at: datetime
    expires_at: datetime | None


class CartCodes(msgspec.Struct, frozen=True, kw_only=True):
    """The codes in a cart. Whether they apply is in its quote."""

    cart_id: UUID
    version: int
    codes: list[str]


async def promotion_now(tx: ReadTx, promotion_id: UUID, given: Given) -> ManagedPromotion:
    """The promotion that a command was about, as it is now."""
    return await promotion(tx, promotion_id=promotion_id, actor=given.actor, now=given.call.now)
