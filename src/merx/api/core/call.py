"""A call: who asks, with what to show for it, and when."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from merx.api.core.errors import UnknownCurrency
from merx.api.core.reading import ApiRequest
from merx.infra.crypto import token_hash
from merx.infra.db import Tx
from merx.infra.idempotency import once, request_hash
from merx.kit.actors import Buyer, SellerMember, Staff
from merx.kit.errors import Forbidden, Unauthenticated
from merx.queries.identity import Identity, authenticate
from merx.services import Services

SESSION_COOKIE: Final = "merx_session"


_BEARER: Final = "bearer "


_MAX_TOKEN: Final = 256


T = TypeVar("T")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, understood. `access_hash` is of the Cart-Token: what a guest has to show."""

    services: Services
    now: datetime
    identity: Identity | None
    session_token: str | None
    access_hash: bytes | None

    @property
    def account_id(self) -> UUID | None:
        """The account that is logged in."""
        return self.identity.account.id if self.identity else None

    def require_account(self) -> Identity:
        """The identity of a call that needs one. Raises Unauthenticated."""
        if self.identity is None:
            raise Unauthenticated
        return self.identity

    def require_seller(self) -> Identity:
        """The identity of a call by somebody who works for a seller. Raises Unauthenticated, Forbidden."""
        identity = self.require_account()
        if not identity.seller_ids:
            raise Forbidden
        return identity

    def require_staff(self) -> Identity:
        """The identity of a call by one of the platform's staff. Raises Unauthenticated, Forbidden."""
        identity = self.require_account()
        if not identity.is_staff:
            raise Forbidden
        return identity

    def buyer(self) -> Buyer:
        """Whoever calls, as somebody who buys: logged in, or with a Cart-Token to show."""
        return Buyer(self.account_id, frozenset([self.access_hash] if self.access_hash else ()))

    def seller(self) -> SellerMember:
        """Whoever calls, as somebody who works for a seller. Raises Unauthenticated, Forbidden."""
        identity = self.require_seller()
        return SellerMember(identity.account.id, identity.seller_ids)

    def staff(self) -> Staff:
        """Whoever calls, as one of the platform's staff. Raises Unauthenticated, Forbidden."""
        return Staff(self.require_staff().account.id)

    def principal(self) -> str:
        """Whose idempotency keys these are: two callers never share one."""
        if self.identity is not None:
            return str(self.identity.account.id)
        return self.access_hash.hex() if self.access_hash else "nobody"


async def open_call(request: ApiRequest) -> Call:
    """Understand a call. A guest's costs no query.

    A session in the Authorization header must be valid, a stale cookie counts as none. Raises Unauthenticated.
    """
    services: Services = request.app.state.services
    now = services.clock()
    header = request.headers.get("authorization")
    if header is None:
        token = request.cookies.get(SESSION_COOKIE)
    elif header[: len(_BEARER)].lower() == _BEARER:
        token = header[len(_BEARER) :].strip(" ")
    else:
        raise Unauthenticated
    identity = None
    if token and len(token) <= _MAX_TOKEN:
        async with services.db.read() as tx:
            identity = await authenticate(tx, services.keys, token=token, now=now)
    if header is not None and identity is None:
        raise Unauthenticated
    cart_token = request.headers.get("cart-token", "")
    return Call(
        services=services,
        now=now,
        identity=identity,
        session_token=token if identity else None,
        access_hash=token_hash(cart_token) if 0 < len(cart_token) <= _MAX_TOKEN else None,
    )


async def perform(
    call: Call,
    work: Callable[[Tx], Awaitable[T]],
    *,
    key: str | None,
    route: str,
    request: tuple[Any, ...],
    outcome: type[T],
) -> tuple[T, bool]:
    """Run `work` in one transaction, once per key when there is one; also says whether this is a replay.

    What `work` returns is stored: it must hold nothing personal. `request` is what makes two requests the same.
    """
    if key is None:
        return await call.services.db.write(work), False
    fingerprint = request_hash(route, *request)
    scope = f"api:{route}:{call.principal()}"

    async def keyed(tx: Tx) -> tuple[T, bool]:
        ran = False

        async def fresh() -> T:
            nonlocal ran
            ran = True
            return await work(tx)

        result = await once(
            tx, scope=scope, key=key, fingerprint=fingerprint, now=call.now, outcome=outcome, work=fresh
        )
        return result, not ran

    return await call.services.db.write(keyed)


def shop_currency(services: Services, given: str | None) -> str:
    """The currency asked for, or the shop's own. Raises UnknownCurrency."""
    settings = services.settings
    if given is None:
        return settings.shop.default_currency
    if given not in settings.shop.currencies:
        raise UnknownCurrency(field="currency", currencies=", ".join(settings.shop.currencies))
    return given
