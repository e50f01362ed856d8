"""Read reviews and ratings."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from merx.accounts import account_contacts
from merx.infra.crypto import MasterKeys
from merx.infra.db import ReadTx
from merx.kit.paging import PAGE_LIMIT, decode_cursor, encode_cursor
from merx.reviews import store
from merx.reviews.model import MyReviews, ProductReview, ProductReviewPage, Rating
from merx.reviews.rules import mask_name, rating

_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


async def product_reviews(
    tx: ReadTx, keys: MasterKeys, *, product_id: UUID, after: str | None = None, limit: int = 20
) -> ProductReviewPage:
    """Reviews of a product, newest first, authors masked; an erased author is "*". Raises BadCursor."""
    before = decode_cursor(after, tuple[datetime, UUID]) if after else _NEWEST
    limit = max(1, min(limit, PAGE_LIMIT))
    found = await store.product_reviews(tx, product_id=product_id, before=before, limit=limit + 1)
    page = found[:limit]
    authors = await account_contacts(tx, keys, account_ids={each.account_id for each in page}) if page else {}
    items = [
        ProductReview(
            order_line_id=each.order_line_id,
            score=each.score,
            body=each.body,
            media=each.media,
            author_name=mask_name(authors[each.account_id].name if each.account_id in authors else ""),
            locale=each.locale,
            created_at=each.created_at,
        )
        for each in page
    ]
    more = len(found) > limit
    return ProductReviewPage(items, _cursor(items[-1]) if more else None)


def _cursor(review: ProductReview) -> str:
    return encode_cursor(review.created_at.isoformat(), str(review.order_line_id))


async def product_rating(tx: ReadTx, *, product_ids: Collection[UUID]) -> dict[UUID, Rating]:
    """The rating of every product asked for; without reviews it is Rating(0, 0)."""
    return _ratings(product_ids, await store.product_sums(tx, product_ids=product_ids))


async def seller_rating(tx: ReadTx, *, seller_ids: Collection[UUID]) -> dict[UUID, Rating]:
    """The rating of every seller asked for; without reviews it is Rating(0, 0)."""
    return _ratings(seller_ids, await store.seller_sums(tx, seller_ids=seller_ids))


def _ratings(ids: Collection[UUID], sums: dict[UUID, tuple[int, int]]) -> dict[UUID, Rating]:
    found = {each: rating(count=count, total=total) for each, (count, total) in sums.items()}
    return dict.fromkeys(ids, rating(count=0, total=0)) | found


async def my_reviews(tx: ReadTx, *, order_ids: Iterable[UUID]) -> MyReviews:
    """What was said already about these orders; the caller has made sure that they are the reader's own."""
    wanted = list(order_ids)
    return MyReviews(
        lines=await store.line_scores(tx, order_ids=wanted),
        orders=await store.order_scores(tx, order_ids=wanted),
    )
