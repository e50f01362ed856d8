import asyncio
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from merx.catalog import (
    Product,
    ProductChanges,
    ProductDraft,
    VariantDraft,
    edit_product,
    product_by_slug,
    upsert_products,
)
from merx.importing import BadHeader, BadRow, ImportReport, InitialStock, NotUtf8, import_csv
from merx.importing.model import BAD_ROWS_KEPT
from merx.infra.db import Database, Sql, Tx
from merx.inventory import Location, Receipt, availability, create_locations, locations, receive_stock
from merx.kit.ids import new_id
from merx.sellers import Seller, create_seller

HEADER = "name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,variantFacets"
SHOES = """\
Shoe   ,shoe   ,"A ""light"" shoe, for running.",,category:Sports|category:Footwear|brand:Fleetra,size ,40 ,SH-40 ,99.50,standard,7,color:red
       ,       ,                                ,,                                               ,     ,41 ,SH-41 ,89   ,standard,0,color:blue
"""
HAT = "Hat,hat,,,,,,HAT,12.00,reduced,3,\n"
COUNTS = Sql("""
SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM variants), (SELECT count(*) FROM prices),
       (SELECT count(*) FROM price_versions), (SELECT count(*) FROM media), (SELECT count(*) FROM movements),
       (SELECT coalesce(sum(received), 0)::bigint FROM allotments), (SELECT count(*) FROM events),
       (SELECT count(*) FROM categories)
""")
VERSIONS = Sql("SELECT slug, version FROM products ORDER BY slug")
WAITING = Sql("SELECT count(*) FROM pg_locks WHERE NOT granted")
STOCK = Sql("""
SELECT v.sku, l.code, a.received FROM allotments a
  JOIN variants v ON v.id = a.subject_id JOIN locations l ON l.id = a.location_id ORDER BY v.sku, l.code
""")


class Shop:
    """A seller that imports files."""

    def __init__(self, db: Database, seller: Seller, folder: Path, now: datetime) -> None:
        self.db, self.seller, self.folder, self.now = db, seller, folder, now
        self.said: list[str] = []

    async def load(self, text: str | bytes, *, whole: bool = False, **changes: Any) -> ImportReport:
        path = self.folder / f"{new_id()}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        async with self.db.read() as tx:
            places = await locations(tx)

        async def receive(tx: Tx, stock: Sequence[InitialStock]) -> None:
            receipts = [
                Receipt(one.cause_id, one.variant_id, places[one.location].id, one.quantity) for one in stock
            ]
            await receive_stock(tx, receipts=receipts, now=self.now)

        given: dict[str, Any] = {"create_categories": True, "seller_id": self.seller.id, **changes}
        return await import_csv(
            self.db, path=path, currency="USD", all_or_nothing=whole, now=self.now, progress=self.said.append,
            locations=list(places), receive=receive, **given,
        )  # fmt: skip

    async def counts(self) -> list[int]:
        async with self.db.read() as tx:
            row = await tx.row(COUNTS)
        assert row is not None
        return list(row)

    async def rows(self, sql: Sql) -> list[tuple[Any, ...]]:
        async with self.db.read() as tx:
            return [tuple(row) for row in await tx.rows(sql)]

    async def product(self, slug: str) -> Product:
        async with self.db.read() as tx:
            return await product_by_slug(tx, slug=slug)


async def a_seller(db: Database, code: str, now: datetime) -> Seller:
    async with db.transaction() as tx:
        return await create_seller(tx, id=new_id(), code=code, name={"en": code.title()}, now=now)


@pytest.fixture
async def shop(db: Database, now: datetime, tmp_path: Path) -> Shop:
    seller = await a_seller(db, "fieldhouse", now)
    async with db.transaction() as tx:
        places = [
            Location(new_id(), "shanghai", {"en": "Shanghai"}, 0),
            Location(new_id(), "canton", {"en": "Canton"}, 1),
        ]
        await create_locations(tx, locations=places)
    return Shop(db, seller, tmp_path, now)


def bad_rows(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(row.number, row.field, row.reason) for row in report.bad_rows]


async def test_a_padded_file_becomes_published_products_with_prices_and_stock(shop: Shop) -> None:
    report = await shop.load(f"{HEADER}\n{SHOES}{HAT}")
    assert report == ImportReport(
        imported_products=2,
        imported_variants=3,
        unchanged=0,
        rows=3,
        bad_rows=(),
        bad_total=0,
        ignored_columns=(),
    )
    shoe = await shop.product("shoe")
    assert (shoe.title, shoe.description) == ({"en": "Shoe"}, {"en": 'A "light" shoe, for running.'})
    assert (shoe.seller_id, shoe.state, shoe.published_at) == (shop.seller.id, "published", shop.now)
    assert [(facet.code, facet.value, facet.label) for facet in shoe.facets] == [
        ("brand", "fleetra", {"en": "Fleetra"}), ("color", "red", {"en": "red"}), ("color", "blue", {"en": "blue"}),
    ]  # fmt: skip
    assert [category.code for category in shoe.categories] == ["footwear"]
    assert [(option.code, [value.code for value in option.values]) for option in shoe.options] == [
        ("size", ["40", "41"])
    ]
    assert [(v.sku, v.options, v.label, v.prices, v.tax_rate_bp) for v in shoe.variants] == [
        ("SH-40", {"size": "40"}, {"en": "40"}, {"USD": 9950}, 1300),
        ("SH-41", {"size": "41"}, {"en": "41"}, {"USD": 8900}, 1300),
    ]
    assert [(v.sku, v.tax_rate_bp) for v in (await shop.product("hat")).variants] == [("HAT", 900)]
    assert await shop.rows(STOCK) == [("HAT", "shanghai", 3), ("SH-40", "shanghai", 7)]
    assert shop.said[-1] == "3 rows read"


async def test_a_second_run_of_the_same_file_changes_nothing(shop: Shop) -> None:
    await shop.load(f"{HEADER}\n{SHOES}{HAT}")
    before, versions = await shop.counts(), await shop.rows(VERSIONS)
    report = await shop.load(f"{HEADER}\n{SHOES}{HAT}")
    assert (report.imported_products, report.imported_variants, report.unchanged) == (0, 0, 2)
    assert (await shop.counts(), await shop.rows(VERSIONS)) == (before, versions)


async def test_two_runs_at_the_same_time_import_once(shop: Shop) -> None:
    rows = "".join(f"Hat {n},hat-{n},,,,,,HAT-{n},12.00,,5,\n" for n in range(40))
    reports = await asyncio.gather(*(shop.load(f"{HEADER}\n{rows}") for _ in range(3)))
    assert sum(report.imported_products for report in reports) == 40
    assert sum(report.unchanged for report in reports) == 80
    counts = await shop.counts()
    assert (counts[0], counts[1], counts[5], counts[6]) == (40, 40, 40, 200)


async def test_an_import_that_meets_another_writer_of_the_same_product_begins_its_batch_again(
    shop: Shop,
) -> None:
    draft = ProductDraft(
        slug="hat",
        seller_id=shop.seller.id,
        title={"en": "Old hat"},
        variants=[VariantDraft("HAT", {"USD": 5})],
    )
    async with shop.db.read() as reader:
        async with shop.db.transaction() as tx:
            await upsert_products(tx, products=[draft], now=shop.now)
            task = asyncio.create_task(shop.load(f"{HEADER}\n{HAT}"))
            while not await reader.value(WAITING):
                assert not task.done()
        report = await task
    assert (report.imported_products, report.imported_variants, report.bad_total) == (1, 1, 0)
    hat = await shop.product("hat")
    assert (hat.version, hat.title, hat.variants[0].prices) == (2, {"en": "Hat"}, {"USD": 1200})
    assert await shop.rows(STOCK) == [("HAT", "shanghai", 3)]


async def test_a_changed_price_is_a_new_version_and_changed_stock_is_not_booked_again(shop: Shop) -> None:
    await shop.load(f"{HEADER}\n{HAT}")
    report = await shop.load(f"{HEADER}\n{HAT.replace('12.00', '13.00').replace(',3,', ',9,')}")
    assert (report.imported_products, report.imported_variants, report.unchanged) == (1, 1, 0)
    hat = await shop.product("hat")
    assert (hat.version, hat.variants[0].prices) == (2, {"USD": 1300})
    assert await shop.rows(STOCK) == [("HAT", "shanghai", 3)]


async def test_bad_rows_are_reported_and_the_rest_is_imported(shop: Shop) -> None:
    text = f"{HEADER}\n,x,,,,,,X,1,,,\n{SHOES.replace('99.50', '99.505')}Cap,cap,,,,,,SH-41,5,,１,\n{HAT}"
    report = await shop.load(text)
    assert bad_rows(report) == [
        (2, "name", "missing"),
        (3, "price", "bad_price"),
        (5, "stockOnHand", "full_width"),
    ]
    assert (report.rows, report.bad_total, report.imported_products, report.imported_variants) == (5, 3, 2, 2)
    assert report.bad_rows[1] == BadRow(3, "price", "bad_price", "99.505")
    assert [variant.sku for variant in (await shop.product("shoe")).variants] == ["SH-41"]


async def test_a_corrected_file_adds_the_variants_that_were_refused(shop: Shop) -> None:
    await shop.load(f"{HEADER}\n{SHOES.replace('99.50', '99.505')}")
    report = await shop.load(f"{HEADER}\n{SHOES}")
    assert (report.imported_products, report.imported_variants, report.bad_total) == (1, 2, 0)
    shoe = await shop.product("shoe")
    assert sorted(variant.sku for variant in shoe.variants) == ["SH-40", "SH-41"]
    assert await shop.rows(STOCK) == [("SH-40", "shanghai", 7)]


async def test_a_variant_whose_row_is_refused_keeps_its_option_value(shop: Shop) -> None:
    await shop.load(f"{HEADER}\n{SHOES}")
    report = await shop.load(f"{HEADER}\n{SHOES.replace('99.50', 'x').replace('89 ', '90 ')}")
    assert (bad_rows(report), report.imported_variants) == ([(2, "price", "bad_price")], 1)
    shoe = await shop.product("shoe")
    assert sorted(value.code for value in shoe.options[0].values) == ["40", "41"]
    assert {variant.sku: variant.prices["USD"] for variant in shoe.variants} == {"SH-40": 9950, "SH-41": 9000}


async def test_all_or_nothing_writes_nothing_when_one_row_is_bad(shop: Shop) -> None:
    before = await shop.counts()
    report = await shop.load(f"{HEADER}\n{SHOES}Cap,cap,,,,,,CAP,five,,1,\n", whole=True)
    assert bad_rows(report) == [(4, "price", "bad_price")]
    assert (report.rows, report.imported_products, report.imported_variants) == (3, 0, 0)
    assert await shop.counts() == before


async def test_all_or_nothing_writes_nothing_when_the_catalogue_refuses_a_product(
    shop: Shop, now: datetime
) -> None:
    other = await a_seller(shop.db, "other", now)
    await shop.load(f"{HEADER}\n{HAT}", seller_id=other.id)
    before = await shop.counts()
    report = await shop.load(f"{HEADER}\n{SHOES}{HAT}", whole=True)
    assert bad_rows(report) == [(4, "sku", "sku_taken")]
    assert (report.imported_products, await shop.counts()) == (0, before)


async def test_all_or_nothing_imports_a_good_file_completely(shop: Shop) -> None:
    rows = "".join(f"Hat {n},hat-{n},,,,,,HAT-{n},12.00,,5,\n" for n in range(1200))
    report = await shop.load(f"{HEADER}\n{rows}", whole=True)
    assert (report.imported_products, report.imported_variants, report.rows, report.bad_total) == (
        1200,
        1200,
        1200,
        0,
    )
    assert (await shop.counts())[6] == 6000
    again = await shop.load(f"{HEADER}\n{rows}", whole=True)
    assert (again.imported_products, again.unchanged) == (0, 1200)


async def test_another_seller_s_sku_and_slug_are_not_touched(shop: Shop, now: datetime) -> None:
    await shop.load(f"{HEADER}\n{SHOES}{HAT}")
    before, versions = await shop.counts(), await shop.rows(VERSIONS)
    other = await a_seller(shop.db, "other", now)
    mine = f"{HEADER}\nShoe,running-shoe,,,,,,SH-41,1,,1,\nHat,hat,,,,,,MY-HAT,1,,1,\n"
    report = await shop.load(mine, seller_id=other.id)
    assert bad_rows(report) == [(2, "sku", "sku_taken"), (3, "slug", "slug_taken")]
    assert (await shop.counts(), await shop.rows(VERSIONS)) == (before, versions)


async def test_a_refused_product_takes_its_good_rows_with_it(shop: Shop, now: datetime) -> None:
    other = await a_seller(shop.db, "other", now)
    await shop.load(f"{HEADER}\nShoe,other-shoe,,,,,,SH-41,1,,1,\n", seller_id=other.id)
    report = await shop.load(f"{HEADER}\n{SHOES}")
    assert bad_rows(report) == [(2, "name", "product_refused"), (3, "sku", "sku_taken")]
    assert report.bad_total == 2


async def test_no_row_is_counted_twice(shop: Shop, now: datetime) -> None:
    other = await a_seller(shop.db, "other", now)
    await shop.load(f"{HEADER}\n{HAT.replace('hat', 'shoe')}", seller_id=other.id)
    report = await shop.load(f"{HEADER}\n{SHOES.replace('99.50', 'x')}")
    assert bad_rows(report) == [(2, "price", "bad_price"), (3, "slug", "slug_taken")]
    assert (report.rows, report.bad_total) == (2, 2)


async def test_an_unknown_category_is_made_only_for_who_may(shop: Shop) -> None:
    report = await shop.load(f"{HEADER}\n{SHOES}", create_categories=False)
    assert bad_rows(report) == [(2, "facets", "unknown_category"), (3, "name", "product_refused")]
    assert (await shop.counts())[8] == 0
    await shop.load(f"{HEADER}\n{SHOES}")
    assert (await shop.counts())[8] == 2
    assert (await shop.load(f"{HEADER}\n{SHOES}", create_categories=False)).unchanged == 1


async def test_translations_currencies_and_locations_have_columns_of_their_own(shop: Shop) -> None:
    header = (
        "name,name:zh-CN,slug,optionGroups,optionGroups:zh-CN,optionValues,optionValues:zh-CN,sku"
        ",price:CNY,price:USD,stock:shanghai,stock:canton,facets,facets:zh-CN"
    )
    row = "Chair,椅子,chair,color,颜色,Mint,薄荷绿,CH-1,699.00,100,4,6,brand:Alderhus,品牌:桤屋"
    assert (await shop.load(f"\ufeff{header}\r\n{row}\r\n")).bad_total == 0
    chair = await shop.product("chair")
    assert chair.title == {"en": "Chair", "zh-CN": "椅子"}
    assert chair.variants[0].label == {"en": "Mint", "zh-CN": "薄荷绿"}
    assert chair.variants[0].prices == {"CNY": 69900, "USD": 10000}
    assert (chair.options[0].code, chair.options[0].name) == ("color", {"en": "color", "zh-CN": "颜色"})
    assert (chair.facets[0].name, chair.facets[0].label) == (
        {"en": "brand", "zh-CN": "品牌"}, {"en": "Alderhus", "zh-CN": "桤屋"},
    )  # fmt: skip
    assert await shop.rows(STOCK) == [("CH-1", "canton", 6), ("CH-1", "shanghai", 4)]
    async with shop.db.read() as tx:
        free = await availability(tx, variant_ids=[chair.variants[0].id], now=shop.now)
    assert free[chair.variants[0].id] == 10


async def test_a_file_in_another_encoding_or_of_another_kind_imports_nothing(shop: Shop) -> None:
    before = await shop.counts()
    with pytest.raises(NotUtf8):
        await shop.load(f"{HEADER}\n{HAT}Caf\u00e9,cafe,,,,,,C,1,,1,\n".encode("latin-1"))
    with pytest.raises(BadHeader):
        await shop.load("date,amount\n2026-01-01,5\n")
    with pytest.raises(BadHeader):
        await shop.load("")
    assert await shop.counts() == before


async def test_more_bad_rows_than_are_kept_are_still_counted(shop: Shop) -> None:
    rows = "".join(f"Hat,hat-{n},,,,,,H{n},bad,,1,\n" for n in range(BAD_ROWS_KEPT + 5))
    report = await shop.load(f"{HEADER}\n{rows}")
    assert (report.bad_total, len(report.bad_rows)) == (BAD_ROWS_KEPT + 5, BAD_ROWS_KEPT)


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(out, "PNG")
    return out.getvalue()


async def test_pictures_are_rendered_registered_once_and_not_lost_by_a_run_without_them(shop: Shop) -> None:
    folder, media = shop.folder / "pictures", shop.folder / "media"
    folder.mkdir()
    (folder / "front.png").write_bytes(picture("red"))
    (folder / "side.png").write_bytes(picture("blue"))
    header = "name,slug,sku,price,assets,assetAlts,assetCredits"
    rows = "Hat,hat,HAT,1,front.png|side.png,Front|Side,Ann Lee|\nCap,cap,CAP,1,front.png,,\n"
    report = await shop.load(f"{header}\n{rows}", pictures=folder, media=media)
    assert (report.imported_products, report.bad_total) == (2, 0)
    hat = await shop.product("hat")
    assert [(one.colour, one.width, one.height, one.alt) for one in hat.pictures] == [
        ("#ff0000", 40, 20, {"en": "Front"}), ("#0000ff", 40, 20, {"en": "Side"}),
    ]  # fmt: skip
    assert all((media / file.path).is_file() for one in hat.pictures for file in one.files)
    assert (await shop.counts())[4] == 2
    assert (await shop.product("cap")).pictures[0].id == hat.pictures[0].id
    assert (await shop.load(f"{header}\n{rows}", pictures=folder, media=media)).unchanged == 2
    assert (await shop.load(f"{header}\n{rows}")).unchanged == 2
    assert (await shop.product("hat")).pictures == hat.pictures


@pytest.mark.parametrize(
    ("name", "reason"),
    [("gone.png", "picture_not_found"), ("bad.png", "picture_refused"), ("../hat.png", "bad_picture_name")],
)
async def test_a_picture_that_cannot_be_had_refuses_its_product(shop: Shop, name: str, reason: str) -> None:
    folder = shop.folder / "pictures"
    folder.mkdir()
    (folder / "bad.png").write_bytes(b"not a picture")
    (shop.folder / "hat.png").write_bytes(picture("red"))
    text = f"name,slug,sku,price,assets\nHat,hat,HAT,1,{name}\nCap,cap,CAP,1,\n"
    for whole, imported in ((True, 0), (False, 1)):
        report = await shop.load(text, pictures=folder, media=shop.folder / "media", whole=whole)
        assert bad_rows(report) == [(2, "assets", reason)]
        assert report.imported_products == imported


async def test_a_product_that_the_file_does_not_name_is_left_as_it_was_edited(shop: Shop) -> None:
    await shop.load(f"{HEADER}\n{SHOES}{HAT}")
    hat = await shop.product("hat")
    async with shop.db.transaction() as tx:
        await edit_product(
            tx, product_id=hat.id, seller_ids=[shop.seller.id], changes=ProductChanges(title={"en": "Sun hat"}),
            expected_version=hat.version, now=shop.now,
        )  # fmt: skip
    report = await shop.load(f"{HEADER}\n{SHOES}")
    assert (report.imported_products, report.unchanged) == (0, 1)
    assert (await shop.product("hat")).title == {"en": "Sun hat"}


def test_a_report_can_be_sent_as_json() -> None:
    report = ImportReport(1, 2, 3, 4, (BadRow(2, "price", "bad_price", "x"),), 1)
    assert msgspec.json.decode(msgspec.json.encode(report), type=ImportReport) == report
