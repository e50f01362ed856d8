"""A seller changes the prices of one variant."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from merx.catalog.edit_product import announce_change, lock_own_product
from merx.catalog.errors import BadProduct, NotPublishable, StaleVersion, UnknownProduct
from merx.catalog.model import Product, Variant
from merx.catalog.rules import check_prices
from merx.catalog.store.products import update_products
from merx.catalog.store.variants import bump_variant, product_of_variant, withdraw_prices, write_prices
from merx.infra.db import Tx


async def set_prices(
    tx: Tx, *, variant_id: UUID, seller_ids: Collection[UUID], expected_version: int,
    prices: Mapping[str, int | None], now: datetime, actor_id: UUID | None = None,
) -> Variant:  # fmt: skip
    """Set prices, in minor units with tax, by currency; None withdraws one; currencies not named keep theirs.

    `expected_version` is the variant's. Prices that change nothing leave it untouched. Returns the variant as
    it is then. Raises UnknownProduct (also for another seller's), StaleVersion, BadProduct, and
    NotPublishable when a product on sale would be left without any price.
    """
    problem = check_prices(prices)
    if problem is not None:
        raise BadProduct(reason=problem[0], detail=problem[1])
    product_id = await product_of_variant(tx, variant_id=variant_id)
    if product_id is None:
        raise UnknownProduct
    product = await lock_own_product(tx, product_id=product_id, seller_ids=seller_ids, expected_version=None)
    variant = _variant(product, variant_id)
    if variant.version != expected_version:
        raise StaleVersion(current=variant.version)
    changed = {code: amount for code, amount in prices.items() if variant.prices.get(code) != amount}
    if not changed:
        return variant
    _check_still_sellable(product, variant, changed)
    withdrawn = [code for code, amount in changed.items() if amount is None]
    rows = [(variant_id, code, amount) for code, amount in changed.items() if amount is not None]
    await withdraw_prices(tx, variant_id=variant_id, currencies=withdrawn)
    await write_prices(tx, rows=rows, now=now)
    await bump_variant(tx, variant_id=variant_id, now=now)
    await update_products(tx, products=[product], now=now)
    return _variant(await announce_change(tx, product_id=product_id, now=now, actor_id=actor_id), variant_id)


def _variant(product: Product, variant_id: UUID) -> Variant:
    return next(variant for variant in product.variants if variant.id == variant_id)


def _check_still_sellable(product: Product, variant: Variant, changed: Mapping[str, int | None]) -> None:
    left = {**variant.prices, **changed}
    if product.state != "published" or any(amount is not None for amount in left.values()):
        return
    if not any(
        other.state == "active" and other.prices for other in product.variants if other.id != variant.id
    ):
        raise NotPublishable
