"""Reconciliation, for the platform's staff: the providers' bills, and what in them differs from the books."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import QueryParameter

from merx.infra.db import Tx
from merx.kit.errors import Conflict, Invalid, Unavailable
from merx.reconciliation import (
    Difference,
    Resolution,
    ask_again,
    get_difference,
    list_bills,
    list_differences,
    resolve_difference,
)
from merx.storefront.core.forms import PlainRequest, form_view, read_form
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.reconciliation.forms import ResolutionForm
from merx.storefront.reconciliation.view import (
    FOLDER,
    ReconciliationView,
    bill_row,
    difference_card,
    provider_names,
)

_DIFFERENCES = 20


_BILLS = 14


BillsAfter = Annotated[str | None, QueryParameter(name="bills_after", max_length=512)]


Resolved = Annotated[bool, QueryParameter(name="resolved")]


@get(FOLDER)
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
    sent: tuple[Difference, FormView] | None = None,
    status: int = 200,
) -> Page:
    """`sent` is a form that came back: its difference stands first."""
    names = provider_names(visit.services.providers, visit.locale)
    async with visit.services.db.snapshot() as tx:
        found = await list_differences(
            tx, state="resolved" if resolved else "open", after=after, limit=_DIFFERENCES
        )
        bills = await list_bills(tx, after=bills_after, limit=_BILLS)
        cards = [
            difference_card(each, names=names) for each in found.items if not sent or each.id != sent[0].id
        ]
        if sent is not None:
            cards.insert(0, difference_card(sent[0], names=names, form=sent[1]))
        which = "resolved=true&" if resolved else ""
        view = ReconciliationView(
            resolved=resolved,
            differences=tuple(cards),
            more_url=f"{FOLDER}?{which}after={found.next_cursor}" if found.next_cursor else None,
            bills=tuple(bill_row(each, names=names) for each in bills.items),
            more_bills_url=f"{FOLDER}?bills_after={bills.next_cursor}#bills" if bills.next_cursor else None,
        )
        return await page(visit, tx, "reconciliation/reconciliation.html", view, status=status)


@post(FOLDER + "/differences/{difference_id:uuid}", status_code=200)
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
            found = await get_difference(read, difference_id=difference_id)
        field = "note" if error.code == "note_missing" else "form"
        back = form_view(msgspec.structs.asdict(form), errors={field: error_text(visit, error)})
        return await _draw(visit, sent=(found, back), status=422)
    return see_other(FOLDER)


handlers = [show_reconciliation, submit_resolution]
