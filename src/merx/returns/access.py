"""Whose case it is, and how it comes to be locked: by its purchase and order, as every writer of either does."""

from collections.abc import Collection
from uuid import UUID

from merx.infra.db import ReadTx, Tx
from merx.orders import OrderView, UnknownOrder, buyer_order, lock_order
from merx.returns import store
from merx.returns.errors import UnknownReturn
from merx.returns.model import Return


async def get_return(tx: ReadTx, *, return_id: UUID) -> Return:
    """A case, for who may see all of them. Raises UnknownReturn."""
    case = await store.find_return(tx, return_id)
    if case is None:
        raise UnknownReturn
    return case


async def buyer_return(
    tx: ReadTx, *, return_id: UUID, account_id: UUID | None, access_hash: bytes | None
) -> Return:
    """A case, if this buyer may see its order. Raises UnknownReturn."""
    case = await get_return(tx, return_id=return_id)
    try:
        await buyer_order(tx, order_id=case.order_id, account_id=account_id, access_hash=access_hash)
    except UnknownOrder as error:
        raise UnknownReturn from error  # whether it exists is not for strangers to know
    return case


async def seller_return(tx: ReadTx, *, return_id: UUID, seller_ids: Collection[UUID]) -> Return:
    """A case, if it is of one of these sellers. Raises UnknownReturn."""
    case = await get_return(tx, return_id=return_id)
    if case.seller_id not in seller_ids:
        raise UnknownReturn
    return case


async def lock_return(tx: Tx, case: Return) -> tuple[Return, OrderView]:
    """Lock a case by its order, and return both as they are then."""
    view = await lock_order(tx, order_id=case.order_id)
    return await get_return(tx, return_id=case.id), view
