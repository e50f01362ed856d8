"""The terms things sell under are read at this moment, for one currency and one way of delivery."""

from typing import Any

import pytest
from tests.world.shop import Shop

from merx.infra.db import Database
from merx.kit.ids import new_id
from merx.pricing import SaleTerms, sale_terms


async def terms(
    db: Database, shop: Shop, sku: str, *, currency: str = "CNY", method: str | None = "standard"
) -> SaleTerms:
    wanted = (shop.variants[sku], currency, method)
    async with db.read() as read:
        return (await sale_terms(read, wanted=[wanted]))[wanted]


async def test_a_price_in_each_currency_and_the_sellers_own_rate(db: Database, shop: Shop) -> None:
    yuan, dollars = await terms(db, shop, "TEA"), await terms(db, shop, "TEA", currency="USD")
    assert (yuan.unit_price, yuan.price_version, yuan.tax_rate_bp) == (4990, 1, 1300)
    assert (yuan.rate_amount, yuan.rate_free_from, yuan.rate_countries) == (800, 10_000, ["CN"])
    assert dollars.unit_price == 4990 // 7
    assert yuan.seller_id == dollars.seller_id == shop.sellers["tea-house"]
    assert yuan.sellable


async def test_what_is_not_offered_is_none_and_never_converted(db: Database, shop: Shop) -> None:
    euros = await terms(db, shop, "TEA", currency="EUR")
    assert (euros.unit_price, euros.price_version, euros.rate_amount) == (None, None, None)
    assert (await terms(db, shop, "TEA", method="express")).rate_amount is None
    unchosen = await terms(db, shop, "TEA", method=None)
    assert (unchosen.unit_price, unchosen.rate_amount) == (4990, None)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE products SET state = 'archived' WHERE slug = 'tea'",
        "UPDATE products SET state = 'draft' WHERE slug = 'tea'",
        "UPDATE variants SET state = 'retired' WHERE sku = 'TEA'",
        "UPDATE sellers SET state = 'suspended' WHERE code = 'tea-house'",
    ],
)
async def test_what_was_taken_off_sale_is_not_sellable(
    db: Database, shop: Shop, owner: Any, change: str
) -> None:
    await owner.execute(change)
    assert not (await terms(db, shop, "TEA")).sellable
    assert (await terms(db, shop, "POT")).sellable


async def test_many_are_read_in_one_statement_and_unknown_ones_are_absent(db: Database, shop: Shop) -> None:
    wanted = [(variant_id, "CNY", "standard") for variant_id in shop.variants.values()]
    before = db.statements
    async with db.read() as read:
        found = await sale_terms(read, wanted=[*wanted, *wanted, (new_id(), "CNY", "standard")])
    assert db.statements - before == 1
    assert set(found) == set(wanted)
