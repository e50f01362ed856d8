"""Where a shop wants goods sent back to."""

from uuid import UUID

import msgspec
from litestar import get, post

from merx.infra.db import ReadTx
from merx.kit import links
from merx.kit.errors import Invalid
from merx.queries.return_addresses import return_addresses
from merx.sellers import UnknownSeller, set_return_address
from merx.storefront.core.forms import PlainRequest, errors_of, form_view, read_form
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import FromPath, Visiting
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.return_addresses.forms import ReturnAddressForm
from merx.storefront.return_addresses.view import addresses_view


@get("/seller/return-addresses")
async def show_return_addresses(visit: Visiting) -> Page:
    """One for each of one's shops. Raises Unauthenticated, NoShop."""
    async with visit.services.db.snapshot() as tx:
        return await _draw(visit, tx)


@post("/seller/return-addresses/{seller_id:uuid}", status_code=200)
async def submit_return_address(request: PlainRequest, visit: Visiting, seller_id: FromPath[UUID]) -> Page:
    """Write one. Raises Unauthenticated, NoShop, UnknownSeller."""
    seller = visit.seller()
    form = await read_form(request, ReturnAddressForm)
    if not seller.works_for(seller_id):
        raise UnknownSeller
    try:
        async with visit.services.db.transaction() as tx:
            await set_return_address(tx, seller_id=seller_id, address=form.return_address)
    except Invalid as error:
        errors = errors_of(error, error_text(visit, error), fields={"return_address"})
        sent = form_view(msgspec.structs.asdict(form), errors=errors)
        async with visit.services.db.snapshot() as read:
            return await _draw(visit, read, sent={seller_id: sent}, status=422)
    return see_other(links.return_addresses())


async def _draw(
    visit: Visit, tx: ReadTx, *, sent: dict[UUID, FormView] | None = None, status: int = 200
) -> Page:
    found = await return_addresses(tx, actor=visit.seller())
    view = addresses_view(found, locale=visit.locale, sent=sent or {})
    return await page(visit, tx, "return_addresses/return_addresses.html", view, status=status)


handlers = [show_return_addresses, submit_return_address]
