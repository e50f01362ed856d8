"""Reviews as they are shown."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.catalog import Picture


class ProductReview(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer says of a product. `author_name` is masked; `score` is 1 to 5."""

    order_line_id: UUID
    score: int
    body: str
    media: list[Picture]
    author_name: str
    locale: str
    created_at: datetime


class ProductReviewPage(msgspec.Struct, frozen=True):
    """Reviews of a product, newest first."""

    items: list[ProductReview]
    next_cursor: str | None


class Rating(msgspec.Struct, frozen=True):
    """How many reviews there are and their average in tenths: 47 is 4.7 of 5."""

    count: int
    average_tenths: int


class MyReviews(msgspec.Struct, frozen=True):
    """What the buyer of some orders has said already: scores by order line and by order."""

    lines: dict[UUID, int]
    orders: dict[UUID, int]
