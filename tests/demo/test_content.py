import csv
import io
import re
from itertools import chain

import pytest

from merx.demo.content import DemoProduct, photographer, product_csv, read_products, read_shop, split_rounds

SHOP = read_shop()
PRODUCTS = {seller.code: read_products(seller) for seller in SHOP.sellers}
ALL = list(chain.from_iterable(PRODUCTS.values()))
CHINESE = re.compile("[\u4e00-\u9fff]")
FOREIGN_NAMES = re.compile(
    r"apple|nike|sony|adidas|samsung|logitech|corsair|seagate|polaroid|nik+on|nikkormat|agfa|manfrotto|kodak|rollei|"
    r"pinarello|everlast|wilson|converse|all ?star|ultraboost|pureboost|freerun|flyknit|runx|admi|intel|ryzen|m185|"
    r"instamatic|freerun|i7-|r7-",
    re.IGNORECASE,
)


def texts(product: DemoProduct) -> list[dict[str, str]]:
    options = [option.name for option in product.options]
    values = [value.name for option in product.options for value in option.values]
    return [product.name, product.description, product.picture.alt, *options, *values]


def test_there_are_54_products_and_88_variants_of_three_sellers() -> None:
    assert {code: len(products) for code, products in PRODUCTS.items()} == {
        "beacon-electronics": 20,
        "fieldhouse-sports": 14,
        "hearth-and-leaf": 20,
    }
    assert sum(len(product.variants) for product in ALL) == 88


def test_slugs_skus_sources_and_photographs_are_each_used_once() -> None:
    assert len({product.slug for product in ALL}) == 54
    assert len({product.source for product in ALL}) == 54
    assert len({product.picture.file for product in ALL}) == 54
    assert len({variant.sku for product in ALL for variant in product.variants}) == 88


@pytest.mark.parametrize("product", ALL, ids=lambda product: product.slug)
def test_a_product_is_complete_in_both_languages(product: DemoProduct) -> None:
    for text in texts(product):
        assert text.keys() == {"zh-CN", "en"}
        assert all(words.strip() == words and words for words in text.values())
        assert not CHINESE.search(text["en"])
    assert CHINESE.search(product.name["zh-CN"])
    assert 2 <= len(re.findall(r"[.!?](?:\s|$)", product.description["en"])) <= 4
    assert 2 <= product.description["zh-CN"].count("。") <= 4


@pytest.mark.parametrize("product", ALL, ids=lambda product: product.slug)
def test_no_trade_mark_stands_in_any_text_slug_or_sku(product: DemoProduct) -> None:
    words = [product.slug, *product.facets, *(variant.sku for variant in product.variants)]
    words += [word for text in texts(product) for word in text.values()]
    assert [word for word in words if FOREIGN_NAMES.search(word)] == []


@pytest.mark.parametrize("product", ALL, ids=lambda product: product.slug)
def test_every_variant_has_both_prices_stock_in_known_places_and_known_options(product: DemoProduct) -> None:
    places = {location.code for location in SHOP.locations}
    offered = [{value.code for value in option.values} for option in product.options]
    for variant in product.variants:
        assert variant.price.keys() == {"CNY", "USD"}
        assert min(variant.price.values()) > 0
        assert variant.stock.keys() == places
        assert min(variant.stock.values()) > 0
        assert all(code in codes for code, codes in zip(variant.values, offered, strict=True))
    assert len({tuple(variant.values) for variant in product.variants}) == len(product.variants)


def test_every_facet_and_category_that_is_used_has_a_name_in_both_languages() -> None:
    known = {f"{facet.code}:{value.code}" for facet in SHOP.facets for value in facet.values}
    for root in SHOP.categories:
        known |= {f"category:{one.code}" for one in (root, *root.children)}
    used = {facet for product in ALL for facet in product.facets}
    used |= {facet for product in ALL for variant in product.variants for facet in variant.facets}
    assert used - known == set()
    assert {facet for facet in known - used if facet.startswith(("brand:", "category:"))} == set()


def test_rounds_keep_every_product_in_order() -> None:
    for products in PRODUCTS.values():
        rounds = split_rounds(products, 5)
        assert len(rounds) == 5
        assert list(chain.from_iterable(rounds)) == products


def test_the_product_file_has_a_row_for_each_variant_and_credits_the_photographer() -> None:
    text = product_csv(SHOP, PRODUCTS["beacon-electronics"])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == sum(len(product.variants) for product in PRODUCTS["beacon-electronics"])
    first = rows[0]
    assert (first["slug"], first["sku"], first["price:CNY"], first["price:USD"], first["stock:shanghai"]) == (
        "norvane-air-laptop", "NB-AIR-13-8", "8499.00", "1299.00", "42",
    )  # fmt: skip
    assert first["assetCredits"] == "Derick David / Unsplash"
    assert first["facets"] == "category:Electronics|category:Computers|Brand:Norvane|Color:Gray"
    assert first["optionValues:zh-CN"] == "13 英寸|8 GB"
    assert (rows[1]["name"], rows[1]["sku"]) == ("", "NB-AIR-15-8")


def test_a_photographer_is_named_by_the_file() -> None:
    assert photographer("alex-rodriguez-santibanez-200278-unsplash.jpg") == "Alex Rodriguez Santibanez"
