"""Coupons and codes: what buyers claim, have and enter."""

from typing import Final
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath

from merx.api.core.answers import Answer, answer, done, listed, nothing
from merx.api.core.call import open_call, perform
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, read_query, required_key
from merx.api.core.requests import PageQuery
from merx.api.promotions.answers import CartCodes, ClaimedCoupon
from merx.api.promotions.requests import EnterCode
from merx.cart import add_code, remove_code
from merx.infra.db import Tx
from merx.promotions import claim_coupon
from merx.queries.promotions import CouponCentre, CouponList, coupon_centre, coupon_list

CODES: Final = "/carts/{cart_id:uuid}/codes"


@get("/coupons", opt=operation("promotions", CouponCentre))
async def show_coupons(request: ApiRequest) -> Answer:
    """List what coupons can be claimed now. With a session, also what the account has had of them."""
    call = await open_call(request)
    async with call.services.db.snapshot() as tx:
        return answer(await coupon_centre(tx, actor=call.buyer(), now=call.now))


@post(
    "/coupons/{promotion_id:uuid}/claim",
    opt=operation("promotions", ClaimedCoupon, status=201, auth="account", key="required"),
)
async def claim(request: ApiRequest, promotion_id: FromPath[UUID]) -> Answer:
    """Claim a coupon: one of those that are left, and of those that one person may have."""
    call = await open_call(request)
    call.require_account()

    async def claim_it(tx: Tx) -> ClaimedCoupon:
        coupon = await claim_coupon(tx, actor=call.buyer(), promotion_id=promotion_id, now=call.now)
        return ClaimedCoupon(
            id=coupon.id,
            promotion_id=coupon.promotion_id,
            claimed_at=coupon.claimed_at,
            expires_at=coupon.expires_at,
        )

    coupon, replayed = await perform(
        call, claim_it, key=required_key(request), route="promotions.claim", request=(promotion_id,),
        outcome=ClaimedCoupon,
    )  # fmt: skip
    return done(coupon, status=201, replayed=replayed)


@get("/me/coupons", opt=operation("promotions", CouponList, query=PageQuery, auth="account"))
async def show_my_coupons(request: ApiRequest) -> Answer:
    """List one's coupons, newest first: unused, used and expired."""
    query = read_query(request, PageQuery)
    call = await open_call(request)
    account = call.require_account().account
    async with call.services.db.snapshot() as tx:
        page = await coupon_list(
            tx, account_id=account.id, now=call.now, after=query.cursor, limit=query.limit
        )
    return listed(request, page, page.next_cursor)


@post(CODES, opt=operation("carts", CartCodes, status=201, body=EnterCode, auth="cart"))
async def enter_code(request: ApiRequest, cart_id: FromPath[UUID]) -> Answer:
    """Put a promotion's code into a cart. Whether it applies, and why not, is in the quote."""
    wanted = await read_body(request, EnterCode)
    call = await open_call(request)
    cart = await call.services.db.write(
        lambda tx: add_code(
            tx, cart_id=cart_id, actor=call.buyer(),
            code=wanted.code, now=call.now,
        )
    )  # fmt: skip
    return answer(CartCodes(cart_id=cart.id, version=cart.version, codes=cart.codes), status=201)


@delete(f"{CODES}/{{code:str}}", status_code=200, opt=operation("carts", None, status=204, auth="cart"))
async def take_code_out(request: ApiRequest, cart_id: FromPath[UUID], code: FromPath[str]) -> Answer:
    """Take a code out of a cart; what is not there is out already."""
    call = await open_call(request)
    await call.services.db.write(
        lambda tx: remove_code(
            tx, cart_id=cart_id, actor=call.buyer(),
            code=code, now=call.now,
        )
    )  # fmt: skip
    return nothing()


handlers = [show_coupons, claim, show_my_coupons, enter_code, take_code_out]
