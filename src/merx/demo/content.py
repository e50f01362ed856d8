"""The demo shop's own words and prices, and the product file made of them."""

import csv
import io
import re
from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise
from typing import Final, Literal

import msgspec

Text = dict[str, str]
_SECOND: Final = "zh-CN"
_FIRST: Final = "en"


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a seller charges for a delivery method, in minor units by currency."""

    method: Literal["standard", "express"]
    price: dict[str, int]
    free_from: dict[str, int] = {}


class DemoSeller(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seller with its staff account, its delivery rates and the file of its products."""

    code: str
    content: str
    name: Text
    staff_email: str
    staff_name: str
    shipping: list[Rate]


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code with its name."""

    code: str
    name: Text


class DemoCategory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A category with those below it."""

    code: str
    name: Text
    children: list["DemoCategory"] = []


class DemoFacet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A property with its values."""

    code: str
    name: Text
    values: list[Named]


class Shopper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The demo customer."""

    email: str
    name: str


class Shop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything around the products."""

    sellers: list[DemoSeller]
    shopper: Shopper
    locations: list[Named]
    categories: list[DemoCategory]
    facets: list[DemoFacet]


class DemoPicture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A photograph by its file name in the picture package."""

    file: str
    alt: Text


class DemoOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to choose by."""

    code: str
    name: Text
    values: list[Named]


class DemoVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A variant: value codes in the order of the options, prices in minor units, stock by location."""

    sku: str
    values: list[str]
    price: dict[str, int]
    stock: dict[str, int]
    facets: list[str] = []


class DemoProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product; `source` is the slug of the product in the picture package whose photograph it uses."""

    source: str
    slug: str
    name: Text
    description: Text
    picture: DemoPicture
    facets: list[str]
    options: list[DemoOption]
    variants: list[DemoVariant]


def read_shop() -> Shop:
    """The shop's sellers, places, categories and facets."""
    return msgspec.json.decode(_data("shop.json"), type=Shop)


def read_products(seller: DemoSeller) -> list[DemoProduct]:
    """The products of a seller."""
    return msgspec.json.decode(_data(seller.content), type=list[DemoProduct])


def _data(name: str) -> bytes:
    return files("merx.demo").joinpath("data", name).read_bytes()


def photographer(file: str) -> str:
    """The photographer's name in a picture's file name: "ann-lee-12345-unsplash.jpg" is by Ann Lee."""
    return re.sub(r"-\d+-unsplash\.jpg$", "", file).replace("-", " ").title()


def split_rounds(products: Sequence[DemoProduct], rounds: int) -> list[list[DemoProduct]]:
    """Cut a seller's products into `rounds` parts of nearly equal length, in order."""
    cuts = [len(products) * index // rounds for index in range(rounds + 1)]
    return [list(products[start:end]) for start, end in pairwise(cuts)]


def product_csv(shop: Shop, products: Sequence[DemoProduct]) -> str:
    """The products as a product file (see merx.importing.import_csv): English plain, Chinese in columns of their own."""
    names = _facet_names(shop)
    places = [f"stock:{location.code}" for location in shop.locations]
    currencies = sorted(
        {currency for product in products for one in product.variants for currency in one.price}
    )
    translated = (
        "name",
        "description",
        "assetAlts",
        "facets",
        "optionGroups",
        "optionValues",
        "variantFacets",
    )
    columns = [
        *(column for base in translated for column in (base, f"{base}:{_SECOND}")),
        *("slug", "assets", "assetCredits", "sku", "taxCategory"),
        *(f"price:{currency}" for currency in currencies),
        *places,
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for product in products:
        for index, variant in enumerate(product.variants):
            row = _product_cells(product, names) if index == 0 else {}
            writer.writerow(row | _variant_cells(product, variant, names))
    return out.getvalue()


def _facet_names(shop: Shop) -> dict[str, Text]:
    """Facets as a file writes them: brand:norvane → {"en": "Brand:Norvane", …}. A category is a facet, too."""
    names: dict[str, Text] = {}
    waiting = list(shop.categories)
    while waiting:
        category = waiting.pop()
        waiting.extend(category.children)
        names[f"category:{category.code}"] = {
            _FIRST: f"category:{category.name[_FIRST]}",
            _SECOND: f"分类:{category.name[_SECOND]}",
        }
    for facet in shop.facets:
        for value in facet.values:
            names[f"{facet.code}:{value.code}"] = {
                locale: f"{facet.name[locale]}:{value.name[locale]}" for locale in (_FIRST, _SECOND)
            }
    return names


def _product_cells(product: DemoProduct, names: dict[str, Text]) -> dict[str, str]:
    cells = {
        "slug": product.slug,
        "assets": product.picture.file,
        "assetCredits": f"{photographer(product.picture.file)} / Unsplash",
    }
    cells |= _translated("name", product.name)
    cells |= _translated("description", product.description)
    cells |= _translated("assetAlts", product.picture.alt)
    cells |= _joined("facets", [names[facet] for facet in product.facets])
    cells |= _joined("optionGroups", [option.name for option in product.options])
    return cells


def _variant_cells(product: DemoProduct, variant: DemoVariant, names: dict[str, Text]) -> dict[str, str]:
    values = [
        next(value.name for value in option.values if value.code == code)
        for option, code in zip(product.options, variant.values, strict=True)
    ]
    plants = any(facet.startswith("plant-type:") for facet in product.facets)
    cells = {"sku": variant.sku, "taxCategory": "reduced" if plants else "standard"}
    cells |= {f"price:{currency}": f"{fen // 100}.{fen % 100:02d}" for currency, fen in variant.price.items()}
    cells |= {f"stock:{code}": str(quantity) for code, quantity in variant.stock.items()}
    cells |= _joined("optionValues", values)
    cells |= _joined("variantFacets", [names[facet] for facet in variant.facets])
    return cells


def _translated(column: str, text: Text) -> dict[str, str]:
    return {column: text[_FIRST], f"{column}:{_SECOND}": text[_SECOND]}


def _joined(column: str, texts: Sequence[Text]) -> dict[str, str]:
    return _translated(
        column, {locale: "|".join(text[locale] for text in texts) for locale in (_FIRST, _SECOND)}
    )
