import asyncio
import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from tests.world.bought import Bought, buy, receive_order, ship_order
from tests.world.people import a_person
from tests.world.shop import Shop, a_shop

from merx.catalog import MediaDraft, MediaFile, save_media
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, Sql
from merx.infra.outbox import history
from merx.kit.i18n import UnknownLocale
from merx.kit.ids import new_id
from merx.kit.paging import BadCursor
from merx.reviews import (
    AlreadyReviewed,
    BadScore,
    NotBought,
    NotReceived,
    ProductReviewed,
    Rating,
    UnknownPicture,
    my_reviews,
    product_rating,
    product_reviews,
    review_product,
    review_seller,
    seller_rating,
)

COUNTS = Sql("""
SELECT (SELECT count(*) FROM product_reviews), (SELECT count(*) FROM seller_reviews),
       (SELECT count(*) FROM events WHERE kind IN ('ProductReviewed', 'SellerReviewed'))
""")


async def counts(db: Database) -> tuple[int, ...]:
    async with db.read() as read:
        return tuple(await read.row(COUNTS) or ())


async def review(
    db: Database,
    account_id: UUID,
    line_id: UUID,
    *,
    now: datetime,
    score: int = 5,
    body: str = "很好",
    media_ids: tuple[UUID, ...] = (),
    locale: str = "zh-CN",
) -> None:
    async with db.transaction() as tx:
        await review_product(
            tx,
            account_id=account_id,
            order_line_id=line_id,
            score=score,
            body=body,
            media_ids=media_ids,
            locale=locale,
            now=now,
        )


async def rate_seller(
    db: Database, account_id: UUID, order_id: UUID, *, now: datetime, score: int = 4
) -> None:
    async with db.transaction() as tx:
        await review_seller(
            tx, account_id=account_id, order_id=order_id, score=score, body="", locale="en", now=now
        )


async def received_tea(
    db: Database, keys: MasterKeys, now: datetime, *, name: str = "张三"
) -> tuple[Shop, Bought, UUID]:
    shop = await a_shop(db, now=now)
    buyer = await a_person(db, keys, email="buyer@example.com", name=name, now=now)
    bought = await buy(db, keys, shop, {"TEA": 1, "POT": 1}, account_id=buyer.id, now=now)
    await ship_order(db, bought, "tea-house", now=now)
    await receive_order(db, bought, "tea-house", now=now)
    return shop, bought, buyer.id


async def a_picture(db: Database, now: datetime, digest: bytes) -> UUID:
    file = MediaFile(format="webp", width=320, height=240, path="aa/bb/cc.webp", bytes=100)
    draft = MediaDraft(sha256=digest, width=640, height=480, colour="#aabbcc", files=[file])
    async with db.transaction() as tx:
        return (await save_media(tx, pictures=[draft], now=now))[digest]


async def test_a_received_line_is_reviewed_with_pictures_under_a_masked_name(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    shop, bought, buyer = await received_tea(db, keys, now)
    second, first = await a_picture(db, now, b"2" * 32), await a_picture(db, now, b"1" * 32)
    line_id = bought.line("TEA")
    await review(db, buyer, line_id, now=now, score=4, body=" 香\r\n<i>好</i> ", media_ids=(first, second))
    product_id = shop.products["TEA"]
    async with db.snapshot() as tx:
        page = await product_reviews(tx, keys, product_id=product_id)
        ratings = await product_rating(tx, product_ids=[product_id, shop.products["POT"]])
        told = [each.event for each in await history(tx, subject_id=product_id, of=[ProductReviewed])]
    assert page.next_cursor is None
    (shown,) = page.items
    assert (shown.order_line_id, shown.score, shown.body, shown.author_name, shown.locale, shown.created_at) == (
        line_id, 4, "香\n<i>好</i>", "张*", "zh-CN", now,
    )  # fmt: skip
    assert [picture.id for picture in shown.media] == [first, second]
    assert (shown.media[0].colour, shown.media[0].files[0].path) == ("#aabbcc", "aa/bb/cc.webp")
    assert ratings == {product_id: Rating(1, 40), shop.products["POT"]: Rating(0, 0)}
    assert told == [
        ProductReviewed(
            product_id, line_id, bought.orders["tea-house"].order.id, bought.purchase_id, shop.sellers["tea-house"], 4,
            actor_id=buyer,
        )
    ]  # fmt: skip


async def test_a_seller_is_reviewed_once_its_order_is_received(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    shop, bought, buyer = await received_tea(db, keys, now)
    tea, pottery = (bought.orders[code].order for code in ("tea-house", "pottery"))
    await rate_seller(db, buyer, tea.id, now=now)
    with pytest.raises(NotReceived):
        await rate_seller(db, buyer, pottery.id, now=now)
    with pytest.raises(AlreadyReviewed):
        await rate_seller(db, buyer, tea.id, now=now, score=1)
    async with db.read() as read:
        assert await seller_rating(read, seller_ids=list(shop.sellers.values())) == {
            shop.sellers["tea-house"]: Rating(1, 40),
            shop.sellers["pottery"]: Rating(0, 0),
        }
    assert await counts(db) == (0, 1, 1)


async def test_what_is_only_paid_or_shipped_cannot_be_reviewed(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    _, bought, buyer = await received_tea(db, keys, now)
    with pytest.raises(NotReceived):
        await review(db, buyer, bought.line("POT"), now=now)
    await ship_order(db, bought, "pottery", now=now)
    with pytest.raises(NotReceived):
        await review(db, buyer, bought.line("POT"), now=now)
    assert await counts(db) == (0, 0, 0)
    await receive_order(db, bought, "pottery", now=now)
    await review(db, buyer, bought.line("POT"), now=now)
    assert await counts(db) == (1, 0, 1)


async def test_only_the_buyer_reviews_and_for_others_the_line_does_not_exist(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    _, bought, buyer = await received_tea(db, keys, now)
    other = await a_person(db, keys, email="other@example.com", name="李四", now=now)
    for account_id, line_id in ((other.id, bought.line("TEA")), (buyer, new_id())):
        with pytest.raises(NotBought):
            await review(db, account_id, line_id, now=now)
    with pytest.raises(NotBought):
        await rate_seller(db, other.id, bought.orders["tea-house"].order.id, now=now)
    assert await counts(db) == (0, 0, 0)


async def test_nobody_reviews_what_a_guest_bought(db: Database, keys: MasterKeys, now: datetime) -> None:
    shop = await a_shop(db, now=now)
    bought = await buy(db, keys, shop, {"CUP": 1}, account_id=None, now=now)
    await ship_order(db, bought, "tea-house", now=now)
    await receive_order(db, bought, "tea-house", now=now)
    someone = await a_person(db, keys, email="someone@example.com", name="Someone", now=now)
    with pytest.raises(NotBought):
        await review(db, someone.id, bought.line("CUP"), now=now)
    assert await counts(db) == (0, 0, 0)


async def test_a_line_is_reviewed_once_even_by_two_requests_at_once(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    _, bought, buyer = await received_tea(db, keys, now)
    outcomes = await asyncio.gather(
        *(review(db, buyer, bought.line("TEA"), now=now, score=score) for score in (1, 5)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyReviewed", "NoneType"]
    assert await counts(db) == (1, 0, 1)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"score": 0}, BadScore),
        ({"score": 6}, BadScore),
        ({"locale": "fr"}, UnknownLocale),
        ({"media_ids": (UUID(int=7),)}, UnknownPicture),
    ],
)
async def test_a_wrong_review_is_refused_and_leaves_nothing(
    db: Database, keys: MasterKeys, now: datetime, changes: dict[str, object], refusal: type[Exception]
) -> None:
    _, bought, buyer = await received_tea(db, keys, now)
    with pytest.raises(refusal):
        await review(db, buyer, bought.line("TEA"), now=now, **changes)  # type: ignore[arg-type]
    assert await counts(db) == (0, 0, 0)


async def test_reviews_are_read_on_from_where_the_page_ended_newest_first(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    shop = await a_shop(db, now=now, stock={"CUP": 5})
    for index in range(5):
        buyer = await a_person(db, keys, email=f"b{index}@example.com", name=f"{index} x", now=now)
        bought = await buy(db, keys, shop, {"CUP": 1}, account_id=buyer.id, now=now, key=f"key-{index}")
        await ship_order(db, bought, "tea-house", now=now)
        await receive_order(db, bought, "tea-house", now=now)
        at = now + timedelta(seconds=index // 2)  # some at the same moment
        await review(db, buyer.id, bought.line("CUP"), now=at, score=index + 1, body=str(index))
    seen: list[str] = []
    after: str | None = None
    sizes = []
    while True:
        async with db.snapshot() as tx:
            before = db.statements
            page = await product_reviews(tx, keys, product_id=shop.products["CUP"], after=after, limit=2)
            assert db.statements - before == 2
        seen += [each.body for each in page.items]
        sizes.append(len(page.items))
        after = page.next_cursor
        if after is None:
            break
        assert re.fullmatch(r"[A-Za-z0-9_-]+", after)
    assert sizes == [2, 2, 1]
    assert seen == ["4", "3", "2", "1", "0"]
    async with db.read() as read:
        assert await product_rating(read, product_ids=[shop.products["CUP"]]) == {
            shop.products["CUP"]: Rating(5, 30)
        }
        with pytest.raises(BadCursor):
            await product_reviews(read, keys, product_id=shop.products["CUP"], after="nonsense")


async def test_an_erased_author_is_a_star(db: Database, keys: MasterKeys, now: datetime) -> None:
    shop, bought, buyer = await received_tea(db, keys, now)
    await review(db, buyer, bought.line("TEA"), now=now)
    async with db.transaction() as tx:
        await tx.run(Sql("DELETE FROM data_keys WHERE person_id = $1"), buyer)
    async with db.read() as read:
        page = await product_reviews(read, keys, product_id=shop.products["TEA"])
    assert [each.author_name for each in page.items] == ["*"]


async def test_a_buyer_sees_what_is_reviewed_already(db: Database, keys: MasterKeys, now: datetime) -> None:
    _, bought, buyer = await received_tea(db, keys, now)
    tea, pottery = (bought.orders[code].order for code in ("tea-house", "pottery"))
    await review(db, buyer, bought.line("TEA"), now=now, score=3)
    await rate_seller(db, buyer, tea.id, now=now, score=2)
    async with db.read() as read:
        mine = await my_reviews(read, order_ids=[tea.id, pottery.id])
        none = await my_reviews(read, order_ids=[])
    assert (mine.lines, mine.orders) == ({bought.line("TEA"): 3}, {tea.id: 2})
    assert (none.lines, none.orders) == ({}, {})
