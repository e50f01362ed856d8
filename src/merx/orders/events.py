"""What happens to purchases and their orders. The subject of each is the purchase, so that its timeline has them.

Amounts are minor units. `availability_of` are the variants of which more or less can be sold now.
"""

from typing import ClassVar
from uuid import UUID

from merx.kit.events import Event


class PurchasePlaced(Event, frozen=True):
    """A cart became a purchase of so many orders that waits for payment; few are left of the variants named."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    number: str
    total: int
    currency: str
    orders: int
    availability_of: tuple[UUID, ...]


class PurchaseCancelled(Event, frozen=True):
    """A purchase was cancelled: unpaid, only authorized, or refunded before anything left.

    `reason` is "buyer", "expired", "refunded", "staff" or "undelivered".
    """

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    number: str
    reason: str
    availability_of: tuple[UUID, ...]


class PaymentMethodChosen(Event, frozen=True):
    """A purchase is paid another way than was chosen when ordering."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    provider: str
    payment_id: UUID
    payment_number: str


class OrderPaid(Event, frozen=True):
    """An order of a paid purchase may be shipped; `promised` when it was served on an authorization that is captured now."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    order_id: UUID
    order_number: str
    seller_id: UUID
    total: int
    currency: str
    promised: bool = False


class OrderAuthorized(Event, frozen=True):
    """An order may be shipped on an authorization."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    order_id: UUID
    order_number: str
    seller_id: UUID
    total: int
    currency: str
    provider: str


class OrderCancelled(Event, frozen=True):
    """An order was refunded in full before anything of it left, or its authorized money was voided.

    `reason` is that of its purchase when the money was only authorized.
    """

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    order_id: UUID
    order_number: str
    seller_id: UUID
    reason: str = ""


class OrderClosed(Event, frozen=True):
    """An order was received, and the time for after-sales is over."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    order_id: UUID
    order_number: str
