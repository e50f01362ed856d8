"""Promotions: what a seller does with its own."""

from typing import Final
from uuid import UUID

from litestar import get, put
from litestar.params import FromPath

from merx.api.core.answers import Answer
from merx.api.core.call import open_call
from merx.api.core.commands import handlers_of
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest
from merx.api.promotions.keeping import changed, commands, list_of, shown
from merx.api.promotions.requests import ChangePromotion, MakePromotion, PromotionQuery
from merx.queries.promotions import ManagedPromotion, PromotionList

PROMOTION: Final = "/seller/promotions/{promotion_id:uuid}"


@get("/seller/promotions", opt=operation("seller", PromotionList, query=PromotionQuery, auth="seller"))
async def show_promotions(request: ApiRequest) -> Answer:
    """List the promotions of the sellers one works for, newest first, with what they have brought."""
    call = await open_call(request)
    return await list_of(request, call, call.seller())


@get(PROMOTION, opt=operation("seller", ManagedPromotion, auth="seller", etag=True))
async def show_promotion(request: ApiRequest, promotion_id: FromPath[UUID]) -> Answer:
    """Show one of them."""
    call = await open_call(request)
    return await shown(call, call.seller(), promotion_id)


@put(
    PROMOTION,
    opt=operation("seller", ManagedPromotion, body=ChangePromotion, auth="seller", if_match=True, etag=True),
)
async def set_promotion(request: ApiRequest, promotion_id: FromPath[UUID]) -> Answer:
    """Change its name, its end and its number of uses; what it takes off stays."""
    call = await open_call(request)
    return await changed(request, call, call.seller(), promotion_id)


handlers = [
    show_promotions,
    show_promotion,
    set_promotion,
    *handlers_of(*commands("seller", body=MakePromotion)),
]
