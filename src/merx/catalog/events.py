"""What the catalogue publishes."""

from typing import ClassVar
from uuid import UUID

from merx.kit.events import Event


class ProductChanged(Event, frozen=True):
    """Something a shopper sees of a product changed, or it is new; `previous_slug` is its address before."""

    subject: ClassVar = "product_id"

    product_id: UUID
    slug: str
    version: int
    previous_slug: str | None = None
