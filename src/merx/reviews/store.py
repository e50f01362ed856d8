"""All SQL of reviews."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.catalog import Picture
from merx.infra.db import ReadTx, Sql, Tx

_PICTURES = msgspec.json.Decoder(list[Picture])

INSERT_PRODUCT_REVIEW = Sql("""
INSERT INTO product_reviews
       (order_line_id, purchase_id, product_id, account_id, score, body, media_ids, locale, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::uuid[], $8, $9)
    ON CONFLICT (order_line_id) DO NOTHING
""")


async def insert_product_review(
    tx: Tx,
    *,
    order_line_id: UUID,
    purchase_id: UUID,
    product_id: UUID,
    account_id: UUID,
    score: int,
    body: str,
    media_ids: Sequence[UUID],
    locale: str,
    now: datetime,
) -> bool:
    """Write a review of a bought line; False when it has one."""
    return (
        await tx.run(
            INSERT_PRODUCT_REVIEW,
            order_line_id,
            purchase_id,
            product_id,
            account_id,
            score,
            body,
            list(media_ids),
            locale,
            now,
        )
        == 1
    )


INSERT_SELLER_REVIEW = Sql("""
INSERT INTO seller_reviews (order_id, purchase_id, seller_id, account_id, score, body, locale, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (order_id) DO NOTHING
""")


async def insert_seller_review(
    tx: Tx,
    *,
    order_id: UUID,
    purchase_id: UUID,
    seller_id: UUID,
    account_id: UUID,
    score: int,
    body: str,
    locale: str,
    now: datetime,
) -> bool:
    """Write a review of an order's seller; False when it has one."""
    return (
        await tx.run(
            INSERT_SELLER_REVIEW, order_id, purchase_id, seller_id, account_id, score, body, locale, now
        )
        == 1
    )


COUNT_MEDIA = Sql("SELECT count(*) FROM media WHERE id = ANY($1::uuid[])")


async def media_exist(tx: ReadTx, *, media_ids: Sequence[UUID]) -> bool:
    """Whether every one of these distinct pictures is stored."""
    count: int = await tx.value(COUNT_MEDIA, list(media_ids))
    return count == len(media_ids)


PRODUCT_REVIEWS = Sql("""
SELECT r.order_line_id, r.account_id, r.score, r.body, r.locale, r.created_at,
       (SELECT coalesce(jsonb_agg(
                   jsonb_build_object('id', m.id, 'files', m.files, 'width', m.width, 'height', m.height,
                                      'colour', m.colour, 'alt', '{}'::jsonb, 'credit', m.credit)
                   ORDER BY u.position), '[]')
          FROM unnest(r.media_ids) WITH ORDINALITY AS u (media_id, position)
          JOIN media AS m ON m.id = u.media_id) AS media
  FROM product_reviews AS r
 WHERE r.product_id = $1 AND (r.created_at, r.order_line_id) < ($2, $3)
 ORDER BY r.created_at DESC, r.order_line_id DESC
 LIMIT $4
""")


class WrittenReview(msgspec.Struct, frozen=True, kw_only=True):
    """A review of a product as it is stored, with its pictures."""

    order_line_id: UUID
    account_id: UUID
    score: int
    body: str
    locale: str
    created_at: datetime
    media: list[Picture]


async def product_reviews(
    tx: ReadTx, *, product_id: UUID, before: tuple[datetime, UUID], limit: int
) -> list[WrittenReview]:
    """Reviews of a product older than a position, newest first."""
    return [
        WrittenReview(**{**row, "media": _PICTURES.decode(row["media"])})
        for row in await tx.rows(PRODUCT_REVIEWS, product_id, *before, limit)
    ]


PRODUCT_SUMS = Sql("""
SELECT product_id AS id, count(*) AS count, sum(score) AS total
  FROM product_reviews WHERE product_id = ANY($1::uuid[]) GROUP BY product_id
""")


async def product_sums(tx: ReadTx, *, product_ids: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """Count and sum of scores by product; products without reviews are left out."""
    rows = await tx.rows(PRODUCT_SUMS, list(product_ids))
    return {row["id"]: (row["count"], row["total"]) for row in rows}


SELLER_SUMS = Sql("""
SELECT seller_id AS id, count(*) AS count, sum(score) AS total
  FROM seller_reviews WHERE seller_id = ANY($1::uuid[]) GROUP BY seller_id
""")


async def seller_sums(tx: ReadTx, *, seller_ids: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """Count and sum of scores by seller; sellers without reviews are left out."""
    rows = await tx.rows(SELLER_SUMS, list(seller_ids))
    return {row["id"]: (row["count"], row["total"]) for row in rows}


LINE_SCORES = Sql("""
SELECT r.order_line_id AS id, r.score
  FROM order_lines AS l JOIN product_reviews AS r ON r.order_line_id = l.id
 WHERE l.order_id = ANY($1::uuid[])
""")
ORDER_SCORES = Sql("SELECT order_id AS id, score FROM seller_reviews WHERE order_id = ANY($1::uuid[])")


async def line_scores(tx: ReadTx, *, order_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Scores of reviewed lines of orders."""
    return {row["id"]: row["score"] for row in await tx.rows(LINE_SCORES, list(order_ids))}


async def order_scores(tx: ReadTx, *, order_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Scores of orders whose seller was reviewed."""
    return {row["id"]: row["score"] for row in await tx.rows(ORDER_SCORES, list(order_ids))}
