"""To a buyer: a parcel of an order is on its way."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from merx.fulfilment import ParcelShipped, UnknownCarrier, find_carrier
from merx.infra.db import Tx
from merx.infra.translate import marked
from merx.kit import links
from merx.kit.i18n import pick
from merx.notifications.kind import NOBODY, Kind
from merx.orders import order_for_review


class Told(msgspec.Struct, frozen=True):
    """Which parcel of which order."""

    purchase_id: UUID
    order_id: UUID
    order_number: str
    carrier: str
    tracking_number: str


async def _audience(tx: Tx, event: ParcelShipped) -> Sequence[tuple[Sequence[UUID], Told]]:
    """The buyer, if they have an account."""
    order = await order_for_review(tx, order_id=event.order_id)
    if order is None or order.account_id is None:
        return NOBODY
    told = Told(event.purchase_id, event.order_id, event.order_number, event.carrier, event.tracking_number)
    return [([order.account_id], told)]


def _values(told: Told, locale: str) -> Mapping[str, object]:
    try:
        return {"carrier": pick(find_carrier(told.carrier).name, locale)}
    except UnknownCarrier:
        return {}  # of an old parcel: the list of carriers changes, what was sent does not


KIND: Final = Kind(
    name="parcel_shipped",
    events=(ParcelShipped,),
    told=Told,
    audience=_audience,
    title=marked("Your order %(order_number)s has shipped"),
    text=marked("Carrier: %(carrier)s. Tracking number: %(tracking_number)s."),
    values=_values,
    link=lambda told: links.order(told.purchase_id, told.order_id),
)
