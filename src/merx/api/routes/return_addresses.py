"""Where a seller's buyers send goods back to."""

from uuid import UUID

from litestar import get, put
from litestar.params import FromPath

from merx.api import render_returns, return_views
from merx.api.answers import Answer, answer
from merx.api.call import open_call
from merx.api.operations import operation
from merx.api.reading import ApiRequest, read_body
from merx.api.requests import SetReturnAddress
from merx.infra.db import Tx
from merx.sellers import Seller, UnknownSeller, get_sellers, set_return_address


@get("/seller/return-addresses", opt=operation("seller", return_views.ReturnAddressListView, auth="seller"))
async def show_return_addresses(request: ApiRequest) -> Answer:
    """List where goods go back to, for each of the sellers one works for."""
    call = await open_call(request)
    identity = call.require_seller()
    async with call.services.db.snapshot() as tx:
        sellers = await get_sellers(tx, seller_ids=identity.seller_ids)
    items = [render_returns.return_address(each) for each in sorted(sellers.values(), key=_code)]
    return answer(return_views.ReturnAddressListView(items=items))


@put(
    "/seller/return-addresses/{seller_id:uuid}",
    opt=operation("seller", return_views.ReturnAddressView, body=SetReturnAddress, auth="seller"),
)
async def change_return_address(request: ApiRequest, seller_id: FromPath[UUID]) -> Answer:
    """Say where goods go back to. Saying it again changes nothing."""
    call = await open_call(request)
    identity = call.require_seller()
    wanted = await read_body(request, SetReturnAddress)
    if seller_id not in identity.seller_ids:
        raise UnknownSeller

    async def change(tx: Tx) -> Seller:
        await set_return_address(tx, seller_id=seller_id, address=wanted.return_address)
        return (await get_sellers(tx, seller_ids=[seller_id]))[seller_id]

    return answer(render_returns.return_address(await call.services.db.write(change)))


def _code(seller: Seller) -> str:
    return seller.code


handlers = [show_return_addresses, change_return_address]
