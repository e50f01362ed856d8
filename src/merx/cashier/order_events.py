"""What is told of each order when its money, or its authorization, has arrived. The subject is the purchase."""

from typing import Any

from merx.infra.db import Record
from merx.infra.outbox import Event
from merx.orders import Purchase


def order_paid(purchase: Purchase, order: Record) -> Event:
    """The order's money is there."""
    return Event("OrderPaid", purchase.id, _data(order), purchase.account_id)


def authorized_order_paid(purchase: Purchase, order: Record) -> Event:
    """The money that was authorized is there; its seller ships the order, or has."""
    return Event("OrderPaid", purchase.id, {**_data(order), "promised": True}, purchase.account_id)


def order_authorized(purchase: Purchase, order: Record, *, provider: str) -> Event:
    """The order's money is authorized: it may be shipped."""
    data = {**_data(order), "provider": provider}
    return Event("OrderAuthorized", purchase.id, data, purchase.account_id)


def _data(order: Record) -> dict[str, Any]:
    return {
        "order_id": str(order["id"]), "order_number": order["number"], "seller_id": str(order["seller_id"]),
        "total": order["total"], "currency": order["currency"],
    }  # fmt: skip
