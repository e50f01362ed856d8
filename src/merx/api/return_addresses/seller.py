"""Where a seller's buyers send goods back to: what sellers say."""

from uuid import UUID

from litestar import get, put
from litestar.params import FromPath

from merx.api.core.answers import Answer, answer
from merx.api.core.call import open_call
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body
from merx.api.return_addresses.requests import SetReturnAddress
from merx.infra.db import Tx
from merx.queries.return_addresses import ReturnAddress, ReturnAddressList, return_address, return_addresses
from merx.sellers import UnknownSeller, set_return_address


@get("/seller/return-addresses", opt=operation("seller", ReturnAddressList, auth="seller"))
async def show_return_addresses(request: ApiRequest) -> Answer:
    """List where goods go back to, for each of the sellers one works for."""
    call = await open_call(request)
    seller = call.seller()
    async with call.services.db.snapshot() as tx:
        return answer(await return_addresses(tx, actor=seller))


@put(
    "/seller/return-addresses/{seller_id:uuid}",
    opt=operation("seller", ReturnAddress, body=SetReturnAddress, auth="seller"),
)
async def change_return_address(request: ApiRequest, seller_id: FromPath[UUID]) -> Answer:
    """Say where goods go back to. Saying it again changes nothing."""
    call = await open_call(request)
    seller = call.seller()
    wanted = await read_body(request, SetReturnAddress)
    if not seller.works_for(seller_id):
        raise UnknownSeller

    async def change(tx: Tx) -> ReturnAddress:
        await set_return_address(tx, seller_id=seller_id, address=wanted.return_address)
        return await return_address(tx, seller_id=seller_id, actor=seller)

    return answer(await call.services.db.write(change))


handlers = [show_return_addresses, change_return_address]
