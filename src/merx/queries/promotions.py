"""Promotions and coupons: by who may claim them, who has them, who keeps them, and as a cart gets them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from merx.cart import Cart
from merx.catalog import cards, category_tree
from merx.infra.db import ReadTx, Sql
from merx.kit.actors import Buyer, SellerMember, Staff
from merx.kit.i18n import Text
from merx.kit.money import Money
from merx.promotions import (
    Coupon,
    Discount,
    Evaluation,
    NotApplied,
    Promotion,
    PromotionKind,
    PromotionState,
    Scope,
    Trigger,
    WhyNot,
    allowed_moves,
    claimable_promotions,
    claimed_counts,
    get_promotion,
    get_promotions,
    list_promotions,
    may_change,
    may_claim,
    my_coupons,
    time_problem,
    unused_coupons,
    uses_left,
)
from merx.queries.catalog import SeenSeller, seller
from merx.queries.totals import maybe_money
from merx.sellers import get_sellers

SHOWN_SCOPE: Final = 20
"""How many of the things that a promotion is for are named."""

PromotionAction = Literal["change", "pause", "resume", "end"]
CouponState = Literal["unused", "used", "expired"]


class ScopeItem(msgspec.Struct, frozen=True, kw_only=True):
    """A category, a product or a seller; `code` is what its page is called."""

    id: UUID
    code: str
    name: Text


class SeenPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion gives and when. `seller` is whose it is, null for the platform's.

    `percent_bp` are basis points off, at most `most`; `threshold` is what the goods it is for must cost. `scope` is
    everything, categories, products or sellers; `scope_items` are the first of `scope_count` of them. `why_not` says why
    it gives nothing at this moment.
    """

    id: UUID
    name: Text
    kind: PromotionKind
    percent_bp: int | None
    amount: Money | None
    most: Money | None
    threshold: Money | None
    currency: str | None
    trigger: Trigger
    seller: SeenSeller | None
    scope: Scope
    scope_items: list[ScopeItem]
    scope_count: int
    starts_at: datetime
    ends_at: datetime | None
    why_not: WhyNot | None


class ClaimablePromotion(SeenPromotion, frozen=True, kw_only=True):
    """Coupons that can be claimed: `left` of `uses_total`, null without a limit.

    `claimed` is how many this person has had, of `uses_per_person`; `why_not` says why they can claim none now.
    `coupon_days` is how long one lasts, null: as long as the promotion.
    """

    uses_total: int | None
    left: int | None
    uses_per_person: int | None
    coupon_days: int | None
    claimed: int
    can_claim: bool


class CouponCentre(msgspec.Struct, frozen=True, kw_only=True):
    """What can be claimed now, those that end soonest first."""

    items: list[ClaimablePromotion]


class SeenCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon somebody claimed. A used one is on a purchase, or held for one that is not paid yet."""

    id: UUID
    state: CouponState
    promotion: SeenPromotion
    claimed_at: datetime
    expires_at: datetime | None


class CouponList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of an account's coupons, newest first."""

    items: list[SeenCoupon]
    next_cursor: str | None


class ManagedPromotion(SeenPromotion, frozen=True, kw_only=True):
    """A promotion for who keeps it. Its ETag carries `version`.

    `claimed` counts its coupons, `uses` the purchases that have it and were not cancelled, `taken_off` what it took off
    them, by currency. `left` of `uses_total` coupons or uses are free, null without a limit.
    """

    code: str | None
    scope_ids: list[UUID]
    uses_total: int | None
    left: int | None
    uses_per_person: int | None
    coupon_days: int | None
    exclusive_group: str
    priority: int
    given_back: bool
    state: PromotionState
    claimed: int
    uses: int
    taken_off: list[Money]
    created_at: datetime
    version: int
    actions: tuple[PromotionAction, ...]


class PromotionList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of promotions, newest first."""

    items: list[ManagedPromotion]
    next_cursor: str | None


class AppliedPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """What a cart gets; `amount` is what it takes off, of the goods and the delivery together."""

    promotion_id: UUID
    name: Text
    kind: PromotionKind
    trigger: Trigger
    code: str | None
    coupon_id: UUID | None
    amount: Money


class MissedPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """What a cart does not get, and why; a code that nothing has is of no promotion.

    `missing` is what the goods lack to the threshold.
    """

    promotion_id: UUID | None
    name: Text
    kind: PromotionKind | None
    trigger: Trigger
    code: str | None
    coupon_id: UUID | None
    reason: WhyNot
    missing: Money | None


class CartPromotions(msgspec.Struct, frozen=True, kw_only=True):
    """The promotions of a cart, those it gets in the order in which they are applied."""

    applied: list[AppliedPromotion]
    not_applied: list[MissedPromotion]


# ---------------------------------------------------------------- a cart's


def cart_promotions(cart: Cart, found: Evaluation) -> CartPromotions:
    """What a cart gets and does not get. What nobody asked for and is for other goods is not told."""
    told = [
        each
        for each in found.refused
        if each.reason is not WhyNot.NOTHING_FITS or each.offer.promotion.trigger is not Trigger.AUTOMATIC
    ]
    offers = [each.offer for each in found.applied] + [each.offer for each in found.refused]
    known = {each.promotion.code for each in offers}
    return CartPromotions(
        applied=[_applied(each, cart.currency) for each in found.applied],
        not_applied=[
            *(_missed(each, cart.currency) for each in told),
            *(_unknown(code) for code in cart.codes if code not in known),
        ],
    )


def _applied(found: Discount, currency: str) -> AppliedPromotion:
    promotion = found.offer.promotion
    return AppliedPromotion(
        promotion_id=promotion.id,
        name=promotion.name,
        kind=promotion.kind,
        trigger=promotion.trigger,
        code=promotion.code,
        coupon_id=found.offer.coupon_id,
        amount=Money(found.total, currency),
    )


def _missed(found: NotApplied, currency: str) -> MissedPromotion:
    promotion = found.offer.promotion
    return MissedPromotion(
        promotion_id=promotion.id,
        name=promotion.name,
        kind=promotion.kind,
        trigger=promotion.trigger,
        code=promotion.code,
        coupon_id=found.offer.coupon_id,
        reason=found.reason,
        missing=Money(found.missing, currency) if found.missing else None,
    )


def _unknown(code: str) -> MissedPromotion:
    return MissedPromotion(
        promotion_id=None,
        name={},
        kind=None,
        trigger=Trigger.CODE,
        code=code,
        coupon_id=None,
        reason=WhyNot.UNKNOWN_CODE,
        missing=None,
    )


# ---------------------------------------------------------------- buyers'


async def coupon_centre(tx: ReadTx, *, actor: Buyer, now: datetime) -> CouponCentre:
    """What coupons can be claimed now, and what this person has of them."""
    promotions = await claimable_promotions(tx, now=now)
    left = await uses_left(tx, promotions=promotions, now=now)
    claimed: Mapping[UUID, int] = {}
    if actor.account_id is not None:
        ids = [each.id for each in promotions]
        claimed = await claimed_counts(tx, account_id=actor.account_id, promotion_ids=ids)
    names = await _names(tx, promotions)
    known = actor.account_id is not None
    return CouponCentre(
        items=[
            _claimable(
                each, names, left=left.get(each.id), claimed=claimed.get(each.id, 0), known=known, now=now
            )
            for each in promotions
        ]
    )


def _claimable(
    promotion: Promotion, names: "_Names", *, left: int | None, claimed: int, known: bool, now: datetime
) -> ClaimablePromotion:
    why_not = may_claim(promotion, left=left, claimed=claimed, known_buyer=known, now=now)
    return ClaimablePromotion(
        **msgspec.structs.asdict(_seen(promotion, names, why_not=why_not)),
        uses_total=promotion.uses_total,
        left=left,
        uses_per_person=promotion.uses_per_person,
        coupon_days=promotion.coupon_days,
        claimed=claimed,
        can_claim=why_not is None,
    )


async def coupon_list(
    tx: ReadTx, *, account_id: UUID, now: datetime, after: str | None = None, limit: int = 20
) -> CouponList:
    """An account's coupons, newest first: what they are for, until when, and whether they are used. Raises BadCursor."""
    page = await my_coupons(tx, account_id=account_id, after=after, limit=limit)
    promotions = await get_promotions(tx, promotion_ids=sorted({each.promotion_id for each in page.items}))
    unused = await unused_coupons(tx, coupons=page.items, now=now)
    names = await _names(tx, promotions.values())
    return CouponList(
        items=[
            _coupon(each, promotions[each.promotion_id], names, unused=each.id in unused, now=now)
            for each in page.items
        ],
        next_cursor=page.next_cursor,
    )


def _coupon(
    coupon: Coupon, promotion: Promotion, names: "_Names", *, unused: bool, now: datetime
) -> SeenCoupon:
    why_not = time_problem(promotion, now=now)
    over = why_not is WhyNot.OVER or (coupon.expires_at is not None and coupon.expires_at <= now)
    return SeenCoupon(
        id=coupon.id,
        state="used" if not unused else "expired" if over else "unused",
        promotion=_seen(promotion, names, why_not=why_not),
        claimed_at=coupon.claimed_at,
        expires_at=coupon.expires_at,
    )


# ---------------------------------------------------------------- sellers' and staff's


async def promotion_list(
    tx: ReadTx,
    *,
    actor: SellerMember | Staff,
    now: datetime,
    states: Sequence[PromotionState] = tuple(PromotionState),
    after: str | None = None,
    limit: int = 20,
) -> PromotionList:
    """Those of the sellers one works for, or the platform's, with their figures. Raises BadCursor."""
    page = await list_promotions(tx, actor=actor, states=states, after=after, limit=limit)
    return PromotionList(items=await _managed(tx, page.items, now=now), next_cursor=page.next_cursor)


async def promotion(
    tx: ReadTx, *, promotion_id: UUID, actor: SellerMember | Staff, now: datetime
) -> ManagedPromotion:
    """A promotion with its figures, for who keeps it. Raises UnknownPromotion."""
    [found] = await _managed(tx, [await get_promotion(tx, actor=actor, promotion_id=promotion_id)], now=now)
    return found


CLAIMED = Sql("""
SELECT c.promotion_id, count(*) AS claimed FROM coupons c WHERE c.promotion_id = ANY($1::uuid[]) GROUP BY c.promotion_id
""")
# A purchase is in one currency, so each is counted once.
GRANTED = Sql("""
SELECT a.cause_id, o.currency, count(DISTINCT a.purchase_id) AS uses, (-sum(a.amount))::bigint AS taken_off
  FROM order_adjustments a JOIN orders o ON o.id = a.order_id
 WHERE a.cause_id = ANY($1::uuid[]) AND o.state <> 'cancelled'
 GROUP BY a.cause_id, o.currency
 ORDER BY a.cause_id, o.currency
""")


async def _managed(tx: ReadTx, promotions: Sequence[Promotion], *, now: datetime) -> list[ManagedPromotion]:
    """Their figures, in a number of statements that does not grow with them."""
    ids = [each.id for each in promotions]
    left = await uses_left(tx, promotions=promotions, now=now)
    claimed = {row["promotion_id"]: row["claimed"] for row in await tx.rows(CLAIMED, ids)}
    uses = dict.fromkeys(ids, 0)
    taken_off: dict[UUID, list[Money]] = {promotion_id: [] for promotion_id in ids}
    for row in await tx.rows(GRANTED, ids):
        uses[row["cause_id"]] += row["uses"]
        taken_off[row["cause_id"]].append(Money(row["taken_off"], row["currency"]))
    names = await _names(tx, promotions)
    return [
        ManagedPromotion(
            **msgspec.structs.asdict(_seen(each, names, why_not=time_problem(each, now=now))),
            code=each.code,
            scope_ids=each.scope_ids,
            uses_total=each.uses_total,
            left=left.get(each.id),
            uses_per_person=each.uses_per_person,
            coupon_days=each.coupon_days,
            exclusive_group=each.exclusive_group,
            priority=each.priority,
            given_back=each.given_back,
            state=each.state,
            claimed=claimed.get(each.id, 0),
            uses=uses[each.id],
            taken_off=taken_off[each.id],
            created_at=each.created_at,
            version=each.version,
            actions=_actions(each),
        )
        for each in promotions
    ]


def _actions(promotion: Promotion) -> tuple[PromotionAction, ...]:
    moves = allowed_moves(promotion)
    may: dict[PromotionAction, bool] = {
        "change": may_change(promotion),
        "pause": PromotionState.PAUSED in moves,
        "resume": PromotionState.ACTIVE in moves,
        "end": PromotionState.ENDED in moves,
    }
    return tuple(action for action, allowed in may.items() if allowed)


# ---------------------------------------------------------------- what all of them show


class _Names(msgspec.Struct, frozen=True):
    """Whose promotions are and what they are for, by id."""

    sellers: dict[UUID, SeenSeller]
    items: dict[UUID, ScopeItem]


async def _names(tx: ReadTx, promotions: Iterable[Promotion]) -> _Names:
    """The names that some promotions need: a statement for each kind of thing, none for kinds they do not name."""
    wanted: dict[Scope, set[UUID]] = {scope: set() for scope in Scope}
    keepers = set()
    for each in promotions:
        wanted[each.scope].update(each.scope_ids[:SHOWN_SCOPE])
        if each.seller_id is not None:
            keepers.add(each.seller_id)
    items: list[ScopeItem] = []
    if wanted[Scope.CATEGORIES]:
        items += [ScopeItem(id=each.id, code=each.code, name=each.name) for each in await category_tree(tx)]
    if wanted[Scope.PRODUCTS]:
        found = await cards(tx, product_ids=wanted[Scope.PRODUCTS])
        items += [ScopeItem(id=each.id, code=each.slug, name=each.title) for each in found.values()]
    ids = keepers | wanted[Scope.SELLERS]
    sellers = await get_sellers(tx, seller_ids=ids) if ids else {}
    items += [ScopeItem(id=each.id, code=each.code, name=each.name) for each in sellers.values()]
    shown = {each.id: seen for each in sellers.values() if (seen := seller(each)) is not None}
    return _Names(shown, {each.id: each for each in items})


def _seen(promotion: Promotion, names: _Names, *, why_not: WhyNot | None) -> SeenPromotion:
    currency = promotion.currency or ""
    return SeenPromotion(
        id=promotion.id,
        name=promotion.name,
        kind=promotion.kind,
        percent_bp=promotion.percent_bp,
        amount=maybe_money(promotion.amount, currency),
        most=maybe_money(promotion.most, currency),
        threshold=maybe_money(promotion.threshold or None, currency),
        currency=promotion.currency,
        trigger=promotion.trigger,
        seller=None if promotion.seller_id is None else names.sellers.get(promotion.seller_id),
        scope=promotion.scope,
        scope_items=[names.items[each] for each in promotion.scope_ids[:SHOWN_SCOPE] if each in names.items],
        scope_count=len(promotion.scope_ids),
        starts_at=promotion.starts_at,
        ends_at=promotion.ends_at,
        why_not=why_not,
    )
