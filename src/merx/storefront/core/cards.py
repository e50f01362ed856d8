"""Products as cards, wherever a page lists some."""

from collections.abc import Iterable

from merx.infra.db import ReadTx
from merx.queries.browsing import OfferedCard, offered_list
from merx.storefront.core import present, views
from merx.storefront.core.visit import Visit

SUGGESTED = 4


def card_views(visit: Visit, found: Iterable[OfferedCard]) -> tuple[views.ProductCard, ...]:
    """Cards in the visitor's language and currency."""
    return tuple(present.card_view(each, locale=visit.locale, currency=visit.currency) for each in found)


async def newest_cards(visit: Visit, tx: ReadTx, *, limit: int = SUGGESTED) -> tuple[views.ProductCard, ...]:
    """What an empty page may suggest."""
    return card_views(visit, (await offered_list(tx, currency=visit.currency, limit=limit)).items)
