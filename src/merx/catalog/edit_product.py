"""A seller changes one product: its texts, or whether it is on sale."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from merx.catalog.errors import BadProduct, IllegalMove, NotPublishable, StaleVersion, UnknownProduct
from merx.catalog.events import ProductChanged
from merx.catalog.model import Product, ProductChanges
from merx.catalog.rules import check_texts
from merx.catalog.states import PRODUCT
from merx.catalog.store.products import lock_products, products_by_id, update_products
from merx.infra.db import Tx
from merx.infra.outbox import publish


async def lock_own_product(
    tx: Tx, *, product_id: UUID, seller_ids: Collection[UUID], expected_version: int | None
) -> Product:
    """Lock a product of these sellers and return it.

    Raises UnknownProduct, StaleVersion (unless None is expected).
    """
    await lock_products(tx, product_ids=[product_id])
    product = (await products_by_id(tx, product_ids=[product_id])).get(product_id)
    if product is None or product.seller_id not in seller_ids:
        raise UnknownProduct
    if expected_version is not None and product.version != expected_version:
        raise StaleVersion(current=product.version)
    return product


async def edit_product(
    tx: Tx, *, product_id: UUID, seller_ids: Collection[UUID], expected_version: int, changes: ProductChanges,
    now: datetime, actor_id: UUID | None = None,
) -> Product:  # fmt: skip
    """Change a product's texts or state; changes that change nothing leave it untouched.

    Returns it as it is then.

    Raises UnknownProduct (also for another seller's), StaleVersion, BadProduct, IllegalMove, NotPublishable.
    """
    problem = check_texts(changes.title, changes.description)
    if problem is not None:
        raise BadProduct(reason=problem[0], detail=problem[1])
    product = await lock_own_product(
        tx, product_id=product_id, seller_ids=seller_ids, expected_version=expected_version
    )
    wanted = msgspec.structs.replace(
        product,
        title=product.title if changes.title is None else changes.title,
        description=product.description if changes.description is None else changes.description,
        state=product.state if changes.state is None else changes.state,
    )
    if wanted == product:
        return product
    if wanted.state != product.state:
        _check_move(product, wanted)
    await update_products(tx, products=[wanted], now=now)
    return await announce_change(tx, product_id=product_id, now=now, actor_id=actor_id)


def _check_move(product: Product, wanted: Product) -> None:
    if not PRODUCT.allows(product.state, wanted.state):
        raise IllegalMove(source=product.state, target=wanted.state)
    if wanted.state == "published" and not any(
        variant.state == "active" and variant.prices for variant in product.variants
    ):
        raise NotPublishable


async def announce_change(tx: Tx, *, product_id: UUID, now: datetime, actor_id: UUID | None) -> Product:
    """Publish that a product changed and return it as it is now."""
    product = (await products_by_id(tx, product_ids=[product_id]))[product_id]
    event = ProductChanged(product.id, product.slug, product.version, actor_id=actor_id)
    await publish(tx, [event], now=now)
    return product
