"""The checkout: one page, one form, one order button."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

from litestar import get, post

from merx.accounts import (
    PostalAddress,
    SavedAddress,
    TooManyAddresses,
    add_address,
    check_address,
    check_email,
    get_address,
    list_addresses,
)
from merx.cart import Cart, CartLineView, access_cart, cart_view, set_address, set_delivery, set_provider
from merx.checkout import (
    CartChanged,
    CartIncomplete,
    DeliveryRefused,
    OutOfStock,
    Placed,
    PlaceOrder,
    PriceChanged,
    Refused,
)
from merx.infra.crypto import token_hash
from merx.infra.db import ReadTx
from merx.kit import links
from merx.kit.actors import Buyer
from merx.kit.errors import Conflict, DomainError, Invalid, NotFound, Unavailable
from merx.kit.ids import new_id
from merx.kit.money import Money
from merx.payments.providers import Manner, Method, MethodNotOffered, Sale, check_method
from merx.pricing import Quote
from merx.promotions import PromotionUsedUp
from merx.queries.offers import Deliveries, deliveries_for
from merx.queries.promotions import cart_promotions
from merx.sellers import Seller, get_sellers
from merx.storefront.checkout import view as checkout_view
from merx.storefront.core import present, views
from merx.storefront.core.addresses import FIELDS, address_view, all_countries, countries, typed_address
from merx.storefront.core.cart_page import draw_cart
from merx.storefront.core.carts import find_cart
from merx.storefront.core.forms import CheckoutForm, PlainRequest, errors_of, form_view, read_form
from merx.storefront.core.pages import Page, error_text, fragment, page, see_other
from merx.storefront.core.parameters import Visiting
from merx.storefront.core.paying import go_to_payment, provider_name
from merx.storefront.core.visit import CART, PURCHASES, Visit, forget, keep, purchases_text

_IN_THE_CART: Final[Mapping[str, type[DomainError]]] = {
    error.code: error for error in (CartChanged, OutOfStock, PromotionUsedUp)
}


_IN_THE_FORM: Final[Mapping[str, type[DomainError]]] = {
    error.code: error for error in (CartIncomplete, DeliveryRefused, MethodNotOffered, PriceChanged)
}


class ChooseDelivery(Invalid):
    """A delivery method that these sellers do not offer together."""

    code = "choose_delivery"
    message = "Choose a delivery method of the list."


@get("/checkout")
async def show_checkout(visit: Visiting) -> Page:
    """The form, filled with what is known; an empty or troubled cart is shown instead."""
    async with visit.services.db.snapshot() as tx:
        cart = await find_cart(visit, tx)
        if cart is None:
            return see_other(links.cart())
        return await draw_checkout(visit, tx, cart, form=None)


@post("/checkout/totals", status_code=200)
async def show_totals(request: PlainRequest, visit: Visiting) -> Page:
    """Only the totals, for another choice of delivery."""
    form = await read_form(request, CheckoutForm)
    async with visit.services.db.snapshot() as tx:
        cart = await _own_cart(visit, tx, form.cart_id)
        view = await _checkout_view(visit, tx, cart, form=form, errors={})
        return fragment(visit, "checkout/checkout_totals.html", view=view)


@post("/checkout", status_code=200)
async def submit_checkout(request: PlainRequest, visit: Visiting) -> Page:
    """Order, or only update the page. A repeat of an order that went through leads to its purchase."""
    form = await read_form(request, CheckoutForm)
    async with visit.services.db.snapshot() as tx:
        cart = await _own_cart(visit, tx, form.cart_id)
        if cart.state != "open":
            return see_other(links.purchase(cart.purchase_id) if cart.purchase_id else links.cart())
        if form.action == "update":
            return await draw_checkout(visit, tx, cart, form=form)
    try:
        address, saved = await _chosen_address(visit, form)
        await _complete(visit, cart, form, address)
    except (Invalid, Conflict, NotFound) as error:
        return await _again(visit, cart, form, error)
    if form.expected_total is None:
        return await _again(visit, cart, form, PriceChanged())
    outcome = await visit.services.placement.place(
        PlaceOrder(
            cart_id=cart.id, idempotency_key=str(form.idempotency_key), expected_total=form.expected_total,
            currency=form.expected_currency, buyer=_buyer_of(visit, cart.id),
        )
    )  # fmt: skip
    if isinstance(outcome, Refused):
        return await _refused(visit, cart, form, outcome)
    if visit.account_id is not None and saved is None:
        await _remember(visit, visit.account_id, address)
    return await _on_to_payment(visit, outcome)


def _buyer_of(visit: Visit, cart_id: UUID) -> Buyer:
    """Whoever orders, with nothing to show but what is this cart's: a repeat of the order is the same then."""
    key = visit.cart_key
    shown = key and key.cart_id == cart_id
    return Buyer(visit.account_id, frozenset([token_hash(key.token)] if key and shown else ()))


async def _own_cart(visit: Visit, tx: ReadTx, cart_id: UUID) -> Cart:
    """The cart that the form was made for, in any state. Raises UnknownCart."""
    return await access_cart(tx, cart_id=cart_id, actor=visit.buyer())


async def _chosen_address(visit: Visit, form: CheckoutForm) -> tuple[PostalAddress, SavedAddress | None]:
    """The saved address or the typed one, checked. Raises UnknownAddress, Invalid with the field it is about."""
    if form.address_id and visit.account_id is not None:
        async with visit.services.db.read() as tx:
            saved = await get_address(
                tx, visit.services.keys, account_id=visit.account_id, address_id=UUID(form.address_id)
            )
        return saved.address, saved
    address = check_address(typed_address(form))
    if visit.account_id is None:
        check_email(form.email)
    return address, None


async def _complete(visit: Visit, cart: Cart, form: CheckoutForm, address: PostalAddress) -> None:
    """Write the choices into the cart. Raises MethodNotOffered, ChooseDelivery, CartClosed."""
    services, actor = visit.services, visit.buyer()
    async with services.db.transaction() as tx:
        found = await cart_view(tx, cart=cart, now=visit.now)
        sale = Sale(cart.currency, _sellers_of(found.lines), address.country)
        check_method(services.providers.methods(), form.payment, sale, field="payment")
        if form.delivery not in (await deliveries_for(tx, found, now=visit.now)).reaching(address.country):
            raise ChooseDelivery(field="delivery")
        await set_address(tx, services.keys, cart_id=cart.id, actor=actor, address=address, now=visit.now)
        await set_delivery(tx, cart_id=cart.id, actor=actor, method=form.delivery, now=visit.now)
        await set_provider(tx, cart_id=cart.id, actor=actor, provider=form.payment, now=visit.now)


def _sellers_of(lines: Sequence[CartLineView]) -> int:
    """How many sellers' orders a cart would become."""
    return len({line.seller_id for line in lines if line.problem is None})


async def _refused(visit: Visit, cart: Cart, form: CheckoutForm, refusal: Refused) -> Page:
    """What stands in the way belongs to the cart, to this form, or to nobody's page."""
    if refusal.code in _IN_THE_CART:
        error = _IN_THE_CART[refusal.code](**refusal.params)
        async with visit.services.db.snapshot() as tx:
            return await draw_cart(visit, tx, notice=error_text(visit, error), status=409)
    if refusal.code in _IN_THE_FORM:
        return await _again(visit, cart, form, _IN_THE_FORM[refusal.code](**refusal.params))
    raise OrderRefused


class OrderRefused(Unavailable):
    """The order was not placed for a reason that the shopper cannot change."""

    code = "order_refused"
    message = "The order could not be placed. Nothing was charged. Load the checkout anew and try again."


async def _again(visit: Visit, cart: Cart, form: CheckoutForm, error: DomainError) -> Page:
    """The form once more, with what is wrong next to its field."""
    changed = isinstance(error, PriceChanged)
    errors = (
        {} if changed else errors_of(error, error_text(visit, error), fields=FIELDS | {"delivery", "payment"})
    )
    async with visit.services.db.snapshot() as tx:
        return await draw_checkout(
            visit, tx, cart, form=form, errors=errors, changed=changed, status=409 if changed else 422
        )


async def _remember(visit: Visit, account_id: UUID, address: PostalAddress) -> None:
    """Keep a new address for the next time; a full address book is no reason to disturb an order."""
    try:
        async with visit.services.db.transaction() as tx:
            await add_address(tx, visit.services.keys, account_id=account_id, address=address, now=visit.now)
    except TooManyAddresses:
        return


async def _on_to_payment(visit: Visit, placed: Placed) -> Page:
    """To the provider, or to the purchase's page when the provider does not answer now."""
    key = visit.cart_key if visit.account_id is None else None
    response = await go_to_payment(visit, placed.purchase_id, actor=visit.buyer())
    if key is not None:
        keep(response, visit, PURCHASES, purchases_text({**visit.purchases, placed.purchase_id: key.token}))
    forget(response, CART)
    return response


async def draw_checkout(
    visit: Visit,
    tx: ReadTx,
    cart: Cart,
    *,
    form: CheckoutForm | None,
    errors: Mapping[str, str] | None = None,
    changed: bool = False,
    status: int = 200,
) -> Page:
    """The page; the cart instead when there is something to settle in it first."""
    found = await cart_view(tx, cart=cart, now=visit.now)
    if not found.lines or any(line.problem for line in found.lines):
        return see_other(links.cart())
    view = await _checkout_view(visit, tx, cart, form=form, errors=errors or {}, changed=changed)
    return await page(visit, tx, "checkout/checkout.html", view, status=status)


async def _checkout_view(
    visit: Visit,
    tx: ReadTx,
    cart: Cart,
    *,
    form: CheckoutForm | None,
    errors: Mapping[str, str],
    changed: bool = False,
) -> checkout_view.CheckoutView:
    found = await cart_view(tx, cart=cart, now=visit.now)
    sellers = await get_sellers(tx, seller_ids={line.seller_id for line in found.lines if line.seller_id})
    offers = await deliveries_for(tx, found, now=visit.now)
    saved = (
        await list_addresses(tx, visit.services.keys, account_id=visit.account_id)
        if visit.account_id is not None
        else []
    )
    address = _preferred(saved, form)
    country = address.address.country if address else form.country if form else ""
    reaching = offers.reaching(country)
    wanted = form.delivery if form else cart.delivery
    method = wanted if wanted in reaching else next(iter(reaching), None)
    sent = form_view(_typed(visit, form, offers), errors=errors)
    good = [line for line in found.lines if line.problem is None]
    return checkout_view.CheckoutView(
        addresses=tuple(address_view(each, visit.locale) for each in saved),
        address_id=str(address.id) if address else "",
        new_address=views.AddressFormView(
            form=sent,
            countries=countries(visit.locale, offers.countries) or all_countries(visit.locale),
            asks_email=visit.account_id is None,
        ),
        groups=_groups(visit, cart, good, sellers),
        delivery=_delivery(reaching, method),
        payments=_payments(visit, cart, form, sellers=_sellers_of(good), country=country or None),
        payments_silent=any(
            each.is_down and cart.currency in each.currencies for each in visit.services.providers
        ),
        totals=present.totals_view(reaching[method], sellers=sellers, locale=visit.locale)
        if method
        else None,
        missed=present.missed_views(
            cart_promotions(cart, offers.promotions[method] if method else found.promotions), visit.locale
        ),
        cart_id=str(cart.id),
        idempotency_key=str(form.idempotency_key if form and not changed else new_id()),
        form=sent,
        changed=changed,
    )


def _preferred(saved: Sequence[SavedAddress], form: CheckoutForm | None) -> SavedAddress | None:
    """The address that was chosen; at first the default, which is the first."""
    if form is None:
        return saved[0] if saved else None
    return next((each for each in saved if str(each.id) == form.address_id), None)


def _typed(visit: Visit, form: CheckoutForm | None, offers: Deliveries) -> dict[str, object]:
    if form is not None:
        return {field: getattr(form, field) for field in FIELDS}
    home = next((code for code in ("CN", *sorted(offers.countries)) if code in offers.countries), "")
    return {"country": home, "name": visit.identity.account.name if visit.identity else ""}


def _groups(
    visit: Visit, cart: Cart, lines: Sequence[CartLineView], sellers: Mapping[UUID, Seller]
) -> tuple[checkout_view.CheckoutGroupView, ...]:
    return tuple(
        checkout_view.CheckoutGroupView(
            seller_name=group.seller_name, lines=group.lines, subtotal=group.subtotal
        )
        for group in present.group_views(lines, sellers=sellers, locale=visit.locale, currency=cart.currency)
    )


def _delivery(reaching: Mapping[str, Quote], method: str | None) -> tuple[checkout_view.DeliveryChoice, ...]:
    return tuple(
        checkout_view.DeliveryChoice(
            code="express" if code == "express" else "standard",
            price=Money(quoted.shipping, quoted.currency),
            chosen=code == method,
        )
        for code, quoted in reaching.items()
    )


def _payments(
    visit: Visit, cart: Cart, form: CheckoutForm | None, *, sellers: int, country: str | None
) -> tuple[views.PaymentChoice, ...]:
    providers = visit.services.providers
    offered = providers.offered(cart.currency, sellers=sellers, country=country)
    wanted = (form.payment if form else cart.provider) or (offered[0].code if offered else "")
    return tuple(
        views.PaymentChoice(
            code=each.code,
            name=provider_name(each.label, visit.locale, each.code),
            chosen=each.code == wanted,
            manner=_manner(each),
            days=each.terms.deadline.days if each.terms.deadline is not None else 0,
        )
        for each in offered
    )


def _manner(method: Method) -> Literal["provider", "transfer", "door"]:
    match method.manner:
        case Manner.TRANSFER:
            return "transfer"
        case Manner.DOOR:
            return "door"
    return "provider"


handlers = [show_checkout, show_totals, submit_checkout]
