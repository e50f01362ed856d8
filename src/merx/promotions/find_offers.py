"""Which promotions the buyers of some carts may have, read for all of them at once."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx
from merx.inventory import free_of
from merx.promotions import store
from merx.promotions.model import Coupon, Offer, Promotion, Scope, Trigger
from merx.promotions.rules import person_limit


class Shopper(msgspec.Struct, frozen=True):
    """Who buys, and the codes they entered."""

    account_id: UUID | None
    codes: tuple[str, ...] = ()


class OfferBook(msgspec.Struct, frozen=True):
    """The promotions that were found, and what is known of their limits."""

    promotions: list[Promotion]
    coupons: dict[tuple[UUID, UUID], list[Coupon]]
    free: dict[UUID, int]
    covered: dict[UUID, set[UUID]]

    def offers_for(self, shopper: Shopper) -> list[Offer]:
        """What a shopper may have, by priority: of a promotion with coupons the one that expires first."""
        found = []
        for promotion in self.promotions:
            if promotion.trigger is Trigger.CODE and promotion.code not in shopper.codes:
                continue
            if promotion.trigger is Trigger.COUPON:
                coupon = self._coupon(promotion, shopper)
                if coupon is not None:
                    found.append(self._offer(promotion, shopper, coupon_id=coupon.id))
                continue
            found.append(self._offer(promotion, shopper))
        return found

    def _coupon(self, promotion: Promotion, shopper: Shopper) -> Coupon | None:
        if shopper.account_id is None:
            return None
        mine = self.coupons.get((promotion.id, shopper.account_id), ())
        return next((each for each in mine if self.free.get(each.id, 0) > 0), None)

    def _offer(self, promotion: Promotion, shopper: Shopper, coupon_id: UUID | None = None) -> Offer:
        left = for_person = None
        if coupon_id is None and promotion.uses_total is not None:
            left = self.free.get(promotion.id, 0)
        if coupon_id is None and promotion.uses_per_person is not None and shopper.account_id is not None:
            used_of = person_limit(promotion.id, shopper.account_id)
            for_person = self.free.get(used_of, promotion.uses_per_person)
        return Offer(
            promotion,
            coupon_id=coupon_id,
            left=left,
            left_for_person=for_person,
            products=self._products(promotion),
        )

    def _products(self, promotion: Promotion) -> frozenset[UUID] | None:
        if promotion.scope is Scope.PRODUCTS:
            return frozenset(promotion.scope_ids)
        if promotion.scope is Scope.CATEGORIES:
            return frozenset(self.covered.get(promotion.id, ()))
        return None


async def find_offers(
    tx: ReadTx,
    *,
    shoppers: Sequence[Shopper],
    currencies: Collection[str],
    seller_ids: Collection[UUID],
    product_ids: Collection[UUID],
    now: datetime,
) -> OfferBook:
    """What these shoppers may have on these goods: one statement when there is nothing, at most four.

    Limits are read as they are; who locks them decides.
    """
    accounts = sorted({each.account_id for each in shoppers if each.account_id is not None})
    promotions = await store.candidates(
        tx,
        currencies=sorted(set(currencies)),
        seller_ids=sorted(set(seller_ids)),
        codes=sorted({code for each in shoppers for code in each.codes}),
        account_ids=accounts,
        now=now,
    )
    coupons: dict[tuple[UUID, UUID], list[Coupon]] = defaultdict(list)
    by_coupon = [each.id for each in promotions if each.trigger is Trigger.COUPON]
    if by_coupon and accounts:
        for coupon in await store.coupons_of(tx, account_ids=accounts, promotion_ids=by_coupon, now=now):
            coupons[coupon.promotion_id, coupon.account_id].append(coupon)
    subjects = [each.id for mine in coupons.values() for each in mine]
    for promotion in promotions:
        if promotion.trigger is not Trigger.COUPON:
            if promotion.uses_total is not None:
                subjects.append(promotion.id)
            if promotion.uses_per_person is not None:
                subjects += [person_limit(promotion.id, account_id) for account_id in accounts]
    free = await free_of(tx, subject_ids=subjects, now=now)
    by_category = [each.id for each in promotions if each.scope is Scope.CATEGORIES]
    covered = (
        await store.covered_products(tx, by_category, product_ids=sorted(set(product_ids)))
        if by_category
        else {}
    )
    return OfferBook(promotions, coupons, free, covered)
