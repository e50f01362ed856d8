"""What the catalogue does when something happened elsewhere."""

from collections.abc import Collection
from typing import Final, Protocol
from uuid import UUID

from merx.catalog.store.variants import products_of
from merx.infra.db import Tx
from merx.infra.outbox import Heard
from merx.infra.pages import forget_pages

LISTS: Final = "catalogue"
"""The tag of kept pages that show many products."""


class OfProduct(Protocol):
    """An event after which a product is not what its kept pages show."""

    @property
    def product_id(self) -> UUID:
        """The product."""


class OfAvailability(Protocol):
    """An event after which there is more or less of something than its kept pages show."""

    @property
    def availability_of(self) -> Collection[UUID]:
        """The variants."""


async def forget_changed_product(tx: Tx, heard: Heard[OfProduct]) -> None:
    """A product is not what its kept pages show."""
    await forget_pages(tx, [str(heard.event.product_id), LISTS])


async def forget_changed_availability(tx: Tx, heard: Heard[OfAvailability]) -> None:
    """There is more or less of something than its kept pages show."""
    variant_ids = list(heard.event.availability_of)
    if variant_ids:
        products = await products_of(tx, variant_ids=variant_ids)
        await forget_pages(tx, [str(product_id) for product_id in products])
