from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest

from merx.catalog import (
    CategoryDraft,
    Option,
    OptionValue,
    ProductDraft,
    UnknownCategory,
    UnknownProduct,
    VariantDraft,
    cards,
    category_by_code,
    list_products,
    product_by_id,
    product_by_slug,
    queries,
    upsert_categories,
    upsert_products,
)
from merx.infra.db import Database, Sql
from merx.kit.paging import BadCursor, encode_cursor

TREE = [
    CategoryDraft("all", {"en": "All"}),
    CategoryDraft("shoes", {"en": "Shoes"}, parent_code="all"),
    CategoryDraft("boots", {"en": "Boots"}, parent_code="shoes"),
    CategoryDraft("hats", {"en": "Hats"}, parent_code="all"),
]
PRICES = {"a": [500], "b": [300, 900], "c": [500, 400], "d": [100], "e": [], "f": [500], "g": [700]}
PLACES = {
    "a": ["boots"],
    "b": ["shoes", "boots"],
    "c": ["hats"],
    "d": ["hats"],
    "e": ["boots"],
    "f": ["shoes"],
    "g": [],
}


def product(seller_id: UUID, slug: str) -> ProductDraft:
    amounts: list[int | None] = [*PRICES[slug]] or [None]
    values = [OptionValue(str(n), {"en": str(n)}) for n in range(len(amounts))]
    return ProductDraft(
        slug=slug,
        seller_id=seller_id,
        title={"en": slug},
        options=[Option("kind", {"en": "Kind"}, values)],
        category_codes=PLACES[slug],
        state="draft" if slug == "d" else "published",
        variants=[
            VariantDraft(
                f"{slug}-{n}", {"USD": 1} if amount is None else {"CNY": amount}, {}, {"kind": str(n)}
            )
            for n, amount in enumerate(amounts)
        ],
    )


@pytest.fixture
async def shop(db: Database, seller_id: UUID, now: datetime) -> dict[str, UUID]:
    """Products a…g, published an hour apart in two batches, "d" not at all."""
    async with db.transaction() as tx:
        await upsert_categories(tx, categories=TREE)
        await upsert_products(tx, products=[product(seller_id, slug) for slug in "abc"], now=now)
        later = now + timedelta(hours=1)
        await upsert_products(tx, products=[product(seller_id, slug) for slug in "defg"], now=later)
        return {row["slug"]: row["id"] for row in await tx.rows(Sql("SELECT slug, id FROM products"))}


async def walk(
    db: Database, category: str | None, sort: Literal["newest", "price", "-price"], limit: int = 2
) -> list[str]:
    slugs: list[str] = []
    after: str | None = None
    while True:
        async with db.snapshot() as tx:
            page = await list_products(
                tx, category=category, sort=sort, currency="CNY", after=after, limit=limit
            )
        assert len(page.items) <= limit
        slugs += [card.slug for card in page.items]
        after = page.next_cursor
        if after is None:
            return slugs


@pytest.mark.parametrize("wide", [queries.WIDE, 0], ids=["small", "wide"])
@pytest.mark.parametrize(
    ("category", "sort", "slugs"),
    [
        (None, "newest", ["g", "f", "e", "c", "b", "a"]),
        (None, "price", ["b", "c", "a", "f", "g"]),
        (None, "-price", ["g", "f", "a", "c", "b"]),
        ("all", "newest", ["f", "e", "c", "b", "a"]),
        ("shoes", "newest", ["f", "e", "b", "a"]),
        ("shoes", "price", ["b", "a", "f"]),
        ("shoes", "-price", ["f", "a", "b"]),
        ("boots", "newest", ["e", "b", "a"]),
        ("hats", "price", ["c"]),
        ("nowhere", "newest", []),
        ("nowhere", "price", []),
    ],
)
@pytest.mark.usefixtures("shop")
async def test_a_list_read_page_by_page_has_every_product_once_in_order(
    db: Database, monkeypatch: pytest.MonkeyPatch, *, category: str | None,
    sort: Literal["newest", "price", "-price"], slugs: list[str], wide: int) -> None:  # fmt: skip
    monkeypatch.setattr(queries, "WIDE", wide)
    assert await walk(db, category, sort) == slugs
    assert await walk(db, category, sort, limit=1) == slugs


@pytest.mark.usefixtures("shop")
async def test_a_product_published_between_two_pages_shifts_nothing(
    db: Database, seller_id: UUID, now: datetime
) -> None:
    async with db.snapshot() as tx:
        first = await list_products(tx, currency="CNY", limit=3)
    async with db.transaction() as tx:
        new = ProductDraft(
            "new", seller_id, {"en": "New"}, [VariantDraft("new", {"CNY": 1})], state="published"
        )
        await upsert_products(tx, products=[new], now=now + timedelta(days=1))
    async with db.snapshot() as tx:
        second = await list_products(tx, currency="CNY", after=first.next_cursor, limit=3)
    assert [card.slug for card in first.items + second.items] == ["g", "f", "e", "c", "b", "a"]


@pytest.mark.usefixtures("shop")
async def test_a_page_takes_two_statements_and_three_in_a_category(db: Database) -> None:
    async with db.snapshot() as tx:
        before = db.statements
        await list_products(tx, sort="price", currency="CNY")
        middle = db.statements
        await list_products(tx, category="shoes", currency="CNY")
        assert (middle - before, db.statements - middle) == (2, 3)


async def test_a_card_has_the_lowest_price_of_each_currency(
    db: Database, shop: dict[str, UUID], seller_id: UUID, now: datetime
) -> None:
    async with db.snapshot() as tx:
        found = await cards(tx, product_ids=shop.values())
    assert found.keys() == {shop[slug] for slug in "abcefg"}
    assert [found[shop[slug]].price_from for slug in "bce"] == [{"CNY": 300}, {"CNY": 400}, {"USD": 1}]
    card = found[shop["b"]]
    assert (card.slug, card.title, card.seller_id, card.picture) == ("b", {"en": "b"}, seller_id, None)
    assert card.published_at == now


async def test_a_retired_variant_sets_no_price(db: Database, shop: dict[str, UUID]) -> None:
    async with db.transaction() as tx:
        await tx.run(Sql("UPDATE variants SET state = 'retired' WHERE sku = 'b-0'"))
        assert (await cards(tx, product_ids=[shop["b"]]))[shop["b"]].price_from == {"CNY": 900}
    assert await walk(db, None, "price") == ["c", "a", "f", "g", "b"]
    assert await walk(db, "shoes", "price") == ["a", "f", "b"]


@pytest.mark.parametrize(
    "cursor",
    [
        "???",
        encode_cursor("newest", "2026-01-01T00:00:00", str(UUID(int=1))),
        encode_cursor("price", "CNY", 5, str(UUID(int=1))),
        encode_cursor("price", "USD", 5, str(UUID(int=1))),
        encode_cursor("-price", "CNY", 2**70, str(UUID(int=1))),
        encode_cursor("-price", "CNY", "5", "x"),
    ],
)
async def test_a_cursor_of_another_list_is_refused(db: Database, cursor: str) -> None:
    async with db.snapshot() as tx:
        with pytest.raises(BadCursor):
            await list_products(tx, sort="newest", currency="CNY", after=cursor)
        with pytest.raises(BadCursor):
            await list_products(tx, sort="-price", currency="CNY", after=cursor)


async def test_a_product_not_on_sale_has_no_page_but_can_be_managed(
    db: Database, shop: dict[str, UUID]
) -> None:
    async with db.snapshot() as tx:
        assert (await product_by_slug(tx, slug="a")).id == shop["a"]
        assert (await product_by_id(tx, product_id=shop["d"])).state == "draft"
        with pytest.raises(UnknownProduct):
            await product_by_slug(tx, slug="d")
        with pytest.raises(UnknownProduct):
            await product_by_id(tx, product_id=UUID(int=1))


@pytest.mark.usefixtures("shop")
async def test_a_category_is_found_by_its_code(db: Database) -> None:
    async with db.snapshot() as tx:
        boots = await category_by_code(tx, code="boots")
        shoes = await category_by_code(tx, code="shoes")
        assert (boots.parent_id, boots.name) == (shoes.id, {"en": "Boots"})
        with pytest.raises(UnknownCategory):
            await category_by_code(tx, code="nowhere")
