"""Who keeps promotions, what they may be, and what may change."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.world.offers import FIVE_YUAN, FREE_DELIVERY, STAFF, TEN_PERCENT, an_offer, keeper
from tests.world.shop import Shop

from merx.infra.db import Database
from merx.kit.actors import Buyer
from merx.kit.errors import DomainError, Unauthenticated
from merx.kit.ids import new_id
from merx.promotions import (
    BadPromotion,
    CouponNotClaimable,
    PromotionDraft,
    PromotionKind,
    PromotionMoved,
    PromotionState,
    Scope,
    Trigger,
    UnknownPromotion,
    change_promotion,
    claim_coupon,
    end_promotion,
    list_promotions,
    make_promotion,
    pause_promotion,
    resume_promotion,
)
from merx.promotions.errors import (
    BadPromotionAmount,
    BadPromotionCode,
    BadPromotionPeriod,
    CannotShrinkPromotion,
    PromotionCodeTaken,
)

WRONG: list[tuple[dict[str, Any], type[DomainError], str]] = [
    ({"kind": PromotionKind.PERCENTAGE}, BadPromotionAmount, "percent_bp"),
    ({"kind": PromotionKind.PERCENTAGE, "percent_bp": 10_001}, BadPromotionAmount, "percent_bp"),
    ({**FREE_DELIVERY, "amount": 5, "currency": "CNY"}, BadPromotion, "amount"),
    ({"kind": PromotionKind.AMOUNT_OFF, "amount": 500}, BadPromotion, "currency"),
    ({**FIVE_YUAN, "currency": "XYZ"}, BadPromotion, "currency"),
    ({**TEN_PERCENT, "threshold": -1, "currency": "CNY"}, BadPromotionAmount, "threshold"),
    ({**TEN_PERCENT, "name": {}}, BadPromotion, "name"),
    ({**TEN_PERCENT, "name": {"fr": "Offre"}}, BadPromotion, "name"),
    ({**TEN_PERCENT, "scope": Scope.PRODUCTS}, BadPromotion, "scope_ids"),
    ({**TEN_PERCENT, "scope_ids": [new_id()]}, BadPromotion, "scope_ids"),
    ({**TEN_PERCENT, "scope": Scope.SELLERS, "scope_ids": [new_id()]}, BadPromotion, "scope"),
    ({**TEN_PERCENT, "trigger": Trigger.CODE}, BadPromotionCode, "code"),
    ({**TEN_PERCENT, "trigger": Trigger.CODE, "code": "a b"}, BadPromotionCode, "code"),
    ({**TEN_PERCENT, "code": "TEA"}, BadPromotionCode, "code"),
    ({**TEN_PERCENT, "uses_total": 0}, BadPromotionAmount, "uses_total"),
    ({**TEN_PERCENT, "coupon_days": 3}, BadPromotion, "coupon_days"),
    ({**TEN_PERCENT, "priority": 1001}, BadPromotionAmount, "priority"),
]


@pytest.mark.parametrize(
    ("parts", "error", "field"), WRONG, ids=[f"{each[2]}-{index}" for index, each in enumerate(WRONG)]
)
async def test_what_makes_no_promotion_is_refused_with_its_field(
    db: Database,
    shop: Shop,
    now: datetime,
    owner: Any,
    parts: dict[str, Any],
    error: type[DomainError],
    field: str,
) -> None:
    seller_id = shop.sellers["tea-house"]
    draft = PromotionDraft(**{"name": {"en": "Offer"}, "starts_at": now, **parts})
    with pytest.raises(error) as found:
        await db.write(
            lambda tx: make_promotion(
                tx, actor=keeper(seller_id), seller_id=seller_id, draft=draft, currencies=("CNY",), now=now
            )
        )
    assert found.value.params["field"] == field
    assert await owner.fetchval("SELECT count(*) FROM promotions") == 0


async def test_a_period_that_is_over_is_refused(db: Database, shop: Shop, now: datetime) -> None:
    with pytest.raises(BadPromotionPeriod):
        await an_offer(db, shop, now=now, ends_at=now, **TEN_PERCENT)


async def test_nobody_keeps_what_is_not_theirs(db: Database, shop: Shop, now: datetime, owner: Any) -> None:
    of_tea = await an_offer(db, shop, now=now, **TEN_PERCENT)
    of_platform = await an_offer(db, shop, now=now, of=None, **TEN_PERCENT)
    pottery, tea = keeper(shop.sellers["pottery"]), keeper(shop.sellers["tea-house"])
    for actor, promotion in ((pottery, of_tea), (STAFF, of_tea), (tea, of_platform)):
        with pytest.raises(UnknownPromotion):
            await db.write(
                lambda tx, actor=actor, promotion=promotion: end_promotion(  # type: ignore[misc]
                    tx, actor=actor, promotion_id=promotion.id, now=now
                )
            )
    draft = PromotionDraft(name={"en": "Offer"}, starts_at=now, **TEN_PERCENT)
    for seller_id in (shop.sellers["tea-house"], None):
        with pytest.raises(UnknownPromotion):
            await db.write(
                lambda tx, seller_id=seller_id: make_promotion(  # type: ignore[misc]
                    tx, actor=pottery, seller_id=seller_id, draft=draft, currencies=("CNY",), now=now
                )
            )
    assert await owner.fetchval("SELECT count(*) FROM promotions WHERE state = 'active'") == 2
    async with db.read() as tx:
        assert [each.id for each in (await list_promotions(tx, actor=tea)).items] == [of_tea.id]
        assert [each.id for each in (await list_promotions(tx, actor=STAFF)).items] == [of_platform.id]
        assert (await list_promotions(tx, actor=pottery)).items == []


async def test_a_code_is_never_used_again(db: Database, shop: Shop, now: datetime) -> None:
    first = await an_offer(db, shop, now=now, trigger=Trigger.CODE, code="TEA-5", **FIVE_YUAN)
    at: dict[str, Any] = {"actor": keeper(shop.sellers["tea-house"]), "promotion_id": first.id, "now": now}
    assert (await db.write(lambda tx: end_promotion(tx, **at))).state is PromotionState.ENDED
    with pytest.raises(PromotionCodeTaken):
        await an_offer(db, shop, now=now, of="pottery", trigger=Trigger.CODE, code="tea-5", **FIVE_YUAN)


async def test_it_is_paused_resumed_and_ended_and_then_stays_so(
    db: Database, shop: Shop, now: datetime, owner: Any
) -> None:
    promotion = await an_offer(db, shop, now=now, **TEN_PERCENT)
    at: dict[str, Any] = {
        "actor": keeper(shop.sellers["tea-house"]),
        "promotion_id": promotion.id,
        "now": now,
    }
    assert (await db.write(lambda tx: pause_promotion(tx, **at))).state is PromotionState.PAUSED
    with pytest.raises(PromotionMoved):
        await db.write(lambda tx: pause_promotion(tx, **at))
    assert (await db.write(lambda tx: resume_promotion(tx, **at))).state is PromotionState.ACTIVE
    assert (await db.write(lambda tx: end_promotion(tx, **at))).version == 4
    for move in (pause_promotion, resume_promotion, end_promotion):
        with pytest.raises(PromotionMoved):
            await db.write(lambda tx, move=move: move(tx, **at))  # type: ignore[misc]
    kinds = await owner.fetch(
        "SELECT kind, data->>'state' FROM events WHERE subject_id = $1 ORDER BY id", promotion.id
    )
    assert [tuple(row) for row in kinds] == [
        ("PromotionMade", None), ("PromotionChanged", "paused"), ("PromotionChanged", "active"),
        ("PromotionChanged", "ended"),
    ]  # fmt: skip


async def test_the_number_of_uses_grows_and_shrinks_no_further_than_what_is_given_away(
    db: Database, shop: Shop, now: datetime, owner: Any
) -> None:
    offer = await an_offer(db, shop, now=now, trigger=Trigger.COUPON, uses_total=3, **FIVE_YUAN)
    for _ in range(2):
        await db.write(lambda tx: claim_coupon(tx, actor=Buyer(new_id()), promotion_id=offer.id, now=now))
    change: dict[str, Any] = {
        "actor": keeper(shop.sellers["tea-house"]), "promotion_id": offer.id, "name": {"en": "New"}, "ends_at": None,
        "now": now,
    }  # fmt: skip
    with pytest.raises(CannotShrinkPromotion):
        await db.write(lambda tx: change_promotion(tx, uses_total=1, **change))
    with pytest.raises(BadPromotion):
        await db.write(lambda tx: change_promotion(tx, uses_total=None, **change))
    changed = await db.write(lambda tx: change_promotion(tx, uses_total=2, **change))
    assert (changed.name, changed.uses_total, changed.amount) == ({"en": "New"}, 2, 500)
    row = await owner.fetchrow("SELECT received, sold FROM allotments WHERE subject_id = $1", offer.id)
    assert tuple(row) == (2, 2)


async def test_who_may_claim_and_when(db: Database, shop: Shop, now: datetime, owner: Any) -> None:
    coupon = await an_offer(db, shop, now=now, trigger=Trigger.COUPON, ends_at=now + timedelta(days=2), coupon_days=7,
                            **FIVE_YUAN)  # fmt: skip
    plain = await an_offer(db, shop, now=now, **FIVE_YUAN)
    with pytest.raises(Unauthenticated):
        await db.write(lambda tx: claim_coupon(tx, actor=Buyer(None), promotion_id=coupon.id, now=now))
    with pytest.raises(UnknownPromotion):
        await db.write(lambda tx: claim_coupon(tx, actor=Buyer(new_id()), promotion_id=plain.id, now=now))
    late = now + timedelta(days=2)
    with pytest.raises(CouponNotClaimable):
        await db.write(lambda tx: claim_coupon(tx, actor=Buyer(new_id()), promotion_id=coupon.id, now=late))
    claimed = await db.write(
        lambda tx: claim_coupon(tx, actor=Buyer(new_id()), promotion_id=coupon.id, now=now)
    )
    assert claimed.expires_at == now + timedelta(days=2), "no longer than its promotion"
    assert await owner.fetchval("SELECT count(*) FROM coupons") == 1
