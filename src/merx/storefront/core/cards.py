"""Products as cards, wherever a page lists some."""

from merx.catalog import ProductCard as Card
from merx.catalog import list_products
from merx.infra.db import ReadTx
from merx.reviews import product_rating
from merx.sellers import get_sellers
from merx.storefront.core import present, views
from merx.storefront.core.visit import Visit

SUGGESTED = 4


async def card_views(visit: Visit, tx: ReadTx, found: list[Card]) -> tuple[views.ProductCard, ...]:
    """Cards with their sellers' names and their scores: two statements for any number."""
    if not found:
        return ()
    sellers = await get_sellers(tx, seller_ids={card.seller_id for card in found})
    ratings = await product_rating(tx, product_ids=[card.id for card in found])
    return tuple(
        present.card_view(
            card, locale=visit.locale, currency=visit.currency, sellers=sellers, ratings=ratings
        )
        for card in found
    )


async def newest_cards(visit: Visit, tx: ReadTx, *, limit: int = SUGGESTED) -> tuple[views.ProductCard, ...]:
    """What an empty page may suggest."""
    found = await list_products(tx, currency=visit.currency, limit=limit)

    return await card_views(visit, tx, found.items)
