"""A visit: who asks, in which language and currency, with which cart. Everything else of a request stays outside."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.datastructures import Cookie

from merx.infra.crypto import token_hash
from merx.kit.actors import Buyer, SellerMember, Staff
from merx.kit.errors import Forbidden, Unauthenticated
from merx.kit.i18n import LOCALES
from merx.payments.providers import Device
from merx.queries.identity import Identity, authenticate
from merx.services import Services
from merx.storefront.core.forms import PlainRequest

SESSION: Final = "merx_session"


CART: Final = "merx_cart"


PURCHASES: Final = "merx_purchases"


LOCALE: Final = "merx_locale"


CURRENCY: Final = "merx_currency"


_YEAR: Final = 365 * 24 * 3600


_MONTH: Final = 30 * 24 * 3600


_KEPT_PURCHASES: Final = 8


_LANGUAGES_READ: Final = 16


_PHONE: Final = re.compile("Mobi|Android|iPhone")


class NoShop(Forbidden):
    """The account works for no seller."""

    code = "no_shop"
    message = "Your account does not belong to a shop."


class CartKey(msgspec.Struct, frozen=True):
    """What a guest's browser keeps of a cart; whoever has it has the cart."""

    cart_id: UUID
    token: str

    def text(self) -> str:
        """The cookie's value."""
        return f"{self.cart_id.hex}.{self.token}"


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One request, understood. `path` has its query string; `purchases` are a guest's own, by their tokens."""

    services: Services
    now: datetime
    path: str
    locale: str
    currency: str
    remote: str
    identity: Identity | None
    session_token: str | None
    cart_key: CartKey | None
    purchases: dict[UUID, str]
    partial: bool
    device: Device

    @property
    def account_id(self) -> UUID | None:
        """The account that is logged in."""
        return self.identity.account.id if self.identity else None

    def require_identity(self) -> Identity:
        """The identity of a page that needs one. Raises Unauthenticated."""
        if self.identity is None:
            raise Unauthenticated
        return self.identity

    def buyer(self) -> Buyer:
        """Whoever visits, as somebody who buys: logged in, or with the tokens that their browser kept."""
        tokens = [*self.purchases.values(), *([self.cart_key.token] if self.cart_key else ())]
        return Buyer(self.account_id, frozenset(map(token_hash, tokens)))

    def seller(self) -> SellerMember:
        """Whoever visits, as somebody who works for a shop. Raises Unauthenticated, NoShop."""
        identity = self.require_identity()
        if not identity.seller_ids:
            raise NoShop
        return SellerMember(identity.account.id, identity.seller_ids)

    def staff(self) -> Staff:
        """Whoever visits, as one of the platform's staff. Raises Unauthenticated, Forbidden."""
        identity = self.require_identity()
        if not identity.is_staff:
            raise Forbidden
        return Staff(identity.account.id)


async def open_visit(request: PlainRequest) -> Visit:
    """Understand a request. A stale or forged cookie counts as none."""
    services: Services = request.app.state.services
    token = request.cookies.get(SESSION)
    if not token:
        return read_visit(request, identity=None, token=None)
    async with services.db.read() as tx:
        identity = await authenticate(tx, services.keys, token=token, now=services.clock())
    return read_visit(request, identity=identity, token=token if identity else None)


def read_visit(request: PlainRequest, *, identity: Identity | None, token: str | None) -> Visit:
    """What a request says by itself, with the identity that was found for it."""
    services: Services = request.app.state.services
    cookies = request.cookies
    query = request.scope["query_string"].decode("ascii", "replace")
    return Visit(
        services=services,
        now=services.clock(),
        path=request.url.path + (f"?{query}" if query else ""),
        locale=choose_locale(
            cookies.get(LOCALE),
            request.headers.get("accept-language", ""),
            services.settings.shop.default_locale,
        ),
        currency=choose_currency(
            cookies.get(CURRENCY), services.settings.shop.currencies, services.settings.shop.default_currency
        ),
        remote=request.client.host if request.client else "",
        identity=identity,
        session_token=token,
        cart_key=read_cart_key(cookies.get(CART, "")),
        purchases=read_purchases(cookies.get(PURCHASES, "")),
        partial=request.headers.get("hx-request") == "true"
        and "hx-history-restore-request" not in request.headers,
        device=choose_device(request.headers.get("user-agent", "")),
    )


def choose_locale(cookie: str | None, accept_language: str, default: str) -> str:
    """The visitor's choice, else the first language of the browser that we speak, else the shop's own."""
    if cookie in LOCALES:
        return cookie
    for tag in _by_weight(accept_language):
        language = tag.partition("-")[0].lower()
        found = next((locale for locale in LOCALES if locale.partition("-")[0] == language), None)
        if found:
            return found
    return default


def _by_weight(accept_language: str) -> Iterable[str]:
    weighted = []
    for position, item in enumerate(accept_language.split(",")[:_LANGUAGES_READ]):
        tag, _, parameters = item.partition(";")
        try:
            weight = float(parameters.partition("q=")[2] or 1)
        except ValueError:
            continue
        if tag.strip() and weight > 0:
            weighted.append((-weight, position, tag.strip()))
    return [tag for _, _, tag in sorted(weighted)]


def choose_device(user_agent: str) -> Device:
    """Where a payment page opens. Inside WeChat a code is shown: its own way to pay needs to know the payer there."""
    on_phone = _PHONE.search(user_agent) is not None
    return Device.PHONE if on_phone and "MicroMessenger" not in user_agent else Device.DESKTOP


def choose_currency(cookie: str | None, currencies: tuple[str, ...], default: str) -> str:
    """The visitor's choice if the shop still sells in it, else the shop's own."""
    return cookie if cookie in currencies else default


def read_cart_key(value: str) -> CartKey | None:
    """The cart of a cookie; None for anything we did not write."""
    cart_id, _, token = value.partition(".")
    try:
        return CartKey(UUID(hex=cart_id), token) if token.isascii() and token else None
    except ValueError:
        return None


def read_purchases(value: str) -> dict[UUID, str]:
    """A guest's purchases and their tokens, the oldest first."""
    keys = (read_cart_key(part) for part in value.split("~")[-_KEPT_PURCHASES:])
    return {key.cart_id: key.token for key in keys if key}


def purchases_text(purchases: Mapping[UUID, str]) -> str:
    """The cookie's value of a guest's latest purchases."""
    latest = list(purchases.items())[-_KEPT_PURCHASES:]
    return "~".join(CartKey(purchase_id, token).text() for purchase_id, token in latest)


def keep(
    response: Response[Any], visit: Visit, name: str, value: str, *, seconds: int = _YEAR, hidden: bool = True
) -> None:
    """Set a cookie of this shop; `hidden` from scripts. Lax: forms of other sites never carry it."""
    response.set_cookie(
        Cookie(
            key=name,
            value=value,
            max_age=seconds,
            path="/",
            httponly=hidden,
            samesite="lax",
            secure=visit.services.settings.web.cookie_secure,
        )
    )


def keep_session(response: Response[Any], visit: Visit, token: str) -> None:
    """Log the browser in for as long as the session lasts."""
    keep(response, visit, SESSION, token, seconds=_MONTH)


def forget(response: Response[Any], name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path="/")
