"""What is answered besides what the queries show."""

from datetime import datetime
from uuid import UUID

import msgspec


class ReviewedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it was written."""

    order_line_id: UUID
    score: int
    body: str
    locale: str
    created_at: datetime


class ReviewedSeller(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it was written."""

    order_id: UUID
    score: int
    body: str
    locale: str
    created_at: datetime
