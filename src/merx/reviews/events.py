"""What reviews publish. No text of the review: events are never changed, a review may have to be."""

from typing import ClassVar
from uuid import UUID

from merx.kit.events import Event


class ProductReviewed(Event, frozen=True):
    """A buyer reviewed a product; the score is 1 to 5."""

    subject: ClassVar = "product_id"

    product_id: UUID
    order_line_id: UUID
    order_id: UUID
    purchase_id: UUID
    seller_id: UUID
    score: int


class SellerReviewed(Event, frozen=True):
    """A buyer reviewed a seller; the score is 1 to 5."""

    subject: ClassVar = "seller_id"

    seller_id: UUID
    order_id: UUID
    purchase_id: UUID
    score: int
