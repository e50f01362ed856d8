"""The simulator's HTTP surface: API v3, cashier, and the control interface for tests and for trying things out."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from litestar import Litestar, MediaType, Request, Response, Router, delete, get, post, route
from litestar.exceptions import NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from merx.simulators.common.control import ClockChange, move, only_local
from merx.simulators.common.transport import SILENT_HEADER
from merx.simulators.wechat import cashier
from merx.simulators.wechat.book import Refused
from merx.simulators.wechat.gateway import Call
from merx.simulators.wechat.model import Delivery, Fault, Notice, Order, TradeState

if TYPE_CHECKING:
    from merx.simulators.wechat.simulator import WechatSimulator

_MAX_BODY = 1024 * 1024
_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}
AnyRequest = Request[Any, Any, Any]


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """The clock, and what moving it delivered."""

    now: datetime
    frozen: bool
    delivered: list[Delivery] = []


class KeyChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Make a new platform certificate; sign notices with a certificate or with the account's public-key pair."""

    rotate: bool = False
    notices_by_certificate: bool | None = None


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """The serials of the certificates listed, newest last, and the id of the public key."""

    certificates: list[str]
    public_key_id: str


def build_app(simulator: "WechatSimulator") -> Litestar:
    """The ASGI application of one simulator."""
    control = Router(
        "/control",
        route_handlers=[
            *_clock_routes(simulator),
            *_order_routes(simulator),
            *_notice_routes(simulator),
            *_fault_routes(simulator),
        ],
        guards=[only_local],
    )
    return Litestar(
        route_handlers=[_api_route(simulator), *_cashier_routes(simulator), control],
        openapi_config=None,
        request_max_body_size=_MAX_BODY,
        logging_config=None,
    )


def _api_route(simulator: "WechatSimulator") -> HTTPRouteHandler:
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


def _cashier_routes(simulator: "WechatSimulator") -> list[HTTPRouteHandler]:
    def known(token: str) -> Order:
        order = simulator.book.by_token(token, simulator.clock.now())
        if order is None:
            raise NotFoundException("no such payment")
        return order

    @get("/cashier")
    async def scan(code_url: FromQuery[str] = "") -> Response[str]:
        order = simulator.book.by_token(cashier.token_of(code_url.strip()), simulator.clock.now())
        if order is None:
            return _page(cashier.scan_page(missed=bool(code_url)))
        return _see_other(f"/h5/{order.token}")

    @get("/h5/{token:str}")
    async def show(
        token: FromPath[str], redirect_url: FromQuery[str] = "", declined: FromQuery[bool] = False
    ) -> Response[str]:
        order = known(token)
        merchant = simulator.merchants[order.mch_id]
        back = cashier.way_back(redirect_url)
        return _page(cashier.cashier_page(order, merchant, declined=declined, back=back))

    @post("/h5/{token:str}/pay")
    async def pay(token: FromPath[str], redirect_url: FromQuery[str] = "") -> Response[str]:
        order = known(token)
        if order.state is TradeState.NOTPAY:
            simulator.book.pay(order, simulator.clock.now())
            if (back := cashier.way_back(redirect_url)) is not None:
                return _see_other(back)
        return _see_other(_with(f"/h5/{token}", redirect_url))

    @post("/h5/{token:str}/refuse")
    async def refuse(token: FromPath[str], redirect_url: FromQuery[str] = "") -> Response[str]:
        known(token)
        return _see_other(_with(f"/h5/{token}", redirect_url, declined="true"))

    return [scan, show, pay, refuse]


def _clock_routes(simulator: "WechatSimulator") -> list[HTTPRouteHandler]:
    def view(delivered: list[Delivery]) -> ClockView:
        return ClockView(now=simulator.clock.now(), frozen=simulator.clock.frozen, delivered=delivered)

    @get("/clock")
    async def read_clock() -> ClockView:
        return view([])

    @post("/clock", status_code=200)
    async def move_clock(data: JSONBody[ClockChange]) -> ClockView:
        move(simulator.clock, data)
        simulator.clock_changed()
        return view(await simulator.deliver_due())

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

    return [read_clock, move_clock, change_keys]


def _order_routes(simulator: "WechatSimulator") -> list[HTTPRouteHandler]:
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


def _notice_routes(simulator: "WechatSimulator") -> list[HTTPRouteHandler]:
    @get("/notices")
    async def list_notices() -> list[Notice]:
        return simulator.list_notices()

    @post("/notices/deliver", status_code=200)
    async def deliver() -> list[Delivery]:
        return await simulator.deliver_due()

    @post("/notices/release", status_code=200)
    async def release(latest_first: FromQuery[bool] = True) -> list[Delivery]:
        return await simulator.release(latest_first=latest_first)

    @post("/notices/{notice_id:str}/resend", status_code=200)
    async def resend(notice_id: FromPath[str]) -> list[Delivery]:
        try:
            return await simulator.resend(notice_id)
        except KeyError:
            raise NotFoundException("no such notice") from None

    return [list_notices, deliver, release, resend]


def _fault_routes(simulator: "WechatSimulator") -> list[HTTPRouteHandler]:
    @get("/faults")
    async def list_faults() -> list[Fault]:
        return simulator.faults()

    @post("/faults")
    async def add_fault(data: JSONBody[Fault]) -> list[Fault]:
        simulator.add_fault(data)
        return simulator.faults()

    @delete("/faults")
    async def clear_faults() -> None:
        simulator.clear_faults()

    return [list_faults, add_fault, clear_faults]


def _page(html: str) -> Response[str]:
    return Response(html, media_type=MediaType.HTML, headers=_PAGE_HEADERS)


def _with(path: str, redirect_url: str, **more: str) -> str:
    parameters = ({"redirect_url": redirect_url} if redirect_url else {}) | more
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _see_other(address: str) -> Response[str]:
    return Response("", status_code=303, headers={"location": address, "cache-control": "no-store"})
