"""Where sellers' buyers send goods back to."""

from uuid import UUID

import msgspec

from merx.infra.db import ReadTx
from merx.kit.actors import SellerMember
from merx.kit.i18n import Text
from merx.sellers import Seller, UnknownSeller, get_sellers


class ReturnAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a seller's buyers send goods back to."""

    seller_id: UUID
    seller_code: str
    seller_name: Text
    return_address: str | None


class ReturnAddressList(msgspec.Struct, frozen=True, kw_only=True):
    """One for each seller."""

    items: list[ReturnAddress]


async def return_addresses(tx: ReadTx, *, actor: SellerMember) -> ReturnAddressList:
    """Those of all sellers one works for, by the sellers' codes."""
    sellers = await get_sellers(tx, seller_ids=actor.seller_ids)
    return ReturnAddressList(items=[_seen(each) for each in sorted(sellers.values(), key=_code)])


async def return_address(tx: ReadTx, *, seller_id: UUID, actor: SellerMember) -> ReturnAddress:
    """The one of a seller one works for. Raises UnknownSeller."""
    found = await get_sellers(tx, seller_ids=[seller_id] if actor.works_for(seller_id) else [])
    if seller_id not in found:
        raise UnknownSeller
    return _seen(found[seller_id])


def _code(seller: Seller) -> str:
    return seller.code


def _seen(seller: Seller) -> ReturnAddress:
    return ReturnAddress(
        seller_id=seller.id,
        seller_code=seller.code,
        seller_name=seller.name,
        return_address=seller.return_address,
    )
