"""Notifications."""

from litestar import get, post

from merx.api import account_views
from merx.api.core.answers import Answer, answer, listed
from merx.api.core.call import open_call
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, read_query
from merx.api.core.requests import PageQuery
from merx.api.notifications.requests import ReadNotifications
from merx.notifications import Notification, count_unread, list_notifications, mark_read, word

# ---------------------------------------------------------------- notifications


@get(
    "/me/notifications",
    opt=operation("accounts", account_views.NotificationListView, query=PageQuery, auth="account"),
)
async def show_notifications(request: ApiRequest) -> Answer:
    """List the account's notifications, newest first, in its language."""
    query = read_query(request, PageQuery)
    call = await open_call(request)
    account = call.require_account().account
    async with call.services.db.snapshot() as tx:
        page = await list_notifications(tx, account_id=account.id, after=query.cursor, limit=query.limit)
        unread = await count_unread(tx, account_id=account.id)
    view = account_views.NotificationListView(
        items=[_notification(each, account.locale) for each in page.items],
        unread=unread,
        next_cursor=page.next_cursor,
    )
    return listed(request, view, page.next_cursor)


def _notification(found: Notification, locale: str) -> account_views.NotificationView:
    wording = word(found, locale=locale)
    return account_views.NotificationView(
        event_id=found.event_id,
        kind=found.kind,
        title=wording.title,
        text=wording.text,
        path=wording.path,
        created_at=found.created_at,
        read_at=found.read_at,
    )


@post(
    "/me/notifications/read",
    status_code=200,
    opt=operation("accounts", account_views.ReadView, body=ReadNotifications, auth="account"),
)
async def read_notifications(request: ApiRequest) -> Answer:
    """Mark notifications as read."""
    wanted = await read_body(request, ReadNotifications)
    call = await open_call(request)
    account_id = call.require_account().account.id
    count = await call.services.db.write(
        lambda tx: mark_read(tx, account_id=account_id, event_ids=wanted.event_ids, now=call.now)
    )
    return answer(account_views.ReadView(read=count))


handlers = [show_notifications, read_notifications]
