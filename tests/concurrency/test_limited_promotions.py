"""A hundred people at once want the last coupons and the last uses: never one too many."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from tests.world.offers import FIVE_YUAN, an_offer
from tests.world.shop import a_ready_cart, a_shop

from merx.checkout import Placed, place_orders
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.actors import Buyer
from merx.kit.ids import new_id
from merx.promotions import CouponClaimed, CouponsGone, Trigger, claim_coupon

DEADLINE = timedelta(minutes=30)


async def test_a_hundred_claims_of_twenty_coupons(db: Database, now: datetime, owner: Any) -> None:
    shop = await a_shop(db, now=now)
    offer = await an_offer(
        db, shop, now=now, trigger=Trigger.COUPON, uses_total=20, uses_per_person=1, **FIVE_YUAN
    )
    people = [Buyer(new_id()) for _ in range(50)]

    async def claim(actor: Buyer) -> str:
        try:
            await db.write(lambda tx: claim_coupon(tx, actor=actor, promotion_id=offer.id, now=now))
        except (CouponsGone, CouponClaimed) as error:
            return error.code
        return "claimed"

    outcomes = await asyncio.gather(*(claim(actor) for actor in [*people, *people]))
    assert outcomes.count("claimed") == 20
    assert await owner.fetchval("SELECT count(*) FROM coupons") == 20
    assert (
        await owner.fetchval("SELECT max(n) FROM (SELECT count(*) AS n FROM coupons GROUP BY account_id) x")
        == 1
    )
    counters = await owner.fetchrow(
        "SELECT received, held, sold FROM allotments WHERE subject_id = $1", offer.id
    )
    assert tuple(counters) == (20, 0, 20)


async def test_a_hundred_checkouts_of_seven_uses(
    db: Database, keys: MasterKeys, now: datetime, owner: Any
) -> None:
    shop = await a_shop(db, now=now, stock={"TEA": 200, "CUP": 1, "POT": 1})
    offer = await an_offer(db, shop, now=now, uses_total=7, **FIVE_YUAN)
    carts = [
        await a_ready_cart(
            db, keys, shop, {"TEA": 1}, now=now, key=str(index), expected_total=4990 + 800 - 500
        )
        for index in range(100)
    ]
    batches = [carts[start::10] for start in range(10)]

    async def place(batch: Any) -> list[Any]:
        return await place_orders(db, [cart.command for cart in batch], now=now, deadline=DEADLINE)

    outcomes = [each for batch in await asyncio.gather(*map(place, batches)) for each in batch]
    placed = [each for each in outcomes if isinstance(each, Placed)]
    codes = {each.code for each in outcomes if not isinstance(each, Placed)}
    assert len(placed) == 7
    assert codes <= {"promotion_used_up", "price_changed"}
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 7
    assert await owner.fetchval("SELECT count(*) FROM order_adjustments") == 7
    counters = await owner.fetchrow(
        "SELECT received, held, sold FROM allotments WHERE subject_id = $1", offer.id
    )
    assert tuple(counters) == (7, 7, 0)
