"""Language and currency."""

from litestar import post

from merx.cart import set_currency
from merx.kit.errors import Invalid
from merx.kit.i18n import LOCALES
from merx.storefront.core.carts import find_cart
from merx.storefront.core.forms import PlainRequest, local_path, read_form
from merx.storefront.core.pages import Page, see_other
from merx.storefront.core.parameters import Visiting
from merx.storefront.core.visit import CURRENCY, LOCALE, keep
from merx.storefront.preferences.forms import PreferencesForm


class UnknownPreference(Invalid):
    """A language or a currency that the shop does not have."""

    code = "unknown_preference"
    message = "The shop does not offer this language or currency."


@post("/preferences", status_code=200)
async def set_preferences(request: PlainRequest, visit: Visiting) -> Page:
    """Remember a choice and go back to the page it was made on; the cart comes along into the currency."""
    form = await read_form(request, PreferencesForm)
    currencies = visit.services.settings.shop.currencies
    if form.locale not in {None, *LOCALES} or form.currency not in {None, *currencies}:
        raise UnknownPreference
    response = see_other(local_path(form.return_to))
    if form.locale is not None:
        keep(response, visit, LOCALE, form.locale)
    if form.currency is not None:
        keep(response, visit, CURRENCY, form.currency)
        async with visit.services.db.transaction() as tx:
            cart = await find_cart(visit, tx)
            if cart is not None and cart.currency != form.currency:
                await set_currency(
                    tx, cart_id=cart.id, actor=visit.buyer(), currency=form.currency, now=visit.now
                )
    return response


handlers = [set_preferences]
