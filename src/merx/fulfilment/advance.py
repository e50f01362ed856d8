"""The one step of a parcel from state to state, and how it comes to be locked."""

from datetime import datetime, timedelta
from uuid import UUID

from merx.fulfilment import store
from merx.fulfilment.errors import ParcelMoved, UnknownParcel
from merx.fulfilment.model import Fulfilment, FulfilmentState
from merx.infra.db import ReadTx, Tx
from merx.orders import lock_order


async def find_parcel(tx: ReadTx, *, fulfilment_id: UUID) -> Fulfilment:
    """A parcel. Raises UnknownParcel."""
    parcel = await store.find(tx, fulfilment_id=fulfilment_id)
    if parcel is None:
        raise UnknownParcel
    return parcel


async def lock_parcel(tx: Tx, parcel: Fulfilment) -> Fulfilment:
    """Lock a parcel by its order, as every writer of either does, and return it as it is then."""
    await lock_order(tx, order_id=parcel.order_id)
    return await find_parcel(tx, fulfilment_id=parcel.id)


async def advance(
    tx: Tx,
    *,
    fulfilment_id: UUID,
    to: FulfilmentState,
    now: datetime,
    auto_receive_after: timedelta | None = None,
) -> Fulfilment:
    """Move a parcel and return it. Raises ParcelMoved when its state does not lead there."""
    moved = await store.move(
        tx, fulfilment_id=fulfilment_id, to=to, now=now, auto_receive_after=auto_receive_after
    )
    parcel = await find_parcel(tx, fulfilment_id=fulfilment_id)
    if not moved:
        raise ParcelMoved(state=parcel.state, wanted=to)
    return parcel
