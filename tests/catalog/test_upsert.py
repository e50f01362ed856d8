from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from merx.catalog import (
    BadCategory,
    BadMedia,
    CatalogChanged,
    CategoryDraft,
    MediaDraft,
    MediaFile,
    Option,
    OptionValue,
    ProductChanged,
    ProductDraft,
    Refusal,
    UnknownProduct,
    UpsertReport,
    VariantDraft,
    category_tree,
    owners,
    product_by_slug,
    save_media,
    set_media,
    upsert_categories,
    upsert_products,
    variant_ids,
)
from merx.infra.db import Database, Sql
from merx.infra.outbox import history
from merx.kit.ids import new_id

PRICES = Sql("SELECT currency, version, amount FROM price_versions ORDER BY currency, version")
TABLES = ("products", "variants", "prices", "price_versions", "product_categories", "product_media", "events")
ROWS = Sql(
    " UNION ALL ".join(
        f"SELECT '{name}' AS name, xmin::text, ctid::text, t::text FROM {name} t" for name in TABLES
    )
)


def coat(seller_id: UUID, **changes: Any) -> ProductDraft:
    draft = ProductDraft(
        slug="coat",
        seller_id=seller_id,
        title={"en": "Coat", "zh-CN": "外套"},
        description={"en": "Warm."},
        options=[
            Option("size", {"en": "Size"}, [OptionValue("s", {"en": "S"}), OptionValue("m", {"en": "M"})])
        ],
        state="published",
        variants=[
            VariantDraft("COAT-S", {"CNY": 10_000, "USD": 1_500}, {"en": "S"}, {"size": "s"}, 0),
            VariantDraft("COAT-M", {"CNY": 11_000}, {"en": "M"}, {"size": "m"}, 1),
        ],
    )
    return msgspec.structs.replace(draft, **changes)


def plain(seller_id: UUID, slug: str, *skus: str) -> ProductDraft:
    options = [Option("kind", {"en": "Kind"}, [OptionValue(sku, {"en": sku}) for sku in skus])]
    variants = [VariantDraft(sku, {"CNY": 500}, {"en": sku}, {"kind": sku}) for sku in skus]
    return ProductDraft(
        slug=slug, seller_id=seller_id, title={"en": slug}, options=options, variants=variants
    )


async def upsert(db: Database, *drafts: ProductDraft, now: datetime) -> UpsertReport:
    async with db.transaction() as tx:
        return await upsert_products(tx, products=drafts, now=now)


async def rows(db: Database) -> list[tuple[Any, ...]]:
    async with db.read() as tx:
        return sorted(tuple(row) for row in await tx.rows(ROWS))


async def test_a_new_product_is_stored_whole(db: Database, seller_id: UUID, now: datetime) -> None:
    async with db.transaction() as tx:
        await upsert_categories(tx, categories=[CategoryDraft("clothes", {"en": "Clothes"})])
    report = await upsert(db, coat(seller_id, category_codes=["clothes"]), now=now)
    assert (report.created, report.updated, report.unchanged, report.refusals) == (1, 0, 0, [])
    assert (report.variants_created, report.variants_updated) == (2, 0)
    async with db.snapshot() as tx:
        product = await product_by_slug(tx, slug="coat")
        prices = [tuple(row) for row in await tx.rows(PRICES)]
        ids = await variant_ids(tx, skus=["COAT-S", "COAT-M", "NONE"], seller_ids=[seller_id])
        events = await history(tx, subject_id=product.id, of=[ProductChanged])
    assert (product.seller_id, product.state, product.published_at, product.version) == (
        seller_id,
        "published",
        now,
        1,
    )
    assert product.title == {"en": "Coat", "zh-CN": "外套"}
    assert [category.code for category in product.categories] == ["clothes"]
    assert [
        (variant.sku, variant.prices, variant.tax_rate_bp, variant.version) for variant in product.variants
    ] == [
        ("COAT-S", {"CNY": 10_000, "USD": 1_500}, 1300, 1),
        ("COAT-M", {"CNY": 11_000}, 1300, 1),
    ]
    assert prices == [("CNY", 1, 10_000), ("CNY", 1, 11_000), ("USD", 1, 1_500)]
    assert ids == report.variant_ids == {variant.sku: variant.id for variant in product.variants}
    assert [each.event for each in events] == [ProductChanged(product.id, "coat", 1)]


async def test_a_second_run_touches_no_row(db: Database, seller_id: UUID, now: datetime) -> None:
    media_id = await picture(db, b"1", now)
    drafts = [
        coat(seller_id, pictures=[(media_id, {"en": "A coat"})]),
        plain(seller_id, "mug", "MUG-A", "MUG-B"),
    ]
    first = await upsert(db, *drafts, now=now)
    before = await rows(db)
    again = await upsert(db, *drafts, now=now + timedelta(days=1))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert (again.variants_created, again.variants_updated) == (0, 0)
    assert again.variant_ids == first.variant_ids
    assert await rows(db) == before


async def test_a_changed_price_gets_the_next_version(db: Database, seller_id: UUID, now: datetime) -> None:
    await upsert(db, coat(seller_id), now=now)
    small, medium = coat(seller_id).variants
    dearer = msgspec.structs.replace(small, prices={"CNY": 12_000})
    report = await upsert(db, coat(seller_id, variants=[dearer, medium]), now=now + timedelta(days=1))
    assert (report.updated, report.unchanged, report.variants_updated) == (1, 0, 1)
    async with db.snapshot() as tx:
        product = await product_by_slug(tx, slug="coat")
        prices = [tuple(row) for row in await tx.rows(PRICES)]
        events = await history(tx, subject_id=product.id, of=[ProductChanged])
    assert product.version == 2
    assert [(variant.prices, variant.version) for variant in product.variants] == [
        ({"CNY": 12_000, "USD": 1_500}, 2),
        ({"CNY": 11_000}, 1),
    ]
    assert prices == [("CNY", 1, 10_000), ("CNY", 1, 11_000), ("CNY", 2, 12_000), ("USD", 1, 1_500)]
    assert [each.event.version for each in events] == [1, 2]


async def test_a_product_is_known_by_its_sku_when_its_slug_changes(
    db: Database, seller_id: UUID, now: datetime
) -> None:
    first = await upsert(db, coat(seller_id), now=now)
    second = await upsert(db, coat(seller_id, slug="winter-coat"), now=now)
    assert (second.created, second.updated, second.variant_ids) == (0, 1, first.variant_ids)
    async with db.snapshot() as tx:
        product = await product_by_slug(tx, slug="winter-coat")
        events = await history(tx, subject_id=product.id, of=[ProductChanged])
    assert events[-1].event == ProductChanged(product.id, "winter-coat", 2, "coat")


async def test_a_product_is_known_by_its_slug_when_its_skus_are_new(
    db: Database, seller_id: UUID, now: datetime
) -> None:
    await upsert(db, plain(seller_id, "mug", "MUG-A"), now=now)
    wider = plain(seller_id, "mug", "MUG-A", "MUG-B")
    report = await upsert(
        db, msgspec.structs.replace(wider, state="published", variants=wider.variants[1:]), now=now
    )
    assert (report.created, report.updated, report.variants_created) == (0, 1, 1)
    async with db.snapshot() as tx:
        product = await product_by_slug(tx, slug="mug")
    assert [variant.sku for variant in product.variants] == ["MUG-A", "MUG-B"]


async def test_a_draft_never_takes_a_product_off_sale(db: Database, seller_id: UUID, now: datetime) -> None:
    await upsert(db, coat(seller_id), now=now)
    report = await upsert(db, coat(seller_id, state="draft"), now=now)
    assert report.unchanged == 1


async def test_categories_and_pictures_are_replaced(db: Database, seller_id: UUID, now: datetime) -> None:
    one, two = await picture(db, b"1", now), await picture(db, b"2", now)
    async with db.transaction() as tx:
        await upsert_categories(
            tx, categories=[CategoryDraft(code, {"en": code}) for code in ("a", "b", "c")]
        )
    await upsert(db, coat(seller_id, category_codes=["a", "b"], pictures=[(one, {"en": "one"})]), now=now)
    pictures = [(two, {"en": "two"}), (one, {"en": "one"})]
    await upsert(db, coat(seller_id, category_codes=["b", "c"], pictures=pictures), now=now)
    await upsert(db, coat(seller_id, category_codes=["c", "b"], pictures=None), now=now)
    async with db.snapshot() as tx:
        product = await product_by_slug(tx, slug="coat")
    assert product.version == 2
    assert [category.code for category in product.categories] == ["b", "c"]
    assert [(each.id, each.alt) for each in product.pictures] == pictures
    assert product.pictures[0].files[0].path == "ab/cd.webp"


async def test_what_is_not_the_sellers_is_refused_and_the_rest_is_written(
    db: Database, seller_id: UUID, other_seller_id: UUID, now: datetime
) -> None:
    mugs, cups = plain(seller_id, "mug", "MUG-A"), plain(seller_id, "cup", "CUP-A")
    await upsert(db, coat(seller_id), mugs, cups, now=now)
    before = await rows(db)
    report = await upsert(
        db,
        plain(other_seller_id, "hat", "COAT-S"),
        plain(other_seller_id, "coat", "HAT-A"),
        plain(seller_id, "mix", "MUG-A", "CUP-A"),
        plain(seller_id, "Bad Slug", "X-1"),
        msgspec.structs.replace(plain(seller_id, "y", "Y-1"), category_codes=["nowhere"]),
        msgspec.structs.replace(plain(seller_id, "z", "Z-1"), pictures=[(UUID(int=5), {"en": "z"})]),
        plain(seller_id, "again", "Z-1"),
        now=now,
    )
    assert (report.created, report.updated, report.unchanged, report.variant_ids) == (0, 0, 0, {})
    assert report.refusals == [
        Refusal(0, "hat", "sku_taken", "COAT-S"),
        Refusal(1, "coat", "slug_taken", "coat"),
        Refusal(2, "mix", "skus_of_several_products", "CUP-A"),
        Refusal(3, "Bad Slug", "bad_slug", "Bad Slug"),
        Refusal(4, "y", "unknown_category", "nowhere"),
        Refusal(5, "z", "unknown_picture", str(UUID(int=5))),
        Refusal(6, "again", "duplicate_in_batch", "Z-1"),
    ]
    clash = msgspec.structs.replace(coat(seller_id).variants[0], sku="NEW", options={"size": "m"})
    report = await upsert(
        db, msgspec.structs.replace(mugs, slug="cup"), coat(seller_id, slug="coat", variants=[clash]), now=now
    )
    assert report.refusals == [
        Refusal(0, "cup", "slug_taken", "cup"),
        Refusal(1, "coat", "options_taken", "NEW: COAT-M has the same options"),
    ]
    assert await rows(db) == before
    good = await upsert(
        db, plain(other_seller_id, "hat", "COAT-S"), plain(seller_id, "jar", "JAR-A"), now=now
    )
    assert (good.created, [refusal.slug for refusal in good.refusals]) == (1, ["hat"])


async def test_two_drafts_of_one_stored_product_are_refused(
    db: Database, seller_id: UUID, now: datetime
) -> None:
    await upsert(db, plain(seller_id, "mug", "MUG-A", "MUG-B"), now=now)
    parts = plain(seller_id, "mug", "MUG-A"), plain(seller_id, "cup", "MUG-B")
    report = await upsert(db, *parts, now=now)
    assert [(refusal.index, refusal.reason) for refusal in report.refusals] == [(1, "duplicate_in_batch")]


async def test_a_sku_taken_by_a_concurrent_writer_is_a_conflict(
    db: Database, seller_id: UUID, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def overtaken(
        tx: Any, *, skus: Any, slugs: Any
    ) -> Any:  # only places the other writer after the look
        found = await owners(tx, skus=skus, slugs=slugs)
        monkeypatch.setattr("merx.catalog.upsert.owners", owners)
        await upsert(db, plain(seller_id, "mug", "MUG-A"), now=now)
        return found

    monkeypatch.setattr("merx.catalog.upsert.owners", overtaken)
    with pytest.raises(CatalogChanged):
        await upsert(db, plain(seller_id, "cup", "MUG-A"), now=now)
    async with db.read() as tx:
        assert await tx.value(Sql("SELECT array_agg(slug) FROM products")) == ["mug"]


async def test_the_number_of_statements_does_not_grow_with_the_batch(
    db: Database, seller_id: UUID, now: datetime
) -> None:
    counts = []
    for size in (2, 60):
        before = db.statements
        report = await upsert(
            db, *(plain(seller_id, f"s{size}-{n}", f"S{size}-{n}") for n in range(size)), now=now
        )
        assert report.created == size
        counts.append(db.statements - before)
    assert counts[0] == counts[1] <= 8


async def test_an_empty_batch_does_nothing(db: Database, now: datetime) -> None:
    assert await upsert(db, now=now) == UpsertReport(0, 0, 0, 0, 0, [], {})


async def test_the_application_cannot_rewrite_price_history(
    db: Database, seller_id: UUID, now: datetime
) -> None:
    await upsert(db, coat(seller_id), now=now)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.transaction() as tx:
            await tx.run(Sql("UPDATE price_versions SET amount = 1"))


async def test_categories_are_created_moved_and_left_alone(db: Database) -> None:
    drafts = [
        CategoryDraft("boots", {"en": "Boots"}, parent_code="shoes"),
        CategoryDraft("shoes", {"en": "Shoes", "zh-CN": "鞋"}),
    ]
    async with db.transaction() as tx:
        first = await upsert_categories(tx, categories=drafts)
    assert first["boots"].parent_id == first["shoes"].id
    async with db.transaction() as tx:
        assert await upsert_categories(tx, categories=drafts) == first
        moved = await upsert_categories(tx, categories=[CategoryDraft("boots", {"en": "Boots"}, position=3)])
    assert (moved["boots"].id, moved["boots"].parent_id) == (first["boots"].id, None)
    async with db.read() as tx:
        assert await category_tree(tx) == [first["shoes"], moved["boots"]]


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (CategoryDraft("boots", {"en": "Boots"}, parent_code="nowhere"), "unknown_parent"),
        (CategoryDraft("shoes", {"en": "Shoes"}, parent_code="boots"), "circle"),
        (CategoryDraft("BOOTS", {"en": "Boots"}), "bad_code"),
    ],
)
async def test_a_category_that_makes_no_tree_is_refused(
    db: Database, draft: CategoryDraft, reason: str
) -> None:
    async with db.transaction() as tx:
        shoes = CategoryDraft("shoes", {"en": "Shoes"})
        await upsert_categories(
            tx, categories=[shoes, CategoryDraft("boots", {"en": "Boots"}, parent_code="shoes")]
        )
        before = await category_tree(tx)
    with pytest.raises(BadCategory) as refused:
        async with db.transaction() as tx:
            await upsert_categories(tx, categories=[draft])
    assert refused.value.params["reason"] == reason
    async with db.read() as tx:
        assert await category_tree(tx) == before


async def picture(db: Database, original: bytes, now: datetime) -> UUID:
    draft = MediaDraft(
        sha256=original.rjust(32, b"0"), width=640, height=480, colour="#aabbcc", credit="Somebody",
        files=[MediaFile("webp", 320, 240, "ab/cd.webp", 999)],
    )  # fmt: skip
    async with db.transaction() as tx:
        saved = await save_media(tx, pictures=[draft, draft], now=now)
        assert await save_media(tx, pictures=[draft], now=now) == saved
    return saved[draft.sha256]


async def test_pictures_are_set_once(db: Database, seller_id: UUID, now: datetime) -> None:
    media_id = await picture(db, b"1", now)
    await upsert(db, coat(seller_id), now=now)
    async with db.transaction() as tx:
        product = await product_by_slug(tx, slug="coat")
        wanted = {product.id: [(media_id, {"en": "A coat"})]}
        assert await set_media(tx, media=wanted, now=now) == 1
        assert await set_media(tx, media=wanted, now=now) == 0
        changed = await product_by_slug(tx, slug="coat")
    assert (changed.version, changed.pictures[0].alt, changed.pictures[0].credit) == (
        2,
        {"en": "A coat"},
        "Somebody",
    )


async def test_an_unknown_picture_is_refused(db: Database, seller_id: UUID, now: datetime) -> None:
    await upsert(db, coat(seller_id), now=now)
    before = await rows(db)
    async with db.snapshot() as tx:
        product = await product_by_slug(tx, slug="coat")
    with pytest.raises(BadMedia):
        async with db.transaction() as tx:
            await set_media(tx, media={product.id: [(new_id(), {})]}, now=now)
    with pytest.raises(UnknownProduct):
        async with db.transaction() as tx:
            await set_media(tx, media={new_id(): []}, now=now)
    assert await rows(db) == before
