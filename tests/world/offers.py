"""Promotions of the small shop, and who keeps them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.world.shop import Shop

from merx.infra.db import Database
from merx.kit.actors import SellerMember, Staff
from merx.kit.ids import new_id
from merx.promotions import Promotion, PromotionDraft, PromotionKind, Trigger, make_promotion

TEN_PERCENT: dict[str, Any] = {"kind": PromotionKind.PERCENTAGE, "percent_bp": 1000}
FIVE_YUAN: dict[str, Any] = {"kind": PromotionKind.AMOUNT_OFF, "amount": 500, "currency": "CNY"}
FREE_DELIVERY: dict[str, Any] = {"kind": PromotionKind.FREE_DELIVERY}
STAFF = Staff(new_id())


async def an_offer(
    db: Database,
    shop: Shop,
    *,
    now: datetime,
    of: str | None = "tea-house",
    trigger: Trigger = Trigger.AUTOMATIC,
    **parts: Any,
) -> Promotion:
    """A promotion of a seller by code, or (None) of the platform, that began an hour ago."""
    seller_id = None if of is None else shop.sellers[of]
    actor = STAFF if seller_id is None else keeper(seller_id)
    draft = PromotionDraft(
        name={"zh-CN": "优惠", "en": "Offer"}, trigger=trigger, starts_at=now - timedelta(hours=1), **parts
    )
    async with db.transaction() as tx:
        return await make_promotion(
            tx, actor=actor, seller_id=seller_id, draft=draft, currencies=("CNY", "USD"), now=now
        )


def keeper(seller_id: UUID) -> SellerMember:
    """Somebody who works for a seller."""
    return SellerMember(new_id(), frozenset([seller_id]))
