"""SQL of categories and of what is in them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from merx.catalog.model import Category, CategoryDraft
from merx.catalog.store.columns import as_json
from merx.infra.db import ReadTx, Sql, Tx
from merx.kit.i18n import Text

CATEGORIES = Sql("SELECT id, parent_id, code, name, position FROM categories ORDER BY position, code")

_TEXT = msgspec.json.Decoder(Text)


async def category_tree(tx: ReadTx) -> list[Category]:
    """Every category, in the order of display among its siblings."""
    rows = await tx.rows(CATEGORIES)
    return [
        Category(
            id=row["id"], parent_id=row["parent_id"], code=row["code"], name=_TEXT.decode(row["name"]),
            position=row["position"],
        )
        for row in rows
    ]  # fmt: skip


WRITE_CATEGORIES = Sql("""
INSERT INTO categories AS c (id, parent_id, code, name, position)
SELECT d.id, d.parent_id, d.code, d.name, d.position
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::integer[]) AS d (id, parent_id, code, name, position)
 ORDER BY d.code
    ON CONFLICT (code) DO UPDATE
   SET parent_id = excluded.parent_id, name = excluded.name, position = excluded.position
 WHERE (c.parent_id, c.name, c.position) IS DISTINCT FROM (excluded.parent_id, excluded.name, excluded.position)
""")


async def write_categories(tx: Tx, *, drafts: Sequence[CategoryDraft], ids: Mapping[str, UUID]) -> int:
    """Insert or change categories; `ids` has the id of every draft and of every parent.

    Returns how many changed.
    """
    return await tx.run(
        WRITE_CATEGORIES,
        [ids[draft.code] for draft in drafts],
        [None if draft.parent_code is None else ids[draft.parent_code] for draft in drafts],
        [draft.code for draft in drafts],
        [as_json(draft.name) for draft in drafts],
        [draft.position for draft in drafts],
    )


LINK_CATEGORIES = Sql("""
WITH removed AS (
    DELETE FROM product_categories pc
     USING unnest($3::uuid[], $4::uuid[]) AS d (product_id, category_id)
     WHERE pc.product_id = d.product_id AND pc.category_id = d.category_id
)
INSERT INTO product_categories (product_id, category_id)
SELECT d.product_id, d.category_id FROM unnest($1::uuid[], $2::uuid[]) AS d (product_id, category_id)
    ON CONFLICT DO NOTHING
""")

Link = tuple[UUID, UUID]
"""product, category."""


async def link_categories(tx: Tx, *, added: Sequence[Link], removed: Sequence[Link]) -> None:
    """Put products into categories and take them out of others."""
    if added or removed:
        await tx.run(
            LINK_CATEGORIES,
            [link[0] for link in added], [link[1] for link in added],
            [link[0] for link in removed], [link[1] for link in removed],
        )  # fmt: skip
