"""Events of the catalogue."""

from typing import Final
from uuid import UUID

from merx.infra.outbox import Event

PRODUCT_CHANGED: Final = "ProductChanged"
"""Something a shopper sees of a product changed, or the product is new. Subject: the product.

Data: `slug`, `version`, and `previous_slug` when the address changed.
"""


def product_changed(
    *,
    product_id: UUID,
    slug: str,
    version: int,
    previous_slug: str | None = None,
    actor_id: UUID | None = None,
) -> Event:
    """The event of one changed product."""
    data: dict[str, str | int] = {"slug": slug, "version": version}
    if previous_slug is not None and previous_slug != slug:
        data["previous_slug"] = previous_slug
    return Event(kind=PRODUCT_CHANGED, subject_id=product_id, data=data, actor_id=actor_id)
