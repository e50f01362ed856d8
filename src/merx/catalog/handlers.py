"""What the catalogue does when something happened elsewhere."""

from typing import Final
from uuid import UUID

from merx.catalog import store
from merx.infra.db import Tx
from merx.infra.outbox import StoredEvent
from merx.infra.pages import forget_pages

LISTS: Final = "catalogue"
"""The tag of kept pages that show many products."""


async def forget_changed_product(tx: Tx, event: StoredEvent) -> None:
    """A product is not what its kept pages show."""
    await forget_pages(tx, [str(event.subject_id), LISTS])


async def forget_changed_availability(tx: Tx, event: StoredEvent) -> None:
    """There is more or less of something than its kept pages show."""
    variant_ids = [UUID(text) for text in event.data["availability_of"]]
    if variant_ids:
        products = await store.products_of(tx, variant_ids=variant_ids)
        await forget_pages(tx, [str(product_id) for product_id in products])
