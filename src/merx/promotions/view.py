"""Promotions and coupons, read: by who keeps them, by who may claim them, by who has them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx
from merx.inventory import free_of
from merx.kit.actors import SellerMember, Staff
from merx.kit.paging import PAGE_LIMIT, decode_cursor, encode_cursor
from merx.promotions import store
from merx.promotions.errors import UnknownPromotion
from merx.promotions.model import Coupon, Promotion, PromotionState
from merx.promotions.rules import keeps

CENTRE_LIMIT: Final = 100
_NEWEST: Final = UUID(int=2**128 - 1)


class PromotionPage(msgspec.Struct, frozen=True):
    """Promotions, newest first."""

    items: list[Promotion]
    next_cursor: str | None


class CouponPage(msgspec.Struct, frozen=True):
    """Coupons, newest first."""

    items: list[Coupon]
    next_cursor: str | None


async def get_promotion(tx: ReadTx, *, actor: SellerMember | Staff, promotion_id: UUID) -> Promotion:
    """A promotion, for who keeps it. Raises UnknownPromotion."""
    promotion = await store.find(tx, promotion_id)
    if promotion is None or not keeps(actor, promotion):
        raise UnknownPromotion
    return promotion


async def get_promotions(tx: ReadTx, *, promotion_ids: Sequence[UUID]) -> dict[UUID, Promotion]:
    """Promotions by id, for whom they are no secret: they are on a purchase, a cart or a coupon of theirs."""
    return await store.get(tx, promotion_ids)


async def list_promotions(
    tx: ReadTx,
    *,
    actor: SellerMember | Staff,
    states: Sequence[PromotionState] = tuple(PromotionState),
    after: str | None = None,
    limit: int = 20,
) -> PromotionPage:
    """Those the actor keeps: of the sellers they work for, or of the platform. Raises BadCursor."""
    before = decode_cursor(after, tuple[UUID])[0] if after else _NEWEST
    limit = max(1, min(limit, PAGE_LIMIT))
    sellers = sorted(actor.seller_ids) if isinstance(actor, SellerMember) else None
    found = await store.list_made(
        tx, seller_ids=sellers, states=[state.value for state in states], before=before, limit=limit + 1
    )
    page = found[:limit]
    return PromotionPage(page, encode_cursor(str(page[-1].id)) if len(found) > limit else None)


async def claimable_promotions(tx: ReadTx, *, now: datetime) -> list[Promotion]:
    """What coupons can be claimed of now: the coupon centre, those that end soonest first."""
    return await store.claimable(tx, now=now, limit=CENTRE_LIMIT)


async def claimed_counts(tx: ReadTx, *, account_id: UUID, promotion_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many coupons of each promotion an account has claimed; of which none: absent."""
    return await store.claimed_of(tx, account_id=account_id, promotion_ids=promotion_ids)


async def my_coupons(
    tx: ReadTx, *, account_id: UUID, after: str | None = None, limit: int = 20
) -> CouponPage:
    """An account's coupons, used and unused. Raises BadCursor."""
    before = decode_cursor(after, tuple[UUID])[0] if after else _NEWEST
    limit = max(1, min(limit, PAGE_LIMIT))
    found = await store.list_coupons(tx, account_id=account_id, before=before, limit=limit + 1)
    page = found[:limit]
    return CouponPage(page, encode_cursor(str(page[-1].id)) if len(found) > limit else None)


async def unused_coupons(tx: ReadTx, *, coupons: Sequence[Coupon], now: datetime) -> set[UUID]:
    """Which of these coupons no purchase holds or has used."""
    free = await free_of(tx, subject_ids=[each.id for each in coupons], now=now)
    return {coupon_id for coupon_id, units in free.items() if units > 0}


async def uses_left(tx: ReadTx, *, promotions: Sequence[Promotion], now: datetime) -> dict[UUID, int]:
    """Of limited promotions, how many uses (or coupons) nobody has or holds."""
    limited = [each.id for each in promotions if each.uses_total is not None]
    return await free_of(tx, subject_ids=limited, now=now)


async def is_known_code(tx: ReadTx, *, code: str) -> bool:
    """Whether a promotion has this code, be it over: then the cart says so."""
    return await store.is_code_taken(tx, code)
