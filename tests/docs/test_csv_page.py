"""The page about the CSV import: every column and option stands there, and its example is a good file."""

import re
from pathlib import Path

import click
import pytest

from merx.cli import import_command
from merx.importing.reader import BadRows, ProductReader
from merx.importing.rules import PRODUCT_COLUMNS, TAX_RATES, VARIANT_COLUMNS, FileSettings

PAGE = (Path(__file__).parents[2] / "docs" / "import-csv.md").read_text(encoding="utf-8")


def test_every_column_stands_there_and_no_other() -> None:
    sections = PAGE.partition("### Of the product")[2].partition("### With a language")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", sections, re.MULTILINE)) == PRODUCT_COLUMNS | VARIANT_COLUMNS


def test_every_option_stands_there_and_no_other() -> None:
    assert isinstance(import_command, click.Command)
    options = {name for each in import_command.params if isinstance(each, click.Option) for name in each.opts}
    assert set(re.findall(r"^\| `(--[\w-]+)` \|", PAGE, re.MULTILINE)) == options


@pytest.mark.parametrize("category", sorted(TAX_RATES))
def test_every_tax_category_stands_there(category: str) -> None:
    assert f"`{category}`" in PAGE


def test_the_example_is_one_product_with_two_variants(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text(PAGE.partition("```csv\n")[2].partition("```")[0], encoding="utf-8")
    bad = BadRows()
    settings = FileSettings("CNY", "en", TAX_RATES)
    products = [
        product
        for batch in ProductReader(file, settings=settings, locations=["shanghai"], bad=bad).batches(10)
        for product in batch
    ]
    assert bad.count == 0
    assert [(product.slug, [variant.sku for variant in product.variants]) for product in products] == [
        ("canvas-backpack", ["BAG-20", "BAG-30"])
    ]
    assert [variant.prices for variant in products[0].variants] == [
        {"CNY": 39900, "USD": 5900},
        {"CNY": 45900, "USD": 6900},
    ]
    assert [category.code for category in products[0].categories] == ["sports", "bags"]
