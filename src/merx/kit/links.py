"""Where things are: the addresses of the shop's pages that are linked to from elsewhere, each by its name.

Pages, mails, notifications and answers take them from here; a test finds the page behind every one.
"""

from uuid import UUID


def purchase(purchase_id: UUID) -> str:
    """A purchase, for its buyer."""
    return f"/purchases/{purchase_id}"


def order(purchase_id: UUID, order_id: UUID) -> str:
    """An order, for its buyer."""
    return f"/purchases/{purchase_id}/orders/{order_id}"


def seller_order(order_id: UUID) -> str:
    """An order, for who works for its seller."""
    return f"/seller/orders/{order_id}"


def staff_disputes() -> str:
    """The disputes and failed refunds, for the platform's staff."""
    return "/staff/disputes"
