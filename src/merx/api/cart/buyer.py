"""Carts: the path every order takes."""

from uuid import UUID

import asyncpg
from litestar import delete, get, post, put
from litestar.params import FromPath

from merx.accounts import check_address, get_address
from merx.api.cart import answers
from merx.api.cart.requests import AddLine, CreateCart, SetAddress, SetDelivery, SetLine
from merx.api.core.answers import Answer, answer, done, nothing
from merx.api.core.call import Call, open_call, perform, shop_currency
from merx.api.core.errors import AddressChoice, ArticleChoice
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, idempotency_key, read_body
from merx.api.core.requests import SetPaymentMethod, typed_address
from merx.cart import (
    Cart,
    access_cart,
    cart_view,
    create_cart,
    open_cart_of,
    put_line,
    remove_line,
    set_address,
    set_delivery,
    set_provider,
)
from merx.catalog import variant_by_sku
from merx.infra.db import ReadTx, Tx
from merx.payments.providers import Sale, check_method
from merx.queries import carts as seen_carts

CART = "/carts/{cart_id:uuid}"


@post("/carts", opt=operation("carts", answers.CreatedCart, status=201, body=CreateCart, auth="cart"))
async def begin_cart(request: ApiRequest) -> Answer:
    """Begin a cart. An account has one open cart: it gets that one, with status 200, when there is one."""
    wanted = await read_body(request, CreateCart)
    call = await open_call(request)
    currency = shop_currency(call.services, wanted.currency)
    own = call.identity.account.locale if call.identity else call.services.settings.shop.default_locale
    locale = wanted.locale or own

    async def begin(tx: Tx) -> tuple[Cart, str | None, int]:
        mine = await open_cart_of(tx, account_id=call.account_id) if call.account_id else None
        if mine is not None:
            return mine, None, 200
        cart, token = await create_cart(
            tx, account_id=call.account_id, currency=currency, locale=locale, now=call.now
        )
        return cart, None if call.account_id else token, 201

    try:
        cart, token, status = await call.services.db.write(begin)
    except asyncpg.UniqueViolationError:  # the account began one at the same moment
        cart, token, status = await call.services.db.write(begin)
    view = answers.CreatedCart(
        id=cart.id,
        token=token,
        currency=cart.currency,
        locale=cart.locale,
        state=cart.state,
        version=cart.version,
    )
    return answer(view, status=status)


async def own_cart(tx: ReadTx, call: Call, cart_id: UUID) -> Cart:
    """The cart, if it is the caller's. Raises UnknownCart."""
    return await access_cart(tx, cart_id=cart_id, actor=call.buyer())


@get(CART, opt=operation("carts", seen_carts.SeenCart, auth="cart"))
async def show_cart(request: ApiRequest, cart_id: FromPath[UUID]) -> Answer:
    """Show a cart, priced at this moment."""
    call = await open_call(request)
    async with call.services.db.snapshot() as tx:
        cart = await own_cart(tx, call, cart_id)
        return answer(await seen_carts.seen_cart(tx, call.services.keys, cart=cart, now=call.now))


@post(
    f"{CART}/lines",
    opt=operation("carts", answers.LineAnswer, status=201, body=AddLine, auth="cart", key="optional"),
)
async def add_line(request: ApiRequest, cart_id: FromPath[UUID]) -> Answer:
    """Put units of an article into a cart; those of an article that is in it already are added."""
    wanted = await read_body(request, AddLine)
    if (wanted.variant_id is None) == (wanted.sku is None):
        raise ArticleChoice
    call = await open_call(request)
    variant_id = wanted.variant_id
    if variant_id is None:
        async with call.services.db.read() as read:
            variant_id = await variant_by_sku(read, sku=wanted.sku or "")

    async def add(tx: Tx) -> answers.LineAnswer:
        quantity = await put_line(
            tx, cart_id=cart_id, actor=call.buyer(),
            variant_id=variant_id, quantity=wanted.quantity, add=True, now=call.now,
        )  # fmt: skip
        return answers.LineAnswer(cart_id=cart_id, variant_id=variant_id, quantity=quantity)

    line, replayed = await perform(
        call, add, key=idempotency_key(request), route="carts.add_line", request=(cart_id, wanted),
        outcome=answers.LineAnswer,
    )  # fmt: skip
    return done(line, status=201, replayed=replayed)


@put(
    f"{CART}/lines/{{variant_id:uuid}}",
    opt=operation("carts", answers.LineAnswer, body=SetLine, auth="cart"),
)
async def set_line(request: ApiRequest, cart_id: FromPath[UUID], variant_id: FromPath[UUID]) -> Answer:
    """Set how many units a line has."""
    wanted = await read_body(request, SetLine)
    call = await open_call(request)
    quantity = await call.services.db.write(
        lambda tx: put_line(
            tx, cart_id=cart_id, actor=call.buyer(),
            variant_id=variant_id, quantity=wanted.quantity, add=False, now=call.now,
        )
    )  # fmt: skip
    return answer(answers.LineAnswer(cart_id=cart_id, variant_id=variant_id, quantity=quantity))


@delete(
    f"{CART}/lines/{{variant_id:uuid}}",
    status_code=200,
    opt=operation("carts", None, status=204, auth="cart"),
)
async def take_out(request: ApiRequest, cart_id: FromPath[UUID], variant_id: FromPath[UUID]) -> Answer:
    """Take a line out; what is not there is out already."""
    call = await open_call(request)
    await call.services.db.write(
        lambda tx: remove_line(
            tx, cart_id=cart_id, actor=call.buyer(),
            variant_id=variant_id, now=call.now,
        )
    )  # fmt: skip
    return nothing()


@put(f"{CART}/address", opt=operation("carts", answers.CartChoice, body=SetAddress, auth="cart"))
async def choose_address(request: ApiRequest, cart_id: FromPath[UUID]) -> Answer:
    """Set the delivery address: one typed in, or one of the account's address book."""
    wanted = await read_body(request, SetAddress)
    if (wanted.address is None) == (wanted.address_id is None):
        raise AddressChoice
    call = await open_call(request)
    keys = call.services.keys
    typed = check_address(typed_address(wanted.address)) if wanted.address else None

    async def choose(tx: Tx) -> Cart:
        address = typed
        if address is None:
            assert wanted.address_id is not None
            saved = await get_address(
                tx, keys, account_id=call.require_account().account.id, address_id=wanted.address_id
            )
            address = saved.address
        return await set_address(
            tx, keys, cart_id=cart_id, actor=call.buyer(),
            address=address, now=call.now,
        )  # fmt: skip

    return answer(_choices(await call.services.db.write(choose)))


def _choices(cart: Cart) -> answers.CartChoice:
    return answers.CartChoice(
        cart_id=cart.id,
        version=cart.version,
        country=cart.country,
        delivery=cart.delivery,
        payment_method=cart.provider,
    )


@put(f"{CART}/delivery", opt=operation("carts", answers.CartChoice, body=SetDelivery, auth="cart"))
async def choose_delivery(request: ApiRequest, cart_id: FromPath[UUID]) -> Answer:
    """Choose how the goods come."""
    wanted = await read_body(request, SetDelivery)
    call = await open_call(request)
    cart = await call.services.db.write(
        lambda tx: set_delivery(
            tx, cart_id=cart_id, actor=call.buyer(),
            method=wanted.method, now=call.now,
        )
    )  # fmt: skip
    return answer(_choices(cart))


@put(
    f"{CART}/payment-method",
    opt=operation("carts", answers.CartChoice, body=SetPaymentMethod, auth="cart"),
)
async def choose_payment_method(request: ApiRequest, cart_id: FromPath[UUID]) -> Answer:
    """Choose how to pay: by one of the methods that take the cart's currency and serve its sellers and country."""
    wanted = await read_body(request, SetPaymentMethod)
    call = await open_call(request)

    async def choose(tx: Tx) -> Cart:
        cart = await own_cart(tx, call, cart_id)
        quote = (await cart_view(tx, cart=cart, now=call.now)).quote
        sellers = len(quote.orders) if quote else 0
        sale = Sale(cart.currency, sellers, cart.country)
        check_method(call.services.providers.methods(), wanted.provider, sale)
        return await set_provider(
            tx, cart_id=cart_id, actor=call.buyer(),
            provider=wanted.provider, now=call.now,
        )  # fmt: skip

    return answer(_choices(await call.services.db.write(choose)))


@get(f"{CART}/quote", opt=operation("carts", seen_carts.SeenQuote, auth="cart"))
async def show_quote(request: ApiRequest, cart_id: FromPath[UUID]) -> Answer:
    """Show what a cart costs, why, and what can be chosen for it."""
    call = await open_call(request)
    async with call.services.db.snapshot() as tx:
        cart = await own_cart(tx, call, cart_id)
        return answer(await seen_carts.seen_quote(tx, call.services.providers, cart=cart, now=call.now))


handlers = [
    begin_cart,
    show_cart,
    add_line,
    set_line,
    take_out,
    choose_address,
    choose_delivery,
    choose_payment_method,
    show_quote,
]
