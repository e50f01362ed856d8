"""A full refund gives the uses of a purchase back, of promotions whose policy says so."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.inventory import give_back_limits
from merx.promotions import store
from merx.promotions.model import Trigger
from merx.promotions.rules import person_limit


async def give_uses_back(
    tx: Tx, *, purchase_id: UUID, promotion_ids: Collection[UUID], account_id: UUID | None, now: datetime
) -> None:
    """All money of a purchase that had these promotions went back: what it used can be used again.

    A second call changes nothing. The purchase is locked.
    """
    promotions = [each for each in (await store.get(tx, sorted(promotion_ids))).values() if each.given_back]
    subjects = [each.id for each in promotions if each.trigger is not Trigger.COUPON]
    if account_id is not None:
        subjects += [person_limit(promotion_id, account_id) for promotion_id in list(subjects)]
        by_coupon = [each.id for each in promotions if each.trigger is Trigger.COUPON]
        subjects += await store.coupon_ids(tx, account_id=account_id, promotion_ids=by_coupon)
    await give_back_limits(tx, purchase_id=purchase_id, subject_ids=subjects, now=now)
