"""The address book."""

from uuid import UUID

import msgspec
from litestar import get, post

from merx.accounts import (
    SavedAddress,
    add_address,
    delete_address,
    get_address,
    update_address,
)
from merx.infra.db import Tx
from merx.kit import links
from merx.kit.errors import Conflict, Invalid
from merx.queries.addresses import address_list
from merx.storefront.addresses.view import AddressesView, filled_form
from merx.storefront.core.addresses import FIELDS, address_view, all_countries, typed_address
from merx.storefront.core.forms import AddressForm, EmptyForm, PlainRequest, errors_of, form_view, read_form
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import FromPath, Visiting
from merx.storefront.core.views import AddressFormView, FormView
from merx.storefront.core.visit import Visit

_HOME_COUNTRY = {"zh-CN": "CN", "en": "GB"}
"""What the list of countries begins with before anything is chosen."""


@get("/account/addresses")
async def show_addresses(visit: Visiting) -> Page:
    """All of them, the default first. Raises Unauthenticated."""
    account = visit.require_identity().account
    async with visit.services.db.snapshot() as tx:
        found = await address_list(tx, visit.services.keys, account_id=account.id)
        view = AddressesView(addresses=tuple(address_view(each, visit.locale) for each in found.items))
        return await page(visit, tx, "addresses/addresses.html", view)


@get("/account/addresses/new")
async def show_new(visit: Visiting) -> Page:
    """An empty form. Raises Unauthenticated."""
    account = visit.require_identity().account
    form = FormView(values={"name": account.name, "country": _HOME_COUNTRY[visit.locale]})
    return await _draw(visit, form, address_id=None)


@post("/account/addresses/new", status_code=200)
async def submit_new(request: PlainRequest, visit: Visiting) -> Page:
    """Add one. Raises Unauthenticated."""
    account = visit.require_identity().account
    form = await read_form(request, AddressForm)
    try:
        async with visit.services.db.transaction() as tx:
            await add_address(
                tx, visit.services.keys, account_id=account.id, address=typed_address(form),
                make_default=form.is_default is not None, now=visit.now,
            )  # fmt: skip
    except (Invalid, Conflict) as error:
        return await _again(visit, form, error, address_id=None)
    return see_other(links.addresses())


@get("/account/addresses/{address_id:uuid}")
async def show_one(visit: Visiting, address_id: FromPath[UUID]) -> Page:
    """One in its form. Raises Unauthenticated, UnknownAddress."""
    account = visit.require_identity().account
    async with visit.services.db.snapshot() as tx:
        saved = await get_address(tx, visit.services.keys, account_id=account.id, address_id=address_id)
    return await _draw(visit, filled_form(saved), address_id=address_id)


@post("/account/addresses/{address_id:uuid}", status_code=200)
async def submit_one(request: PlainRequest, visit: Visiting, address_id: FromPath[UUID]) -> Page:
    """Change one as it was shown. Raises Unauthenticated, UnknownAddress."""
    account = visit.require_identity().account
    form = await read_form(request, AddressForm)
    try:
        async with visit.services.db.transaction() as tx:
            await update_address(
                tx, visit.services.keys, account_id=account.id, address_id=address_id,
                expected_version=form.version or 0, address=typed_address(form),
                make_default=form.is_default is not None, now=visit.now,
            )  # fmt: skip
    except (Invalid, Conflict) as error:
        return await _again(visit, form, error, address_id=address_id)
    return see_other(links.addresses())


@post("/account/addresses/{address_id:uuid}/default", status_code=200)
async def make_default(request: PlainRequest, visit: Visiting, address_id: FromPath[UUID]) -> Page:
    """Use it from now on. Raises Unauthenticated, UnknownAddress."""
    account = visit.require_identity().account
    await read_form(request, EmptyForm)
    async with visit.services.db.transaction() as tx:
        saved = await get_address(tx, visit.services.keys, account_id=account.id, address_id=address_id)
        await _prefer(visit, tx, account.id, saved)
    return see_other(links.addresses())


async def _prefer(visit: Visit, tx: Tx, account_id: UUID, saved: SavedAddress) -> None:
    await update_address(
        tx, visit.services.keys, account_id=account_id, address_id=saved.id, expected_version=saved.version,
        address=saved.address, make_default=True, now=visit.now,
    )  # fmt: skip


@post("/account/addresses/{address_id:uuid}/delete", status_code=200)
async def submit_delete(request: PlainRequest, visit: Visiting, address_id: FromPath[UUID]) -> Page:
    """Delete it. Raises Unauthenticated, UnknownAddress."""
    account = visit.require_identity().account
    await read_form(request, EmptyForm)
    async with visit.services.db.transaction() as tx:
        await delete_address(tx, account_id=account.id, address_id=address_id)
    return see_other(links.addresses())


async def _again(
    visit: Visit, form: AddressForm, error: Invalid | Conflict, *, address_id: UUID | None
) -> Page:
    errors = errors_of(error, error_text(visit, error), fields=FIELDS)
    return await _draw(
        visit, form_view(msgspec.structs.asdict(form), errors=errors), address_id=address_id, status=422
    )


async def _draw(visit: Visit, form: FormView, *, address_id: UUID | None, status: int = 200) -> Page:
    view = AddressFormView(
        form=form, countries=all_countries(visit.locale), address_id=str(address_id) if address_id else None
    )
    async with visit.services.db.snapshot() as tx:
        return await page(visit, tx, "addresses/address_form.html", view, status=status)


handlers = [show_addresses, show_new, submit_new, show_one, submit_one, make_default, submit_delete]
