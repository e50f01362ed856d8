"""Promotions: what the platform's staff do with the platform's."""

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
from merx.api.promotions.requests import ChangePromotion, DescribePromotion, PromotionQuery
from merx.queries.promotions import ManagedPromotion, PromotionList

PROMOTION: Final = "/staff/promotions/{promotion_id:uuid}"


@get("/staff/promotions", opt=operation("staff", PromotionList, query=PromotionQuery, auth="staff"))
async def show_platform_promotions(request: ApiRequest) -> Answer:
    """List the platform's promotions, newest first, with what they have brought."""
    call = await open_call(request)
    return await list_of(request, call, call.staff())


@get(PROMOTION, opt=operation("staff", ManagedPromotion, auth="staff", etag=True))
async def show_platform_promotion(request: ApiRequest, promotion_id: FromPath[UUID]) -> Answer:
    """Show one of them."""
    call = await open_call(request)
    return await shown(call, call.staff(), promotion_id)


@put(
    PROMOTION,
    opt=operation("staff", ManagedPromotion, body=ChangePromotion, auth="staff", if_match=True, etag=True),
)
async def set_platform_promotion(request: ApiRequest, promotion_id: FromPath[UUID]) -> Answer:
    """Change its name, its end and its number of uses; what it takes off stays."""
    call = await open_call(request)
    return await changed(request, call, call.staff(), promotion_id)


handlers = [
    show_platform_promotions,
    show_platform_promotion,
    set_platform_promotion,
    *handlers_of(*commands("staff", body=DescribePromotion)),
]
