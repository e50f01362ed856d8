"""Lists of cases."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from merx.infra.db import ReadTx
from merx.kit.actors import Actor, Agent, Buyer, SellerMember, Staff, System, account_of
from merx.kit.paging import PAGE_LIMIT, decode_cursor, encode_cursor
from merx.returns import store
from merx.returns.model import Return, ReturnPage, ReturnState

_NEWEST: Final = UUID(int=2**128 - 1)


async def returns_of(tx: ReadTx, *, order_ids: Collection[UUID]) -> list[Return]:
    """The cases of orders the caller may see, newest first."""
    return await store.of_orders(tx, order_ids)


async def list_returns(
    tx: ReadTx,
    *,
    actor: Actor,
    states: Sequence[ReturnState] = tuple(ReturnState),
    after: str | None = None,
    limit: int = 20,
) -> ReturnPage:
    """The cases in these states that concern somebody: an account's, their sellers', or everybody's for the platform.

    A guest's are found by their orders (returns_of). Raises BadCursor.
    """
    before = decode_cursor(after, tuple[UUID])[0] if after else _NEWEST
    limit = max(1, min(limit, PAGE_LIMIT))
    wanted = [state.value for state in states]
    match actor:
        case SellerMember():
            found = await store.of_sellers(
                tx, seller_ids=actor.seller_ids, states=wanted, before=before, limit=limit + 1
            )
        case Staff() | System():
            found = await store.in_state(tx, states=wanted, before=before, limit=limit + 1)
        case Buyer() | Agent():
            found = await store.of_account(
                tx, account_id=account_of(actor), states=wanted, before=before, limit=limit + 1
            )
    page = found[:limit]
    return ReturnPage(page, encode_cursor(str(page[-1].id)) if len(found) > limit else None)
