"""Log in, register, log out."""

import msgspec
from litestar import get, post

from merx.accounts import (
    PASSWORD_LEAST,
    PASSWORD_MOST,
    TooManyAttempts,
    check_email,
    check_name,
    check_password,
    count_registration,
    hash_password,
    log_in,
    log_out,
    register,
)
from merx.cart import merge_carts, open_cart_of, set_currency
from merx.kit.actors import Buyer
from merx.kit.errors import Conflict, Invalid, Unauthenticated
from merx.storefront.account.forms import LogInForm, RegisterForm
from merx.storefront.account.view import LogInView, RegisterView
from merx.storefront.core.forms import EmptyForm, PlainRequest, errors_of, form_view, local_path, read_form
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import ReturnTo, Visiting
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import CART, LOCALE, SESSION, Visit, forget, keep, keep_session


@get("/login")
async def show_log_in(visit: Visiting, return_to: ReturnTo = "/") -> Page:
    """The form; who is logged in already goes on."""
    if visit.identity is not None:
        return see_other(local_path(return_to))
    return await _draw_log_in(visit, FormView(), return_to)


@post("/login", status_code=200)
async def submit_log_in(request: PlainRequest, visit: Visiting) -> Page:
    """Log in; the guest's cart comes along."""
    form = await read_form(request, LogInForm)
    try:
        response = see_other(local_path(form.return_to))
        await _begin(visit, response, email=form.email, password=form.password)
    except (Unauthenticated, TooManyAttempts) as error:
        sent = form_view(msgspec.structs.asdict(form), errors={"form": error_text(visit, error)})
        status = 429 if isinstance(error, TooManyAttempts) else 422
        return await _draw_log_in(visit, sent, form.return_to, status=status)
    return response


@get("/register")
async def show_register(visit: Visiting, return_to: ReturnTo = "/") -> Page:
    """The form; who is logged in already goes on."""
    if visit.identity is not None:
        return see_other(local_path(return_to))
    return await _draw_register(visit, FormView(), return_to)


@post("/register", status_code=200)
async def submit_register(request: PlainRequest, visit: Visiting) -> Page:
    """Open an account and log in. The password is hashed before anything is looked up, so a taken address costs the same."""
    form = await read_form(request, RegisterForm)
    services = visit.services
    try:
        check_name(form.name)
        check_email(form.email)
        check_password(form.password)
        async with services.db.transaction() as tx:
            await count_registration(tx, services.keys, remote=visit.remote, now=visit.now)
        hashed = await hash_password(form.password)
        async with services.db.transaction() as tx:
            await register(
                tx,
                services.keys,
                email=form.email,
                password_hash=hashed,
                name=form.name,
                locale=visit.locale,
                now=visit.now,
            )
    except (Invalid, Conflict, TooManyAttempts) as error:
        fields = set(RegisterForm.__struct_fields__)
        sent = form_view(
            msgspec.structs.asdict(form), errors=errors_of(error, error_text(visit, error), fields=fields)
        )
        status = 429 if isinstance(error, TooManyAttempts) else 422
        return await _draw_register(visit, sent, form.return_to, status=status)
    response = see_other(local_path(form.return_to))
    await _begin(visit, response, email=form.email, password=form.password)
    return response


@post("/logout", status_code=200)
async def submit_log_out(request: PlainRequest, visit: Visiting) -> Page:
    """End the session, here and on the server."""
    await read_form(request, EmptyForm)
    if visit.session_token:
        async with visit.services.db.transaction() as tx:
            await log_out(tx, token=visit.session_token, now=visit.now)
    response = see_other("/")
    forget(response, SESSION)
    return response


async def _begin(visit: Visit, response: Page, *, email: str, password: str) -> None:
    """Open the session, bring the guest's cart into the account. Raises WrongCredentials, TooManyAttempts."""
    services = visit.services
    token, account = await log_in(
        services.db, services.keys, email=email, password=password, remote=visit.remote, now=visit.now
    )
    keep_session(response, visit, token)
    keep(response, visit, LOCALE, visit.locale)
    async with services.db.transaction() as tx:
        if visit.cart_key is not None:
            await merge_carts(
                tx,
                guest_cart=visit.cart_key.cart_id,
                actor=visit.buyer(),
                account_id=account.id,
                now=visit.now,
            )
            forget(response, CART)
        cart = await open_cart_of(tx, account_id=account.id)
        if cart is not None and cart.currency != visit.currency:
            await set_currency(
                tx, cart_id=cart.id, actor=Buyer(account.id), currency=visit.currency, now=visit.now
            )


async def _draw_log_in(visit: Visit, form: FormView, return_to: str, *, status: int = 200) -> Page:
    async with visit.services.db.snapshot() as tx:
        view = LogInView(form=form, return_to=local_path(return_to))
        return await page(visit, tx, "account/login.html", view, status=status)


async def _draw_register(visit: Visit, form: FormView, return_to: str, *, status: int = 200) -> Page:
    async with visit.services.db.snapshot() as tx:
        view = RegisterView(
            form=form,
            return_to=local_path(return_to),
            password_least=PASSWORD_LEAST,
            password_most=PASSWORD_MOST,
        )
        return await page(visit, tx, "account/register.html", view, status=status)


handlers = [show_log_in, submit_log_in, show_register, submit_register, submit_log_out]
