"""Give products their pictures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from merx.catalog.errors import BadMedia, UnknownProduct
from merx.catalog.events import ProductChanged
from merx.catalog.model import Text
from merx.catalog.store.pictures import known_media, replace_pictures
from merx.catalog.store.products import lock_products, products_by_id, update_products
from merx.infra.db import Tx
from merx.infra.outbox import publish


async def set_media(tx: Tx, *, media: Mapping[UUID, Sequence[tuple[UUID, Text]]], now: datetime) -> int:
    """Give each product exactly these pictures (media id, alt text), in this order.

    Returns how many products changed.

    Products that have them already are not touched. Raises UnknownProduct, BadMedia; then nothing is written.
    """
    wanted_media = {media_id for pictures in media.values() for media_id, _ in pictures}
    missing = wanted_media - await known_media(tx, media_ids=wanted_media)
    if missing:
        raise BadMedia(detail=str(min(missing)))
    await lock_products(tx, product_ids=media)
    products = await products_by_id(tx, product_ids=list(media))
    if products.keys() != media.keys():
        raise UnknownProduct
    changed = [
        product
        for product in products.values()
        if [(picture.id, picture.alt) for picture in product.pictures] != list(media[product.id])
    ]
    await replace_pictures(tx, pictures={product.id: media[product.id] for product in changed})
    await update_products(tx, products=changed, now=now)
    await publish(tx, [ProductChanged(one.id, one.slug, one.version + 1) for one in changed], now=now)
    return len(changed)
