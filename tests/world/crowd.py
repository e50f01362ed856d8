"""What a test of many callers counts."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tests.world.shop import Shop

from merx.checkout import Placed, PlacementQueue, PlaceOrder

DEADLINE = timedelta(minutes=30)


OpenQueue = Callable[[], Awaitable[PlacementQueue]]


def placed_only(outcomes: list[Any]) -> list[Placed]:
    return [outcome for outcome in outcomes if isinstance(outcome, Placed)]


def with_key(command: PlaceOrder, key: str) -> PlaceOrder:
    """The same order under another key."""
    return PlaceOrder(
        command.cart_id,
        key,
        command.expected_total,
        command.currency,
        command.buyer,
    )


async def counters(owner: Any, shop: Shop, sku: str) -> tuple[int, int, int]:
    """Units of a SKU over all places: received, held, sold; the journal must say the same."""
    row = await owner.fetchrow(
        "SELECT sum(received)::int, sum(held)::int, sum(sold)::int FROM allotments WHERE subject_id = $1",
        shop.variants[sku],
    )
    journal = await owner.fetchrow(
        """SELECT sum(received_delta)::int, sum(held_delta)::int, sum(sold_delta)::int FROM movements
            WHERE subject_id = $1""",
        shop.variants[sku],
    )
    assert tuple(row) == tuple(journal)
    return row[0], row[1], row[2]
