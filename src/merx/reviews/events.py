"""What reviews publish. No text of the review: events are never changed, a review may have to be."""

from uuid import UUID

from merx.infra.outbox import Event
from merx.orders import ReviewableLine, ReviewableOrder

PRODUCT_REVIEWED = "ProductReviewed"
SELLER_REVIEWED = "SellerReviewed"


def product_reviewed(line: ReviewableLine, *, score: int, account_id: UUID) -> Event:
    """A buyer reviewed a product."""
    return Event(
        kind=PRODUCT_REVIEWED,
        subject_id=line.product_id,
        data={
            "order_line_id": str(line.order_line_id),
            "order_id": str(line.order_id),
            "purchase_id": str(line.purchase_id),
            "seller_id": str(line.seller_id),
            "score": score,
        },
        actor_id=account_id,
    )


def seller_reviewed(order: ReviewableOrder, *, score: int, account_id: UUID) -> Event:
    """A buyer reviewed a seller."""
    return Event(
        kind=SELLER_REVIEWED,
        subject_id=order.seller_id,
        data={"order_id": str(order.order_id), "purchase_id": str(order.purchase_id), "score": score},
        actor_id=account_id,
    )
