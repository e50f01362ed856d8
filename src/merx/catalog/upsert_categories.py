"""Bring the category tree to the state of its drafts."""

from collections.abc import Sequence

import asyncpg

from merx.catalog.errors import BadCategory, CatalogChanged
from merx.catalog.model import Category, CategoryDraft
from merx.catalog.rules import check_categories, find_cycle
from merx.catalog.store.categories import category_tree, write_categories
from merx.infra.db import Tx
from merx.kit.ids import new_id


async def upsert_categories(tx: Tx, *, categories: Sequence[CategoryDraft]) -> dict[str, Category]:
    """Create or change categories by code; those not named stay. Returns the named ones by code.

    Raises BadCategory, having written nothing, on a bad code or name, an unknown parent or a circle of
    parents; CatalogChanged when a concurrent writer made one of the categories.
    """
    drafts = list(categories)
    problem = check_categories(drafts)
    if problem is not None:
        raise BadCategory(reason=problem[0], detail=problem[1])
    stored = {category.code: category for category in await category_tree(tx)}
    codes = {category.id: code for code, category in stored.items()}
    parents = {
        code: None if category.parent_id is None else codes[category.parent_id]
        for code, category in stored.items()
    }
    parents |= {draft.code: draft.parent_code for draft in drafts}
    unknown = next((code for code in parents.values() if code is not None and code not in parents), None)
    if unknown is not None:
        raise BadCategory(reason="unknown_parent", detail=unknown[:80])
    circle = find_cycle(parents)
    if circle is not None:
        raise BadCategory(reason="circle", detail=circle)
    ids = {code: category.id for code, category in stored.items()}
    ids |= {draft.code: new_id() for draft in drafts if draft.code not in ids}
    if not drafts:
        return {}
    try:
        await write_categories(tx, drafts=drafts, ids=ids)
    except asyncpg.ForeignKeyViolationError as error:  # a concurrent writer made the parent under another id
        raise CatalogChanged from error
    written = {category.code: category for category in await category_tree(tx)}
    return {draft.code: written[draft.code] for draft in drafts}
