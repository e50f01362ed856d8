"""Coupons: what buyers claim and have."""

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import get, post

from merx.kit import links
from merx.kit.errors import Conflict, DomainError
from merx.promotions import claim_coupon
from merx.queries.promotions import SeenCoupon, coupon_centre, coupon_list
from merx.storefront.core.forms import EmptyForm, PlainRequest, read_form
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.visit import Visit
from merx.storefront.promotions.view import CentreView, coupon_card, my_coupons_view

_PER_PAGE: Final = 50


@get("/coupons")
async def show_centre(visit: Visiting) -> Page:
    """The coupons that can be claimed now, those that end soonest first."""
    return await _draw_centre(visit)


@post("/coupons/{promotion_id:uuid}/claim", status_code=200)
async def submit_claim(request: PlainRequest, visit: Visiting, promotion_id: FromPath[UUID]) -> Page:
    """Claim a coupon; who is not logged in is led there and comes back. Raises UnknownPromotion."""
    await read_form(request, EmptyForm)
    if visit.account_id is None:
        return see_other(f"{links.login()}?{urlencode({'return_to': links.coupons()})}")
    try:
        await visit.services.db.write(
            lambda tx: claim_coupon(tx, actor=visit.buyer(), promotion_id=promotion_id, now=visit.now)
        )
    except Conflict as error:
        return await _draw_centre(visit, about=promotion_id, error=error, status=409)
    return see_other(links.coupons())


async def _draw_centre(
    visit: Visit, *, about: UUID | None = None, error: DomainError | None = None, status: int = 200
) -> Page:
    said = error_text(visit, error) if error else None
    async with visit.services.db.snapshot() as tx:
        centre = await coupon_centre(tx, actor=visit.buyer(), now=visit.now)
        mine: list[SeenCoupon] = []
        if visit.account_id is not None and any(each.claimed for each in centre.items):
            mine = (await coupon_list(tx, account_id=visit.account_id, now=visit.now, limit=_PER_PAGE)).items
        unused = {each.promotion.id for each in mine if each.state == "unused"}
        used_up = {each.promotion.id for each in mine} - unused
        view = CentreView(
            cards=tuple(
                coupon_card(
                    each, locale=visit.locale, used_up=used_up, error=said if each.id == about else None
                )
                for each in centre.items
            ),
            logged_in=visit.account_id is not None,
        )
        return await page(visit, tx, "promotions/coupons.html", view, status=status)


@get("/account/coupons")
async def show_mine(visit: Visiting, after: Cursor = None) -> Page:
    """The coupons of the account. Raises Unauthenticated, BadCursor."""
    account_id = visit.require_identity().account.id
    async with visit.services.db.snapshot() as tx:
        found = await coupon_list(tx, account_id=account_id, now=visit.now, after=after, limit=_PER_PAGE)
        more = (
            f"{links.my_coupons()}?{urlencode({'after': found.next_cursor})}" if found.next_cursor else None
        )
        view = my_coupons_view(found.items, locale=visit.locale, more_url=more)
        return await page(visit, tx, "promotions/my_coupons.html", view)


handlers = [show_centre, submit_claim, show_mine]
