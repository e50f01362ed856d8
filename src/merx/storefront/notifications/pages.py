"""What the shop has to tell a person: to a seller, orders to pack; to a buyer, parcels on their way."""

from litestar import get, post

from merx.infra.db import Tx
from merx.kit import links
from merx.notifications import mark_read
from merx.queries.notifications import notification_list
from merx.storefront.core.forms import EmptyForm, PlainRequest, read_form
from merx.storefront.core.pages import Page, page, see_other
from merx.storefront.core.parameters import Cursor, Visiting
from merx.storefront.notifications.view import NotificationRow, NotificationsView


@get("/account/notifications")
async def show_notifications(visit: Visiting, after: Cursor = None) -> Page:
    """The account's notifications, the newest first. Raises Unauthenticated, BadCursor."""
    account_id = visit.require_identity().account.id
    async with visit.services.db.snapshot() as tx:
        found = await notification_list(tx, account_id=account_id, locale=visit.locale, after=after)
        rows = tuple(
            NotificationRow(
                title=each.title,
                text=each.text,
                url=each.path,
                at=each.created_at,
                unread=each.read_at is None,
            )
            for each in found.items
        )
        view = NotificationsView(
            rows=rows,
            any_unread=any(row.unread for row in rows),
            more_url=f"{links.notifications()}?after={found.next_cursor}" if found.next_cursor else None,
        )
        return await page(visit, tx, "notifications/notifications.html", view)


@post("/account/notifications/read")
async def read_all(request: PlainRequest, visit: Visiting) -> Page:
    """Mark everything as read. Raises Unauthenticated."""
    await read_form(request, EmptyForm)
    account_id = visit.require_identity().account.id

    async def read(tx: Tx) -> int:
        return await mark_read(tx, account_id=account_id, now=visit.now)

    await visit.services.db.write(read)
    return see_other(links.notifications())


handlers = [show_notifications, read_all]
