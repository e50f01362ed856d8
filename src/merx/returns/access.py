"""Whose case it is, and how it comes to be locked: by its purchase and order, as every writer of either does."""

from uuid import UUID

from merx.infra.db import ReadTx, Tx
from merx.kit.actors import Actor, SellerMember, Staff, System
from merx.orders import OrderView, UnknownOrder, get_order, lock_order
from merx.returns import store
from merx.returns.errors import UnknownReturn
from merx.returns.model import Return


async def get_return(tx: ReadTx, *, return_id: UUID, actor: Actor) -> Return:
    """A case, for its buyer, its seller and the platform. Raises UnknownReturn for everybody else.

    Whether it exists is not for strangers to know.
    """
    case = await store.find_return(tx, return_id)
    if case is None or not await _may_see(tx, case, actor):
        raise UnknownReturn
    return case


async def _may_see(tx: ReadTx, case: Return, actor: Actor) -> bool:
    if isinstance(actor, Staff | System):
        return True
    if isinstance(actor, SellerMember):
        return actor.works_for(case.seller_id)
    try:
        await get_order(tx, order_id=case.order_id, actor=actor)
    except UnknownOrder:
        return False
    return True


async def lock_return(tx: Tx, *, return_id: UUID, actor: Actor) -> tuple[Return, OrderView]:
    """Lock a case by its order, and return both as they are then. Raises UnknownReturn."""
    case = await get_return(tx, return_id=return_id, actor=actor)
    view = await lock_order(tx, order_id=case.order_id)
    locked = await store.find_return(tx, return_id)
    assert locked is not None
    return locked, view
