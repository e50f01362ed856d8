"""Accounts, sessions, address books and notifications."""

from uuid import UUID

from litestar import delete, get, post, put
from litestar.params import FromPath

from merx.accounts import (
    SavedAddress,
    StaleAddress,
    add_address,
    check_email,
    check_name,
    check_password,
    count_registration,
    delete_address,
    get_address,
    hash_password,
    list_addresses,
    log_in,
    log_out,
    register,
    update_address,
)
from merx.api import account_views, render
from merx.api.answers import REPLAYED, Answer, answer, listed, nothing, versioned
from merx.api.call import Call, open_call, perform
from merx.api.operations import operation
from merx.api.reading import ApiRequest, expected_version, idempotency_key, read_body, read_query
from merx.api.requests import LogIn, NoQuery, PageQuery, ReadNotifications, Register, SaveAddress
from merx.api.routes.carts import typed_address
from merx.cart import merge_carts, open_cart_of
from merx.infra.db import Tx
from merx.infra.http import PreconditionFailed
from merx.kit.i18n import LOCALES
from merx.notifications import Notification, count_unread, list_notifications, mark_read, word
from merx.sellers import seller_ids_of

ADDRESS = "/me/addresses/{address_id:uuid}"


def _remote(request: ApiRequest) -> str:
    return request.client.host if request.client else ""


@post("/accounts", opt=operation("accounts", account_views.SessionView, status=201, body=Register))
async def open_account(request: ApiRequest) -> Answer:
    """Open an account and log in. The e-mail address is what makes a repetition harmless: it is taken then."""
    wanted = await read_body(request, Register)
    call = await open_call(request)
    services = call.services
    email, name, password = (
        check_email(wanted.email),
        check_name(wanted.name),
        check_password(wanted.password),
    )
    locale = wanted.locale or services.settings.shop.default_locale
    assert locale in LOCALES
    async with services.db.transaction() as tx:
        await count_registration(tx, services.keys, remote=_remote(request), now=call.now)
    hashed = await hash_password(password)
    await services.db.write(
        lambda tx: register(
            tx, services.keys, email=email, password_hash=hashed, name=name, locale=locale, now=call.now
        )
    )
    token, account = await log_in(
        services.db, services.keys, email=email, password=password, remote=_remote(request), now=call.now
    )
    return answer(
        account_views.SessionView(token=token, account=render.account(account), cart_id=None), status=201
    )


@post("/sessions", opt=operation("accounts", account_views.SessionView, status=201, body=LogIn, auth="cart"))
async def open_session(request: ApiRequest) -> Answer:
    """Log in. A guest's cart comes along: its id in the body, its token in the header."""
    wanted = await read_body(request, LogIn)
    call = await open_call(request)
    services = call.services
    token, account = await log_in(
        services.db,
        services.keys,
        email=wanted.email,
        password=wanted.password,
        remote=_remote(request),
        now=call.now,
    )

    async def bring_cart(tx: Tx) -> tuple[UUID | None, frozenset[UUID]]:
        if wanted.cart_id is not None and call.access_hash is not None:
            await merge_carts(
                tx,
                guest_cart=wanted.cart_id,
                token_hash=call.access_hash,
                account_id=account.id,
                now=call.now,
            )
        cart = await open_cart_of(tx, account_id=account.id)
        return cart.id if cart else None, await seller_ids_of(tx, account_id=account.id)

    cart_id, seller_ids = await services.db.write(bring_cart)
    view = account_views.SessionView(
        token=token, account=render.account(account, seller_ids), cart_id=cart_id
    )
    return answer(view, status=201)


@delete("/sessions/current", status_code=200, opt=operation("accounts", None, status=204, auth="account"))
async def close_session(request: ApiRequest) -> Answer:
    """Log out."""
    call = await open_call(request)
    call.require_account()
    token = call.session_token
    assert token is not None
    await call.services.db.write(lambda tx: log_out(tx, token=token, now=call.now))
    return nothing()


@get("/me", opt=operation("accounts", account_views.AccountView, auth="account"))
async def show_me(request: ApiRequest) -> Answer:
    """Show the account that is logged in."""
    read_query(request, NoQuery)
    call = await open_call(request)
    return answer(render.identity(call.require_account()))


# ---------------------------------------------------------------- address book


@get("/me/addresses", opt=operation("accounts", account_views.AddressListView, auth="account"))
async def show_addresses(request: ApiRequest) -> Answer:
    """List the address book, the default address first."""
    call = await open_call(request)
    account_id = call.require_account().account.id
    async with call.services.db.snapshot() as tx:
        found = await list_addresses(tx, call.services.keys, account_id=account_id)
    return answer(account_views.AddressListView(items=[render.saved_address(each) for each in found]))


@post(
    "/me/addresses",
    opt=operation(
        "accounts",
        account_views.SavedAddressView,
        status=201,
        body=SaveAddress,
        auth="account",
        key="optional",
        etag=True,
    ),
)
async def save_address(request: ApiRequest) -> Answer:
    """Add an address to the address book."""
    wanted = await read_body(request, SaveAddress)
    call = await open_call(request)
    account_id = call.require_account().account.id
    keys = call.services.keys

    async def save(tx: Tx) -> UUID:
        saved = await add_address(
            tx, keys, account_id=account_id, address=typed_address(wanted.address),
            make_default=wanted.is_default, now=call.now,
        )  # fmt: skip
        return saved.id

    address_id, replayed = await perform(
        call, save, key=idempotency_key(request), route="addresses.add", request=(wanted,), outcome=UUID
    )
    async with call.services.db.snapshot() as tx:
        saved = await get_address(tx, keys, account_id=account_id, address_id=address_id)
    response = versioned(render.saved_address(saved), saved.version, status=201)
    response.headers.update(REPLAYED if replayed else {})
    return response


@get(ADDRESS, opt=operation("accounts", account_views.SavedAddressView, auth="account", etag=True))
async def show_address(request: ApiRequest, address_id: FromPath[UUID]) -> Answer:
    """Show one address of the address book."""
    call = await open_call(request)
    account_id = call.require_account().account.id
    async with call.services.db.snapshot() as tx:
        saved = await get_address(tx, call.services.keys, account_id=account_id, address_id=address_id)
    return versioned(render.saved_address(saved), saved.version)


@put(
    ADDRESS,
    opt=operation(
        "accounts", account_views.SavedAddressView, body=SaveAddress, auth="account", if_match=True, etag=True
    ),
)
async def change_address(request: ApiRequest, address_id: FromPath[UUID]) -> Answer:
    """Replace an address as it was read."""
    call = await open_call(request)
    account_id = call.require_account().account.id
    version = expected_version(request)
    wanted = await read_body(request, SaveAddress)

    async def change(tx: Tx) -> SavedAddress:
        present = await _present(tx, call, account_id, address_id, version)
        try:
            return await update_address(
                tx, call.services.keys, account_id=account_id, address_id=address_id,
                expected_version=present.version, address=typed_address(wanted.address),
                make_default=wanted.is_default, now=call.now,
            )  # fmt: skip
        except StaleAddress as error:
            raise PreconditionFailed(current=error.params["version"]) from error

    saved = await call.services.db.write(change)
    return versioned(render.saved_address(saved), saved.version)


async def _present(
    tx: Tx, call: Call, account_id: UUID, address_id: UUID, version: int | None
) -> SavedAddress:
    """The address, if it still has the version (None: any). Raises UnknownAddress, PreconditionFailed."""
    present = await get_address(tx, call.services.keys, account_id=account_id, address_id=address_id)
    if version is not None and present.version != version:
        raise PreconditionFailed(current=present.version)
    return present


@delete(ADDRESS, status_code=200, opt=operation("accounts", None, status=204, auth="account", if_match=True))
async def forget_address(request: ApiRequest, address_id: FromPath[UUID]) -> Answer:
    """Delete an address as it was read."""
    call = await open_call(request)
    account_id = call.require_account().account.id
    version = expected_version(request)

    async def forget(tx: Tx) -> None:
        await _present(tx, call, account_id, address_id, version)
        await delete_address(tx, account_id=account_id, address_id=address_id)

    await call.services.db.write(forget)
    return nothing()


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
    wording = word(found.kind, found.facts, locale=locale)
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


handlers = [
    open_account,
    open_session,
    close_session,
    show_me,
    show_addresses,
    save_address,
    show_address,
    change_address,
    forget_address,
    show_notifications,
    read_notifications,
]
