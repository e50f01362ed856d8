"""The demo shop's promotions: coupons to claim and codes to enter. None applies by itself, so prices stay what they say."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from merx.accounts import staff_ids
from merx.catalog import category_by_code
from merx.infra.db import Database, ReadTx, Tx
from merx.infra.settings import Settings
from merx.kit.actors import SellerMember, Staff
from merx.promotions import PromotionDraft, PromotionKind, Scope, Trigger, is_known_code, make_promotion
from merx.sellers import get_seller_by_code, member_ids

CODE: Final = "MERX10"
SELLER_CODE: Final = "FIELD5"
_AMOUNTS: Final = {
    "CNY": {"over": 20_000, "off": 2_000, "most": 5_000},
    "USD": {"over": 4_000, "off": 400, "most": 1_000},
}
"""What the promotions say in amounts, in minor units by currency."""


async def load_promotions(db: Database, settings: Settings, *, now: datetime) -> None:
    """Make the demo's promotions once, in the shop's own currency."""
    currency = settings.shop.default_currency
    async with db.transaction() as tx:
        if await is_known_code(tx, code=CODE):
            return
        for of, parts in await _drafts(tx, currency):
            seller_id, actor = await _keeper(tx, of)
            await make_promotion(
                tx, actor=actor, seller_id=seller_id, draft=PromotionDraft(starts_at=now, **parts),
                currencies=settings.shop.currencies, now=now,
            )  # fmt: skip


async def _drafts(tx: ReadTx, currency: str) -> list[tuple[str | None, dict[str, Any]]]:
    """(seller or None, draft) of each; those that name an amount only where the demo knows one in the currency."""
    plants = (await category_by_code(tx, code="plants")).id
    drafts: list[tuple[str | None, dict[str, Any]]] = [
        (None, {
            "name": {"zh-CN": "包邮券", "en": "Free delivery"}, "kind": PromotionKind.FREE_DELIVERY,
            "trigger": Trigger.COUPON, "uses_per_person": 1, "coupon_days": 30,
        }),
        ("hearth-and-leaf", {
            "name": {"zh-CN": "绿植 85 折券", "en": "15% off plants"}, "kind": PromotionKind.PERCENTAGE,
            "percent_bp": 1_500, "trigger": Trigger.COUPON, "scope": Scope.CATEGORIES, "scope_ids": [plants],
            "uses_total": 200, "uses_per_person": 2, "coupon_days": 14,
        }),
        ("fieldhouse-sports", {
            "name": {"zh-CN": "运动 95 折", "en": "5% off sports"}, "kind": PromotionKind.PERCENTAGE, "percent_bp": 500,
            "trigger": Trigger.CODE, "code": SELLER_CODE,
        }),
    ]  # fmt: skip
    known = _AMOUNTS.get(currency)
    off = {"uses_per_person": 1, "currency": currency}
    if known is None:
        return [*drafts, (None, _ten_percent())]
    return [
        *drafts,
        (None, _ten_percent() | {"most": known["most"], "currency": currency}),
        ("beacon-electronics", off | {
            "name": {
                "zh-CN": f"满 {known['over'] // 100} 减 {known['off'] // 100}",
                "en": f"{known['off'] // 100} off from {known['over'] // 100}",
            },
            "kind": PromotionKind.AMOUNT_OFF, "amount": known["off"], "threshold": known["over"],
            "trigger": Trigger.COUPON, "uses_total": 500,
        }),
    ]  # fmt: skip


def _ten_percent() -> dict[str, Any]:
    return {
        "name": {"zh-CN": "全场 9 折", "en": "10% off everything"}, "kind": PromotionKind.PERCENTAGE, "percent_bp": 1_000,
        "trigger": Trigger.CODE, "code": CODE,
    }  # fmt: skip


async def _keeper(tx: Tx, seller_code: str | None) -> tuple[UUID | None, SellerMember | Staff]:
    """Whose a promotion is, and somebody who may make it."""
    if seller_code is None:
        return None, Staff((await staff_ids(tx))[0])
    seller = await get_seller_by_code(tx, code=seller_code)
    [member, *_] = await member_ids(tx, seller_id=seller.id)
    return seller.id, SellerMember(member, frozenset([seller.id]))
