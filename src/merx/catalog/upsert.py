"""Bring any number of products to the state of their drafts with a fixed number of statements."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from merx.catalog import plan
from merx.catalog.errors import CatalogChanged
from merx.catalog.events import ProductChanged
from merx.catalog.model import ProductDraft, Refusal, UpsertReport
from merx.catalog.store.categories import category_tree, link_categories
from merx.catalog.store.pictures import known_media, replace_pictures
from merx.catalog.store.products import (
    insert_products,
    lock_products,
    owners,
    products_by_id,
    update_products,
)
from merx.catalog.store.variants import insert_variants, update_variants, write_prices
from merx.infra.db import Tx
from merx.infra.outbox import publish


async def upsert_products(tx: Tx, *, products: Sequence[ProductDraft], now: datetime) -> UpsertReport:
    """Create or change products so that they match their drafts; what matches already is not touched.

    A draft that cannot be written is refused in the report and the others are written. Raises CatalogChanged
    when a concurrent writer took a SKU or slug of the batch: roll back and call again. Batches of some
    hundred drafts are best.
    """
    sound, refusals = plan.check_drafts(products)
    targets = await _find_targets(tx, sound, refusals)
    writes, accepted = await _plan(tx, targets, refusals)
    try:
        await _write(tx, writes, now)
    except asyncpg.UniqueViolationError as error:
        raise CatalogChanged from error
    changed = len(writes.new_products) + len(writes.changed_products)
    return UpsertReport(
        created=len(writes.new_products),
        updated=len(writes.changed_products),
        unchanged=accepted - changed,
        variants_created=len(writes.new_variants),
        variants_updated=len(writes.changed_variants),
        refusals=sorted(refusals, key=lambda refusal: refusal.index),
        variant_ids=writes.variant_ids,
    )


async def _find_targets(
    tx: Tx, sound: list[tuple[int, ProductDraft]], refusals: list[Refusal]
) -> list[plan.Target]:
    """Say which stored product each draft is about; refuse those that would touch what is not theirs."""
    if not sound:
        return []
    known = await owners(
        tx,
        skus=[variant.sku for _, draft in sound for variant in draft.variants],
        slugs=[draft.slug for _, draft in sound],
    )
    media = {media_id for _, draft in sound for media_id, _ in draft.pictures or ()}
    media -= await known_media(tx, media_ids=media)
    targets: list[plan.Target] = []
    taken = set()
    for index, draft in sound:
        product_id, problem = plan.identify(draft, known)
        if problem is None and product_id is not None and product_id in taken:
            problem = ("duplicate_in_batch", draft.slug)
        missing = next((media_id for media_id, _ in draft.pictures or () if media_id in media), None)
        if problem is None and missing is not None:
            problem = ("unknown_picture", str(missing))
        if problem is not None:
            refusals.append(plan.refusal(index, draft, problem))
            continue
        taken.add(product_id)
        targets.append(plan.Target(index=index, draft=draft, product_id=product_id))
    return targets


async def _plan(tx: Tx, targets: list[plan.Target], refusals: list[Refusal]) -> tuple[plan.Writes, int]:
    """Lock and read what is stored, and collect what must be written; also how many drafts were accepted."""
    writes = plan.Writes()
    ids = [target.product_id for target in targets if target.product_id is not None]
    if ids:
        await lock_products(tx, product_ids=ids)
    stored = await products_by_id(tx, product_ids=ids)
    categories = {}
    if any(target.draft.category_codes for target in targets):
        categories = {category.code: category for category in await category_tree(tx)}
    accepted = 0
    for target in targets:
        current = None if target.product_id is None else stored[target.product_id]
        problem = plan.check_against(target.draft, current, categories)
        if problem is not None:
            refusals.append(plan.refusal(target.index, target.draft, problem))
            continue
        accepted += 1
        if current is None:
            plan.add_product(writes, target.draft, categories)
        else:
            plan.change_product(writes, target.draft, current, categories)
    return writes, accepted


async def _write(tx: Tx, writes: plan.Writes, now: datetime) -> None:
    await insert_products(tx, products=writes.new_products, now=now)
    await update_products(tx, products=writes.changed_products, now=now)
    await insert_variants(tx, rows=writes.new_variants, now=now)
    await update_variants(tx, rows=writes.changed_variants, now=now)
    await write_prices(tx, rows=writes.prices, now=now)
    await link_categories(tx, added=writes.added_links, removed=writes.removed_links)
    await replace_pictures(tx, pictures=writes.pictures)
    created = [ProductChanged(one.id, one.slug, 1) for one in writes.new_products]
    changed = [
        ProductChanged(one.id, one.slug, one.version + 1, previous if previous != one.slug else None)
        for one in writes.changed_products
        for previous in [writes.previous_slugs[one.id]]
    ]
    await publish(tx, created + changed, now=now)
