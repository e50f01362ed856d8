"""The simulator's HTTP surface: API v3, cashier, and the control interface for tests and for trying things out."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post, route
from litestar.exceptions import NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from merx.simulators.common.pages import html_page, see_other
from merx.simulators.common.peer import AnyRequest
from merx.simulators.common.transport import SILENT_HEADER
from merx.simulators.wechat import cashier
from merx.simulators.wechat.book import Refused
from merx.simulators.wechat.gateway import Call
from merx.simulators.wechat.model import Order, TradeState
from merx.simulators.wechat.peer import WechatPeer


class KeyChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Make a new platform certificate; sign notices with a certificate or with the account's public-key pair."""

    rotate: bool = False
    notices_by_certificate: bool | None = None


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """The serials of the certificates listed, newest last, and the id of the public key."""

    certificates: list[str]
    public_key_id: str


class WechatSimulator(WechatPeer):
    """A peer that speaks the provider's protocol; `app` serves it on a socket, `transport()` inside a process."""

    def routes(self) -> list[HTTPRouteHandler]:
        """API v3, and the cashier."""
        return [_api_route(self), *_cashier_routes(self)]

    def control_routes(self) -> list[HTTPRouteHandler]:
        """Orders, which can be looked at, paid and closed, and the keys that sign."""
        return [_key_route(self), *_order_routes(self)]


def _api_route(simulator: WechatPeer) -> HTTPRouteHandler:
    @route("/v3/{path:path}", http_method=["GET", "POST"], status_code=200)
    async def api(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:  # noqa: ARG001 - see below
        # What was signed is the address as it was sent, before anything is decoded.
        raw = request.scope.get("raw_path") or request.scope["path"].encode()
        query = request.scope["query_string"]
        host = request.headers.get("host", "wechat.test")
        answer = simulator.answer(
            Call(
                method=request.method,
                target=(raw.split(b"?")[0] + (b"?" + query if query else b"")).decode("ascii", "replace"),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.body(),
                base=f"{request.scope['scheme']}://{host}",
                now=simulator.clock.now(),
            )
        )
        if answer.silent:
            return Response(b"", headers={SILENT_HEADER.decode(): "1"})
        media_type = answer.headers.get("content-type", "application/json")
        headers = {name: value for name, value in answer.headers.items() if name != "content-type"}
        body: Any = answer.body if answer.status != 204 else None
        return Response(body, status_code=answer.status, media_type=media_type, headers=headers)

    return api


def _cashier_routes(simulator: WechatPeer) -> list[HTTPRouteHandler]:
    def known(token: str) -> Order:
        order = simulator.book.by_token(token, simulator.clock.now())
        if order is None:
            raise NotFoundException("no such payment")
        return order

    @get("/cashier")
    async def scan(code_url: FromQuery[str] = "") -> Response[str]:
        order = simulator.book.by_token(cashier.token_of(code_url.strip()), simulator.clock.now())
        if order is None:
            return html_page(cashier.scan_page(missed=bool(code_url)))
        return see_other(f"/h5/{order.token}")

    @get("/h5/{token:str}")
    async def show(
        token: FromPath[str], redirect_url: FromQuery[str] = "", declined: FromQuery[bool] = False
    ) -> Response[str]:
        order = known(token)
        merchant = simulator.merchants[order.mch_id]
        back = cashier.way_back(redirect_url)
        return html_page(cashier.cashier_page(order, merchant, declined=declined, back=back))

    @post("/h5/{token:str}/pay")
    async def pay(token: FromPath[str], redirect_url: FromQuery[str] = "") -> Response[str]:
        order = known(token)
        if order.state is TradeState.NOTPAY:
            simulator.book.pay(order, simulator.clock.now())
            if (back := cashier.way_back(redirect_url)) is not None:
                return see_other(back)
        return see_other(_with(f"/h5/{token}", redirect_url))

    @post("/h5/{token:str}/refuse")
    async def refuse(token: FromPath[str], redirect_url: FromQuery[str] = "") -> Response[str]:
        known(token)
        return see_other(_with(f"/h5/{token}", redirect_url, declined="true"))

    return [scan, show, pay, refuse]


def _key_route(simulator: WechatPeer) -> HTTPRouteHandler:
    @post("/keys", status_code=200)
    async def change_keys(data: JSONBody[KeyChange]) -> KeyView:
        if data.rotate:
            simulator.rotate_certificate()
        if data.notices_by_certificate is not None:
            simulator.keys.sign_notices_by_certificate(yes=data.notices_by_certificate)
        return KeyView(
            certificates=[each.serial for each in simulator.keys.certificates],
            public_key_id=simulator.keys.public_key_id,
        )

    return change_keys


def _order_routes(simulator: WechatPeer) -> list[HTTPRouteHandler]:
    def known(number: str) -> Order:
        order = simulator.book.by_number(number, simulator.clock.now())
        if order is None:
            raise NotFoundException("no order has this number")
        return order

    @get("/orders")
    async def list_orders() -> list[Order]:
        return simulator.list_orders()

    @get("/orders/{number:str}")
    async def read_order(number: FromPath[str]) -> Order:
        return known(number)

    @post("/orders/{number:str}/pay", status_code=200)
    async def pay_order(number: FromPath[str]) -> Order:
        order = known(number)
        try:
            simulator.book.pay(order, simulator.clock.now())
        except Refused as refusal:
            raise ValidationException(refusal.code) from None
        return order

    @post("/orders/{number:str}/close", status_code=200)
    async def close_order(number: FromPath[str]) -> Order:
        order = known(number)
        try:
            simulator.book.close(order, simulator.clock.now())
        except Refused as refusal:
            raise ValidationException(refusal.code) from None
        return order

    return [list_orders, read_order, pay_order, close_order]


def _with(path: str, redirect_url: str, **more: str) -> str:
    parameters = ({"redirect_url": redirect_url} if redirect_url else {}) | more
    return f"{path}?{urlencode(parameters)}" if parameters else path
