"""Reconciliation, for the platform's staff: the providers' bills, and what in them differs from the books."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import QueryParameter

from merx.infra.db import Tx
from merx.kit import links
from merx.kit.errors import Conflict, Invalid, Unavailable
from merx.queries.reconciliation import SeenDifference, bill_list, difference, difference_list
from merx.reconciliation import Difference, Resolution, ask_again, resolve_difference
from merx.storefront.core.forms import PlainRequest, form_view, read_form
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.reconciliation.forms import ResolutionForm
from merx.storefront.reconciliation.view import provider_names, reconciliation_view

_DIFFERENCES = 20
_BILLS = 14
BillsAfter = Annotated[str | None, QueryParameter(name="bills_after", max_length=512)]
Resolved = Annotated[bool, QueryParameter(name="resolved")]


@get("/staff/reconciliation")
async def show_reconciliation(
    visit: Visiting, after: Cursor = None, bills_after: BillsAfter = None, resolved: Resolved = False
) -> Page:
    """What differs, and the bills. Raises Unauthenticated, Forbidden, BadCursor."""
    visit.staff()
    return await _draw(visit, after=after, bills_after=bills_after, resolved=resolved)


async def _draw(
    visit: Visit,
    *,
    after: str | None = None,
    bills_after: str | None = None,
    resolved: bool = False,
    sent: tuple[SeenDifference, FormView] | None = None,
    status: int = 200,
) -> Page:
    async with visit.services.db.snapshot() as tx:
        view = reconciliation_view(
            await difference_list(
                tx, state="resolved" if resolved else "open", after=after, limit=_DIFFERENCES
            ),
            await bill_list(tx, after=bills_after, limit=_BILLS),
            resolved=resolved,
            names=provider_names(visit.services.providers, visit.locale),
            sent=sent,
        )
        return await page(visit, tx, "reconciliation/reconciliation.html", view, status=status)


@post("/staff/reconciliation/differences/{difference_id:uuid}", status_code=200)
async def submit_resolution(request: PlainRequest, visit: Visiting, difference_id: FromPath[UUID]) -> Page:
    """Resolve a difference with one click. Raises Unauthenticated, Forbidden, UnknownDifference."""
    staff = visit.staff()
    form = await read_form(request, ResolutionForm)
    resolution = Resolution(form.resolution)
    services = visit.services
    try:
        said = None
        if resolution is Resolution.RECHECK:
            said = await ask_again(services.db, services.providers, difference_id=difference_id)

        async def work(tx: Tx) -> Difference:
            return await resolve_difference(
                tx, difference_id=difference_id, resolution=resolution, note=form.note, actor=staff,
                now=visit.now, answer=said,
            )  # fmt: skip

        await services.db.write(work)
    except (Invalid, Conflict, Unavailable) as error:
        async with services.db.read() as read:
            found = await difference(read, difference_id=difference_id)
        field = "note" if error.code == "note_missing" else "form"
        back = form_view(msgspec.structs.asdict(form), errors={field: error_text(visit, error)})
        return await _draw(visit, sent=(found, back), status=422)
    return see_other(links.staff_reconciliation())


handlers = [show_reconciliation, submit_resolution]
