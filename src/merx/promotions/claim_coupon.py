"""Claim a coupon: one of so many, and not more than so many per person."""

import uuid
from datetime import datetime, timedelta
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory import Limit, TakenUnit, ensure_limits, take_units
from merx.kit.actors import Buyer
from merx.kit.errors import Unauthenticated
from merx.kit.ids import new_id
from merx.promotions import store
from merx.promotions.errors import CouponClaimed, CouponNotClaimable, CouponsGone, UnknownPromotion
from merx.promotions.events import CouponClaimed as CouponWasClaimed
from merx.promotions.model import Coupon, Promotion, Trigger
from merx.promotions.rules import may_claim, person_limit


async def claim_coupon(tx: Tx, *, actor: Buyer, promotion_id: UUID, now: datetime) -> Coupon:
    """Give the account one coupon of a promotion. Publishes CouponClaimed.

    Both limits are allotments, locked in one order with stock, so there is never one too many. Raises Unauthenticated,
    UnknownPromotion, CouponNotClaimable, CouponsGone, CouponClaimed.
    """
    if actor.account_id is None:
        raise Unauthenticated
    promotion = await store.find(tx, promotion_id)
    if promotion is None or promotion.trigger is not Trigger.COUPON:
        raise UnknownPromotion
    if may_claim(promotion, now=now) is not None:
        raise CouponNotClaimable
    coupon = Coupon(new_id(), promotion.id, actor.account_id, now, _expiry(promotion, now))
    limits = [Limit(coupon.id, "coupon", 1)]
    wanted = []
    if promotion.uses_total is not None:
        wanted.append(TakenUnit(promotion.id, coupon.id))
    if promotion.uses_per_person is not None:
        person = person_limit(promotion.id, actor.account_id)
        limits.append(Limit(person, "person", promotion.uses_per_person))
        wanted.append(TakenUnit(person, uuid.uuid5(coupon.id, "person")))
    await ensure_limits(tx, limits=limits, now=now)
    short = await take_units(tx, units=wanted, now=now) if wanted else None
    if short is not None:
        raise CouponsGone if short == promotion.id else CouponClaimed
    await store.insert_coupon(tx, coupon)
    await publish(tx, [CouponWasClaimed(promotion.id, coupon.id, actor_id=actor.account_id)], now=now)
    return coupon


def _expiry(promotion: Promotion, now: datetime) -> datetime | None:
    """A coupon lasts its days, and never longer than its promotion."""
    if promotion.coupon_days is None:
        return promotion.ends_at
    own = now + timedelta(days=promotion.coupon_days)
    return own if promotion.ends_at is None else min(own, promotion.ends_at)
