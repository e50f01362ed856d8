"""What is told of each order when its money, or its authorization, has arrived."""

from merx.orders import OrderAuthorized, OrderPaid, Purchase, SoldOrder


def order_paid(purchase: Purchase, order: SoldOrder, *, promised: bool = False) -> OrderPaid:
    """The order's money is there; `promised` when it was authorized before: its seller ships it, or has."""
    return OrderPaid(
        purchase_id=purchase.id, order_id=order.id, order_number=order.number, seller_id=order.seller_id,
        total=order.total, currency=order.currency, promised=promised, actor_id=purchase.account_id,
    )  # fmt: skip


def order_authorized(purchase: Purchase, order: SoldOrder, *, provider: str) -> OrderAuthorized:
    """The order's money is authorized: it may be shipped."""
    return OrderAuthorized(
        purchase_id=purchase.id, order_id=order.id, order_number=order.number, seller_id=order.seller_id,
        total=order.total, currency=order.currency, provider=provider, actor_id=purchase.account_id,
    )  # fmt: skip
