"""Make, change, pause, resume and end promotions: a seller their own, the staff the platform's."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory import Limit, change_limit, ensure_limits
from merx.kit.actors import SellerMember, Staff
from merx.kit.i18n import Text
from merx.kit.ids import new_id
from merx.promotions import store
from merx.promotions.check_promotion import PromotionDraft, check_end, check_name, check_promotion, check_uses
from merx.promotions.errors import (
    CannotShrinkPromotion,
    PromotionCodeTaken,
    PromotionMoved,
    StalePromotion,
    UnknownPromotion,
)
from merx.promotions.events import PromotionChanged, PromotionMade
from merx.promotions.model import Promotion, PromotionState
from merx.promotions.rules import allowed_moves, keeps, may_change
from merx.promotions.states import PROMOTION_STATES

Keeper = SellerMember | Staff


async def make_promotion(
    tx: Tx,
    *,
    actor: Keeper,
    seller_id: UUID | None,
    draft: PromotionDraft,
    currencies: Collection[str],
    now: datetime,
) -> Promotion:
    """Make a promotion of a seller the actor works for, or (None) of the platform. Publishes PromotionMade.

    Raises UnknownPromotion for somebody else's seller, BadPromotion and its kinds, PromotionCodeTaken, TextRefused.
    """
    checked = check_promotion(draft, by_platform=seller_id is None, currencies=currencies, now=now)
    promotion = Promotion(
        **msgspec.structs.asdict(checked), id=new_id(), seller_id=seller_id, state=PromotionState.ACTIVE, version=1,
        created_at=now,
    )  # fmt: skip
    if not keeps(actor, promotion):
        raise UnknownPromotion
    if promotion.code is not None and await store.is_code_taken(tx, promotion.code):
        raise PromotionCodeTaken(field="code", code=promotion.code)
    await store.insert(tx, promotion, created_by=actor.account_id)
    if promotion.uses_total is not None:
        await ensure_limits(tx, limits=[Limit(promotion.id, "promotion", promotion.uses_total)], now=now)
    made = PromotionMade(promotion.id, seller_id, promotion.kind.value, actor_id=actor.account_id)
    await publish(tx, [made], now=now)
    return promotion


async def change_promotion(
    tx: Tx,
    *,
    actor: Keeper,
    promotion_id: UUID,
    name: Text,
    ends_at: datetime | None,
    uses_total: int | None,
    expected_version: int | None = None,
    now: datetime,
) -> Promotion:
    """Change what may change once people have seen it: the name, the end and, if there is one, the number of uses.

    What it takes off stays: end it and make another. Publishes PromotionChanged. Raises UnknownPromotion,
    StalePromotion unless its version is the expected one (None: any), PromotionMoved, BadPromotion and its kinds, CannotShrinkPromotion, TextRefused.
    """
    promotion = await _lock(tx, actor, promotion_id)
    if expected_version not in (None, promotion.version):
        raise StalePromotion(current=promotion.version)
    if not may_change(promotion):
        raise PromotionMoved(state=promotion.state.value)
    check_uses(uses_total, was=promotion.uses_total)
    changed = msgspec.structs.replace(
        promotion, name=check_name(name), ends_at=check_end(promotion.starts_at, ends_at, now=now),
        uses_total=uses_total, version=promotion.version + 1,
    )  # fmt: skip
    if uses_total is not None and not await change_limit(
        tx, subject_id=promotion.id, quantity=uses_total, now=now
    ):
        raise CannotShrinkPromotion(field="uses_total")
    await store.change(tx, changed)
    await _tell(tx, actor, changed, now=now)
    return changed


async def pause_promotion(tx: Tx, *, actor: Keeper, promotion_id: UUID, now: datetime) -> Promotion:
    """Let a promotion give nothing until it is resumed. Raises UnknownPromotion, PromotionMoved."""
    return await _move(tx, actor, promotion_id, to=PromotionState.PAUSED, now=now)


async def resume_promotion(tx: Tx, *, actor: Keeper, promotion_id: UUID, now: datetime) -> Promotion:
    """Let a paused promotion give again. Raises UnknownPromotion, PromotionMoved."""
    return await _move(tx, actor, promotion_id, to=PromotionState.ACTIVE, now=now)


async def end_promotion(tx: Tx, *, actor: Keeper, promotion_id: UUID, now: datetime) -> Promotion:
    """End a promotion for good; what was ordered with it stays so. Raises UnknownPromotion, PromotionMoved."""
    return await _move(tx, actor, promotion_id, to=PromotionState.ENDED, now=now)


async def _move(tx: Tx, actor: Keeper, promotion_id: UUID, *, to: PromotionState, now: datetime) -> Promotion:
    promotion = await _lock(tx, actor, promotion_id)
    if to not in allowed_moves(promotion):
        raise PromotionMoved(state=promotion.state.value)
    await store.move(tx, promotion_id, to=to.value, sources=PROMOTION_STATES.sources(to.value))
    moved = msgspec.structs.replace(promotion, state=to, version=promotion.version + 1)
    await _tell(tx, actor, moved, now=now)
    return moved


async def _lock(tx: Tx, actor: Keeper, promotion_id: UUID) -> Promotion:
    promotion = await store.lock(tx, promotion_id)
    if promotion is None or not keeps(actor, promotion):
        raise UnknownPromotion
    return promotion


async def _tell(tx: Tx, actor: Keeper, promotion: Promotion, *, now: datetime) -> None:
    changed = PromotionChanged(
        promotion.id, promotion.seller_id, promotion.state.value, actor_id=actor.account_id
    )
    await publish(tx, [changed], now=now)
