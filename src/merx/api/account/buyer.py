"""Accounts and sessions."""

from uuid import UUID

from litestar import delete, get, post

from merx.accounts import (
    check_email,
    check_name,
    check_password,
    count_registration,
    hash_password,
    log_in,
    log_out,
    register,
)
from merx.api.account import answers
from merx.api.account.requests import LogIn, Register
from merx.api.core.answers import Answer, answer, nothing
from merx.api.core.call import open_call
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, read_query
from merx.api.core.requests import NoQuery
from merx.cart import merge_carts, open_cart_of
from merx.infra.db import Tx
from merx.kit.i18n import LOCALES
from merx.queries import accounts as seen_accounts
from merx.sellers import seller_ids_of


def _remote(request: ApiRequest) -> str:
    return request.client.host if request.client else ""


@post("/accounts", opt=operation("accounts", answers.Session, status=201, body=Register))
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
        answers.Session(token=token, account=seen_accounts.account(account), cart_id=None), status=201
    )


@post("/sessions", opt=operation("accounts", answers.Session, status=201, body=LogIn, auth="cart"))
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
        if wanted.cart_id is not None:
            await merge_carts(
                tx, guest_cart=wanted.cart_id, actor=call.buyer(), account_id=account.id, now=call.now
            )
        cart = await open_cart_of(tx, account_id=account.id)
        return cart.id if cart else None, await seller_ids_of(tx, account_id=account.id)

    cart_id, seller_ids = await services.db.write(bring_cart)
    view = answers.Session(token=token, account=seen_accounts.account(account, seller_ids), cart_id=cart_id)
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


@get("/me", opt=operation("accounts", seen_accounts.SeenAccount, auth="account"))
async def show_me(request: ApiRequest) -> Answer:
    """Show the account that is logged in."""
    read_query(request, NoQuery)
    call = await open_call(request)
    return answer(seen_accounts.identity(call.require_account()))


handlers = [open_account, open_session, close_session, show_me]
