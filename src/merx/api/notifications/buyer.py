"""Notifications."""

from litestar import get, post

from merx.api.core.answers import Answer, answer, listed
from merx.api.core.call import open_call
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, read_query
from merx.api.core.requests import PageQuery
from merx.api.notifications import answers
from merx.api.notifications.requests import ReadNotifications
from merx.notifications import mark_read
from merx.queries.notifications import NotificationList, notification_list

# ---------------------------------------------------------------- notifications


@get(
    "/me/notifications",
    opt=operation("accounts", NotificationList, query=PageQuery, auth="account"),
)
async def show_notifications(request: ApiRequest) -> Answer:
    """List the account's notifications, newest first, in its language."""
    query = read_query(request, PageQuery)
    call = await open_call(request)
    account = call.require_account().account
    async with call.services.db.snapshot() as tx:
        found = await notification_list(
            tx, account_id=account.id, locale=account.locale, after=query.cursor, limit=query.limit
        )
    return listed(request, found, found.next_cursor)


@post(
    "/me/notifications/read",
    status_code=200,
    opt=operation("accounts", answers.ReadCount, body=ReadNotifications, auth="account"),
)
async def read_notifications(request: ApiRequest) -> Answer:
    """Mark notifications as read."""
    wanted = await read_body(request, ReadNotifications)
    call = await open_call(request)
    account_id = call.require_account().account.id
    count = await call.services.db.write(
        lambda tx: mark_read(tx, account_id=account_id, event_ids=wanted.event_ids, now=call.now)
    )
    return answer(answers.ReadCount(read=count))


handlers = [show_notifications, read_notifications]
