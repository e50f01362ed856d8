import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from merx.catalog import (
    BadProduct,
    IllegalMove,
    NotPublishable,
    Product,
    ProductChanged,
    ProductChanges,
    ProductDraft,
    StaleVersion,
    UnknownProduct,
    Variant,
    VariantDraft,
    edit_product,
    product_by_id,
    set_prices,
    upsert_products,
)
from merx.infra.db import Database, Sql
from merx.infra.outbox import history
from merx.kit.errors import DomainError
from merx.kit.ids import new_id

VERSIONS = Sql("SELECT currency, version, amount FROM price_versions ORDER BY currency, version")


@pytest.fixture
async def mug(db: Database, seller_id: UUID, now: datetime) -> Product:
    """A draft product with one variant at CNY 5.00."""
    draft = ProductDraft("mug", seller_id, {"en": "Mug"}, [VariantDraft("MUG", {"CNY": 500})])
    async with db.transaction() as tx:
        await upsert_products(tx, products=[draft], now=now)
        return await product_by_id(tx, product_id=await tx.value(Sql("SELECT id FROM products")))


async def stored(db: Database, product: Product) -> Product:
    async with db.read() as tx:
        return await product_by_id(tx, product_id=product.id)


async def edit(db: Database, product: Product, now: datetime, **changes: Any) -> Product:
    async with db.transaction() as tx:
        return await edit_product(
            tx, product_id=product.id, seller_ids={product.seller_id}, expected_version=product.version,
            changes=ProductChanges(**changes), now=now,
        )  # fmt: skip


async def price(db: Database, product: Product, prices: dict[str, int | None], now: datetime) -> Variant:
    variant = (await stored(db, product)).variants[0]
    async with db.transaction() as tx:
        return await set_prices(
            tx, variant_id=variant.id, seller_ids={product.seller_id}, expected_version=variant.version, prices=prices,
            now=now,
        )  # fmt: skip


async def test_an_edit_changes_what_it_names_and_publishes_it(
    db: Database, mug: Product, now: datetime
) -> None:
    actor_id = new_id()
    async with db.transaction() as tx:
        edited = await edit_product(
            tx, product_id=mug.id, seller_ids={mug.seller_id}, expected_version=1,
            changes=ProductChanges(title={"en": "Cup", "zh-CN": "杯子"}, state="published"), now=now, actor_id=actor_id,
        )  # fmt: skip
        last = (await history(tx, subject_id=mug.id, of=[ProductChanged]))[-1]
    assert edited == await stored(db, mug)
    assert (edited.title, edited.description, edited.state) == (
        {"en": "Cup", "zh-CN": "杯子"},
        {},
        "published",
    )
    assert (edited.version, edited.published_at) == (2, now)
    assert last.event == ProductChanged(mug.id, "mug", 2, actor_id=actor_id)


async def test_an_edit_that_changes_nothing_leaves_the_version(
    db: Database, mug: Product, now: datetime
) -> None:
    assert await edit(db, mug, now, title={"en": "Mug"}, state="draft") == mug
    assert await stored(db, mug) == mug


async def test_the_first_day_on_sale_survives_archiving(db: Database, mug: Product, now: datetime) -> None:
    published = await edit(db, mug, now, state="published")
    archived = await edit(db, published, now + timedelta(days=1), state="archived")
    again = await edit(db, archived, now + timedelta(days=2), state="published")
    assert (archived.state, again.state, again.published_at, again.version) == (
        "archived",
        "published",
        now,
        4,
    )


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"changes": ProductChanges(title={"en": ""})}, BadProduct),
        ({"changes": ProductChanges(description={"en": "\x00"})}, BadProduct),
        ({"expected_version": 2}, StaleVersion),
        ({"expected_version": 0}, StaleVersion),
        ({"seller_ids": {UUID(int=1)}}, UnknownProduct),
        ({"seller_ids": set()}, UnknownProduct),
        ({"product_id": UUID(int=1)}, UnknownProduct),
    ],
)
async def test_a_refused_edit_changes_nothing(
    db: Database, mug: Product, now: datetime, change: dict[str, Any], refusal: type[DomainError]
) -> None:
    given = {
        "product_id": mug.id, "seller_ids": {mug.seller_id}, "expected_version": 1,
        "changes": ProductChanges(title={"en": "Cup"}), "now": now, **change,
    }  # fmt: skip
    with pytest.raises(refusal):
        async with db.transaction() as tx:
            await edit_product(tx, **given)
    assert await stored(db, mug) == mug


async def test_a_product_does_not_go_back_to_draft(db: Database, mug: Product, now: datetime) -> None:
    published = await edit(db, mug, now, state="published")
    with pytest.raises(IllegalMove):
        await edit(db, published, now, state="draft")
    assert await stored(db, mug) == published


async def test_a_product_without_any_price_is_not_published(
    db: Database, mug: Product, now: datetime
) -> None:
    await price(db, mug, {"CNY": None}, now)
    with pytest.raises(NotPublishable):
        await edit(db, await stored(db, mug), now, state="published")
    assert (await stored(db, mug)).state == "draft"


async def test_of_two_editors_of_one_version_the_second_is_told(
    db: Database, mug: Product, now: datetime
) -> None:
    results = await asyncio.gather(
        edit(db, mug, now, title={"en": "A"}), edit(db, mug, now, title={"en": "B"}), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, StaleVersion)]
    assert [error.params for error in refused] == [{"current": 2}]
    assert (await stored(db, mug)).version == 2


async def test_prices_are_set_kept_and_withdrawn_by_currency(
    db: Database, mug: Product, now: datetime
) -> None:
    variant = await price(db, mug, {"USD": 99}, now)
    assert (variant.prices, variant.version) == ({"CNY": 500, "USD": 99}, 2)
    assert (await price(db, mug, {"CNY": 600, "USD": None}, now)).prices == {"CNY": 600}
    back = await price(db, mug, {"USD": 88}, now)
    assert (back.prices, back.version) == ({"CNY": 600, "USD": 88}, 4)
    async with db.read() as tx:
        versions = [tuple(row) for row in await tx.rows(VERSIONS)]
        events = await history(tx, subject_id=mug.id, of=[ProductChanged])
    assert versions == [("CNY", 1, 500), ("CNY", 2, 600), ("USD", 1, 99), ("USD", 2, 88)]
    assert [each.event.version for each in events] == [1, 2, 3, 4]


async def test_equal_prices_change_nothing(db: Database, mug: Product, now: datetime) -> None:
    assert (await price(db, mug, {"CNY": 500, "USD": None}, now)).version == 1
    assert await stored(db, mug) == mug


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"prices": {"CNY": 0}}, BadProduct),
        ({"prices": {"yuan": 1}}, BadProduct),
        ({"expected_version": 2}, StaleVersion),
        ({"seller_ids": {UUID(int=1)}}, UnknownProduct),
        ({"variant_id": UUID(int=1)}, UnknownProduct),
        ({"prices": {"CNY": None}}, NotPublishable),
    ],
)
async def test_refused_prices_change_nothing(
    db: Database, mug: Product, now: datetime, change: dict[str, Any], refusal: type[DomainError]
) -> None:
    published = await edit(db, mug, now, state="published")
    given = {
        "variant_id": mug.variants[0].id, "seller_ids": {mug.seller_id}, "expected_version": 1, "prices": {"CNY": 7},
        "now": now, **change,
    }  # fmt: skip
    with pytest.raises(refusal):
        async with db.transaction() as tx:
            await set_prices(tx, **given)
    assert await stored(db, mug) == published
    assert msgspec.structs.replace(published, version=1, state="draft", published_at=None) == mug
