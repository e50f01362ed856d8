import io
from pathlib import Path

import pytest
from PIL import Image

from merx.accounts import log_in
from merx.catalog import ProductChanges, edit_product, product_by_slug
from merx.configuration import load_settings
from merx.demo import DEMO_LOGINS, load_demo
from merx.demo.content import read_products, read_shop
from merx.demo.fetch import SHA256
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, Sql
from merx.infra.settings import Settings
from merx.kit.clock import system_clock
from merx.promotions import claimable_promotions, is_known_code
from merx.sellers import delivery_rates, get_seller_by_code, seller_ids_of

COUNTS = Sql("""
SELECT (SELECT count(*) FROM sellers), (SELECT count(*) FROM accounts), (SELECT count(*) FROM locations),
       (SELECT count(*) FROM categories), (SELECT count(*) FROM products WHERE state = 'published'),
       (SELECT count(*) FROM variants), (SELECT count(*) FROM prices), (SELECT count(*) FROM movements),
       (SELECT count(*) FROM media), (SELECT count(*) FROM product_media), (SELECT count(*) FROM events)
""")
NEWEST = Sql("""
SELECT s.code FROM products p JOIN sellers s ON s.id = p.seller_id ORDER BY p.published_at DESC, p.id DESC LIMIT 12
""")
STOCK = Sql("""
SELECT l.code, sum(a.received)::bigint FROM allotments a JOIN locations l ON l.id = a.location_id
 GROUP BY l.code ORDER BY l.code
""")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"MERX_HOME": str(tmp_path / "home")})


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")


def lay_out_pictures(settings: Settings) -> None:
    """Small pictures under the photographs' names, where the fetched ones would lie."""
    folder = settings.system.home / "cache" / f"demo-pictures-{SHA256[:12]}"
    folder.mkdir(parents=True)
    for index, product in enumerate(one for seller in read_shop().sellers for one in read_products(seller)):
        out = io.BytesIO()
        Image.new("RGB", (8, 8), (index, 100, 200)).save(out, "PNG")
        (folder / product.picture.file).write_bytes(out.getvalue())


def ignore(_line: str) -> None:
    """Progress is of no interest here."""


async def counts(db: Database) -> list[int]:
    async with db.read() as tx:
        row = await tx.row(COUNTS)
    assert row is not None
    return list(row)


async def test_the_demo_shop_is_loaded_once_and_can_be_entered(db: Database, settings: Settings) -> None:
    lay_out_pictures(settings)
    said: list[str] = []
    await load_demo(db, settings, progress=said.append)
    loaded = await counts(db)
    assert loaded[:10] == [3, 5, 2, 9, 54, 88, 176, 178, 54, 54]
    assert said[-1] == "demo shop: 54 products, 88 variants"
    stock = {"guangzhou": 0, "shanghai": 0}
    for seller in read_shop().sellers:
        for product in read_products(seller):
            for variant in product.variants:
                stock = {place: stock[place] + variant.stock[place] for place in stock}
    async with db.read() as tx:
        assert {row[0]: row[1] for row in await tx.rows(STOCK)} == stock
        assert len({row[0] for row in await tx.rows(NEWEST)}) == 3
        hearth = await get_seller_by_code(tx, code="hearth-and-leaf")
        rates = await delivery_rates(tx, seller_ids=[hearth.id])
        chair = await product_by_slug(tx, slug="alderhus-cafe-chair")
        offered = await claimable_promotions(tx, now=system_clock())
        assert {each.name["en"] for each in offered} == {"Free delivery", "15% off plants", "20 off from 200"}
        assert await is_known_code(tx, code="MERX10")
    assert {(rate.method, rate.currency) for rate in rates} == {
        ("standard", "CNY"), ("standard", "USD"), ("express", "CNY"), ("express", "USD"),
    }  # fmt: skip
    assert [variant.sku for variant in chair.variants] == ["CH-CAFE-MU", "CH-CAFE-MI", "CH-CAFE-PE"]
    assert chair.pictures[0].credit == "Jean Philippe Delberghe / Unsplash"
    assert [category.code for category in chair.categories] == ["furniture"]

    await load_demo(db, settings, progress=said.append)
    assert await counts(db) == loaded
    assert said[-1] == "demo shop: 54 products, 88 variants"


async def test_every_demo_login_works_and_staff_work_for_their_seller(
    db: Database, settings: Settings
) -> None:
    lay_out_pictures(settings)
    await load_demo(db, settings, progress=ignore)
    keys = MasterKeys(
        {key.id: key.key for key in settings.keys.master_keys}, index_key=settings.keys.blind_index_key
    )
    sellers = []
    for login in DEMO_LOGINS:
        _, account = await log_in(
            db, keys, email=login.email, password=login.password, remote="127.0.0.1", now=system_clock()
        )
        async with db.read() as tx:
            sellers.append(len(await seller_ids_of(tx, account_id=account.id)))
    assert sellers == [0, 1, 1, 1, 0]


@pytest.mark.usefixtures("no_network")
async def test_without_a_network_the_shop_has_no_photographs_until_the_next_load(
    db: Database, settings: Settings
) -> None:
    said: list[str] = []
    await load_demo(db, settings, progress=said.append)
    bare = await counts(db)
    assert (bare[4], bare[5], bare[8]) == (54, 88, 0)
    assert any("photographs could not be fetched" in line for line in said)
    lay_out_pictures(settings)
    await load_demo(db, settings, progress=said.append)
    full = await counts(db)
    assert (full[4], full[5], full[7], full[8], full[9]) == (54, 88, 178, 54, 54)


async def test_what_was_changed_in_the_demo_shop_is_not_set_back(db: Database, settings: Settings) -> None:
    lay_out_pictures(settings)
    await load_demo(db, settings, progress=ignore)
    async with db.transaction() as tx:
        laptop = await product_by_slug(tx, slug="norvane-air-laptop")
        await edit_product(
            tx,
            product_id=laptop.id,
            seller_ids=[laptop.seller_id],
            expected_version=laptop.version,
            changes=ProductChanges(title={"en": "My laptop"}),
            now=system_clock(),
        )
    before = await counts(db)
    await load_demo(db, settings, progress=ignore)
    async with db.read() as tx:
        assert (await product_by_slug(tx, slug="norvane-air-laptop")).title == {"en": "My laptop"}
    assert await counts(db) == before
