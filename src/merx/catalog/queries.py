"""SQL of the catalogue's pages: one product, lists of products, cards."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from merx.catalog.errors import UnknownCategory, UnknownProduct
from merx.catalog.model import Category, Page, Product, ProductCard, Sort, Text
from merx.catalog.rules import MAX_PRICE
from merx.catalog.store.products import DOCUMENT, decode_product, products_by_id
from merx.infra.db import ReadTx, Sql
from merx.kit.paging import PAGE_LIMIT, BadCursor, decode_cursor, encode_cursor

# ---------------------------------------------------------------- one product

PRODUCT_BY_SLUG = Sql(f"SELECT {DOCUMENT} FROM products p WHERE p.slug = $1 AND p.state = 'published'")  # noqa: S608 - constants


async def product_by_slug(tx: ReadTx, *, slug: str) -> Product:
    """A published product with everything its page shows, retired variants included.

    Raises UnknownProduct.
    """
    document = await tx.value(PRODUCT_BY_SLUG, slug)
    if document is None:
        raise UnknownProduct
    return decode_product(document)


async def product_by_id(tx: ReadTx, *, product_id: UUID) -> Product:
    """A product in any state, for those who manage it. Raises UnknownProduct."""
    found = await products_by_id(tx, product_ids=[product_id])
    if product_id not in found:
        raise UnknownProduct
    return found[product_id]


CATEGORY_BY_CODE = Sql("SELECT id, parent_id, code, name, position FROM categories WHERE code = $1")
_TEXT = msgspec.json.Decoder(Text)


async def category_by_code(tx: ReadTx, *, code: str) -> Category:
    """A category. Raises UnknownCategory."""
    row = await tx.row(CATEGORY_BY_CODE, code)
    if row is None:
        raise UnknownCategory
    return Category(
        id=row["id"], parent_id=row["parent_id"], code=row["code"], name=_TEXT.decode(row["name"]),
        position=row["position"],
    )  # fmt: skip


# ---------------------------------------------------------------- cards

CARDS = Sql("""
SELECT json_build_object(
    'id', p.id, 'slug', p.slug, 'title', p.title, 'seller_id', p.seller_id, 'published_at', p.published_at,
    'picture', (
        SELECT json_build_object('id', m.id, 'files', m.files, 'width', m.width, 'height', m.height,
                   'colour', m.colour, 'alt', pm.alt, 'credit', m.credit)
          FROM product_media pm JOIN media m ON m.id = pm.media_id
         WHERE pm.product_id = p.id ORDER BY pm.position LIMIT 1),
    'price_from', coalesce((
        SELECT json_object_agg(lowest.currency, lowest.amount)
          FROM (SELECT pr.currency, min(pr.amount) AS amount
                  FROM variants v JOIN prices pr ON pr.variant_id = v.id
                 WHERE v.product_id = p.id AND v.state = 'active' GROUP BY pr.currency) lowest), '{}'),
    'price_varies', coalesce((
        SELECT json_agg(differing.currency)
          FROM (SELECT pr.currency
                  FROM variants v JOIN prices pr ON pr.variant_id = v.id
                 WHERE v.product_id = p.id AND v.state = 'active'
                 GROUP BY pr.currency HAVING min(pr.amount) < max(pr.amount)) differing), '[]')
)::text
  FROM products p WHERE p.id = ANY($1::uuid[]) AND p.state = 'published'
""")
_CARD = msgspec.json.Decoder(ProductCard)


async def cards(tx: ReadTx, *, product_ids: Iterable[UUID]) -> dict[UUID, ProductCard]:
    """Cards of the published ones among these products, in one statement."""
    wanted = list(product_ids)
    if not wanted:
        return {}
    found = (_CARD.decode(row[0]) for row in await tx.rows(CARDS, wanted))
    return {card.id: card for card in found}


# ---------------------------------------------------------------- lists

WIDE: Final = 2_000
"""A category with more products than this is read by walking an index in the wanted order and asking of each
product whether it belongs, which costs a page; a smaller one by sorting its members, which costs the category."""

SCOPE = Sql("""
WITH RECURSIVE tree AS (
    SELECT id FROM categories WHERE code = $1
     UNION
    SELECT c.id FROM categories c JOIN tree t ON c.parent_id = t.id
)
SELECT coalesce((SELECT array_agg(id) FROM tree), '{}') AS ids,
       (SELECT count(*) FROM (
           SELECT FROM product_categories pc WHERE pc.category_id IN (SELECT id FROM tree) LIMIT $2) few) AS size
""")

_BELONGS: Final = """
AND EXISTS (SELECT FROM product_categories pc WHERE pc.product_id = p.id AND pc.category_id = ANY({ids}::uuid[]))
"""
_MEMBERS: Final = """
WITH members AS MATERIALIZED (
    SELECT DISTINCT pc.product_id AS id FROM product_categories pc WHERE pc.category_id = ANY({ids}::uuid[])
)
"""

_NEWEST: Final = """
SELECT p.id, p.published_at FROM {source}
 WHERE p.state = 'published' AND (p.published_at, p.id) < ($1, $2::uuid) {belongs}
 ORDER BY p.published_at DESC, p.id DESC LIMIT $3
"""
NEWEST = Sql(_NEWEST.format(source="products p", belongs=""))
NEWEST_IN_WIDE = Sql(_NEWEST.format(source="products p", belongs=_BELONGS.format(ids="$4")))
NEWEST_IN_SMALL = Sql(
    _MEMBERS.format(ids="$4") + _NEWEST.format(source="members m JOIN products p ON p.id = m.id", belongs="")
)

_UP: Final = "pr.amount >= $2 AND (pr.amount, p.id) > ($2::bigint, $3::uuid)"
_DOWN: Final = "pr.amount <= $2 AND (pr.amount, p.id) < ($2::bigint, $3::uuid)"
_BY_PRICE: Final = """
SELECT p.id, pr.amount
  FROM prices pr JOIN variants v ON v.id = pr.variant_id JOIN products p ON p.id = v.product_id
 WHERE pr.currency = $1 AND v.state = 'active' AND p.state = 'published' AND {after}
   AND NOT EXISTS (  -- the price is its product's lowest
       SELECT FROM variants o JOIN prices op ON op.variant_id = o.id AND op.currency = $1
        WHERE o.product_id = v.product_id AND o.state = 'active' AND (op.amount, o.id) < (pr.amount, v.id))
   {belongs}
 ORDER BY {order} LIMIT $4
"""
_UPWARD: Final = "pr.amount, p.id"
_DOWNWARD: Final = "pr.amount DESC, p.id DESC"
CHEAPEST = Sql(_BY_PRICE.format(after=_UP, belongs="", order=_UPWARD))
DEAREST = Sql(_BY_PRICE.format(after=_DOWN, belongs="", order=_DOWNWARD))
CHEAPEST_IN_WIDE = Sql(_BY_PRICE.format(after=_UP, belongs=_BELONGS.format(ids="$5"), order=_UPWARD))
DEAREST_IN_WIDE = Sql(_BY_PRICE.format(after=_DOWN, belongs=_BELONGS.format(ids="$5"), order=_DOWNWARD))

_LOWEST: Final = (
    _MEMBERS.format(ids="$5")  # noqa: S608 - constants
    + """, lowest AS (
    SELECT p.id, min(pr.amount) AS amount
      FROM members m JOIN products p ON p.id = m.id
      JOIN variants v ON v.product_id = p.id JOIN prices pr ON pr.variant_id = v.id AND pr.currency = $1
     WHERE p.state = 'published' AND v.state = 'active'
     GROUP BY p.id
)
SELECT id, amount FROM lowest
"""
)
CHEAPEST_IN_SMALL = Sql(_LOWEST + " WHERE (amount, id) > ($2::bigint, $3::uuid) ORDER BY amount, id LIMIT $4")
DEAREST_IN_SMALL = Sql(
    _LOWEST + " WHERE (amount, id) < ($2::bigint, $3::uuid) ORDER BY amount DESC, id DESC LIMIT $4"
)

_STATEMENTS: Final = {
    ("newest", "all"): NEWEST, ("newest", "wide"): NEWEST_IN_WIDE, ("newest", "small"): NEWEST_IN_SMALL,
    ("price", "all"): CHEAPEST, ("price", "wide"): CHEAPEST_IN_WIDE, ("price", "small"): CHEAPEST_IN_SMALL,
    ("-price", "all"): DEAREST, ("-price", "wide"): DEAREST_IN_WIDE, ("-price", "small"): DEAREST_IN_SMALL,
}  # fmt: skip

_LAST = UUID(int=2**128 - 1)
_FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)


async def list_products(
    tx: ReadTx, *, category: str | None = None, sort: Sort = "newest", currency: str, after: str | None = None,
    limit: int = 24,
) -> Page[ProductCard]:  # fmt: skip
    """Published products of a category and everything below it (None: of all), in at most three statements.

    `sort` "newest" goes by publication; "price" and "-price" by the lowest price in `currency`, leaving out
    what has none. Equal positions go by id. `after` is a page's `next_cursor`; at most PAGE_LIMIT items come.
    An unknown category is empty. Raises BadCursor.
    """
    limit = max(1, min(limit, PAGE_LIMIT))
    start = (
        _newest_position(after) if sort == "newest" else _price_position(after, sort=sort, currency=currency)
    )
    scope: list[list[UUID]] = []
    width = "all"
    if category is not None:
        found = await tx.row(SCOPE, category, WIDE + 1)
        assert found is not None  # aggregates always give a row
        scope = [found["ids"]]
        width = "wide" if found["size"] > WIDE else "small"
    rows = await tx.rows(_STATEMENTS[sort, width], *start, limit + 1, *scope)
    page = rows[:limit]
    known = await cards(tx, product_ids=[row["id"] for row in page])
    items = [known[row["id"]] for row in page if row["id"] in known]
    if len(rows) <= limit:
        return Page(items=items)
    last = page[-1]
    if sort == "newest":
        return Page(
            items=items, next_cursor=encode_cursor(sort, last["published_at"].isoformat(), str(last["id"]))
        )
    return Page(items=items, next_cursor=encode_cursor(sort, currency, last["amount"], str(last["id"])))


def _newest_position(after: str | None) -> tuple[datetime, UUID]:
    if after is None:
        return _FAR_FUTURE, _LAST
    kind, published_at, product_id = decode_cursor(after, tuple[str, datetime, UUID])
    if kind != "newest" or published_at.tzinfo is None:
        raise BadCursor
    return published_at, product_id


def _price_position(
    after: str | None, *, sort: Literal["price", "-price"], currency: str
) -> tuple[str, int, UUID]:
    if after is None:
        return (currency, -1, UUID(int=0)) if sort == "price" else (currency, MAX_PRICE + 1, _LAST)
    kind, priced_in, amount, product_id = decode_cursor(after, tuple[str, str, int, UUID])
    if kind != sort or priced_in != currency or not 0 <= amount <= MAX_PRICE:
        raise BadCursor
    return currency, amount, product_id
