"""The simulator's HTTP surface: gateway, cashier, and the control interface for tests and for trying things out."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, Router, delete, get, post, route
from litestar.exceptions import NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from merx.simulators.alipay import cashier
from merx.simulators.alipay.book import Refused
from merx.simulators.alipay.model import Delivery, Fault, Notice, Trade, TradeStatus
from merx.simulators.common.control import ClockChange, move, only_local
from merx.simulators.common.transport import SILENT_HEADER

if TYPE_CHECKING:
    from merx.simulators.alipay.simulator import AlipaySimulator

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


def build_app(simulator: "AlipaySimulator") -> Litestar:
    """The ASGI application of one simulator."""
    control = Router(
        "/control",
        route_handlers=[*_clock_routes(simulator), *_trade_routes(simulator), *_notice_routes(simulator)],
        guards=[only_local],
    )
    return Litestar(
        route_handlers=[
            _gateway_route(simulator),
            _bill_route(simulator),
            *_cashier_routes(simulator),
            control,
        ],
        openapi_config=None,
        request_max_body_size=_MAX_BODY,
        logging_config=None,
    )


def _gateway_route(simulator: "AlipaySimulator") -> HTTPRouteHandler:
    @route("/gateway.do", http_method=["GET", "POST"], status_code=200)
    async def gateway(request: AnyRequest) -> Response[Any]:
        origin = str(request.base_url).rstrip("/")
        answer = simulator.answer(request.scope["query_string"], await request.body(), origin=origin)
        if answer.silent:
            return Response("", headers={SILENT_HEADER.decode(): "1"})
        if answer.location is not None:
            return Response("", status_code=302, headers={"location": answer.location})
        if answer.refusal is not None:
            return _page(cashier.refusal_page(answer.refusal, answer.refusal_text))
        # Bytes, because the framework would quote a text once more for a JSON media type.
        return Response(answer.text.encode(), status_code=answer.status, media_type=answer.content_type)

    return gateway


def _bill_route(simulator: "AlipaySimulator") -> HTTPRouteHandler:
    @get("/downloadBillFile.resource")
    async def download(token: FromQuery[str] = "") -> Response[bytes]:
        found = simulator.bills.take(token, simulator.clock.now())
        if found is None:
            raise NotFoundException("the address is not valid any more")
        disposition = f'attachment; filename="{found[0]}"'
        return Response(found[1], media_type="application/zip", headers={"content-disposition": disposition})

    return download


def _cashier_routes(simulator: "AlipaySimulator") -> list[HTTPRouteHandler]:
    def opened(token: str) -> Trade:
        trade = simulator.book.at_cashier(token, simulator.clock.now())
        if trade is None:
            raise NotFoundException("no such payment")
        return trade

    @get("/qr/{token:str}")
    async def scan(token: FromPath[str]) -> Response[str]:
        opened(token)
        return _see_other(f"/cashier/{token}")

    @get("/cashier/{token:str}")
    async def show(token: FromPath[str], declined: FromQuery[bool] = False) -> Response[str]:
        trade = opened(token)
        paid = trade.status is TradeStatus.SUCCESS
        back = simulator.return_address(trade) if paid else cashier.leave_address(trade)
        merchant = simulator.merchants[trade.app_id]
        return _page(cashier.cashier_page(trade, merchant, declined=declined, back=back))

    @post("/cashier/{token:str}/pay")
    async def pay(token: FromPath[str]) -> Response[str]:
        trade = opened(token)
        try:
            simulator.book.pay(trade, simulator.clock.now())
        except Refused:
            return _see_other(f"/cashier/{token}")
        return _see_other(simulator.return_address(trade) or f"/cashier/{token}")

    @post("/cashier/{token:str}/refuse")
    async def refuse(token: FromPath[str]) -> Response[str]:
        opened(token)
        return _see_other(f"/cashier/{token}?declined=true")

    return [scan, show, pay, refuse]


def _clock_routes(simulator: "AlipaySimulator") -> list[HTTPRouteHandler]:
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

    return [read_clock, move_clock]


def _trade_routes(simulator: "AlipaySimulator") -> list[HTTPRouteHandler]:
    def known(number: str) -> Trade:
        trade = simulator.book.by_number(number, simulator.clock.now())
        if trade is None:
            raise NotFoundException("no trade has this number")
        return trade

    @get("/trades")
    async def list_trades() -> list[Trade]:
        return simulator.list_trades()

    @get("/trades/{number:str}")
    async def read_trade(number: FromPath[str]) -> Trade:
        return known(number)

    @post("/trades/{number:str}/pay", status_code=200)
    async def pay_trade(number: FromPath[str]) -> Trade:
        trade = known(number)
        try:
            simulator.book.pay(trade, simulator.clock.now())
        except Refused as refusal:
            raise ValidationException(refusal.sub_code) from None
        return trade

    @post("/trades/{number:str}/close", status_code=200)
    async def close_trade(number: FromPath[str]) -> Trade:
        trade = known(number)
        try:
            simulator.book.close(trade, simulator.clock.now())
        except Refused as refusal:
            raise ValidationException(refusal.sub_code) from None
        return trade

    return [list_trades, read_trade, pay_trade, close_trade]


def _notice_routes(simulator: "AlipaySimulator") -> list[HTTPRouteHandler]:
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

    return [list_notices, deliver, release, resend, list_faults, add_fault, clear_faults]


def _page(html: str) -> Response[str]:
    return Response(html, media_type=MediaType.HTML, headers=_PAGE_HEADERS)


def _see_other(address: str) -> Response[str]:
    return Response("", status_code=303, headers={"location": address, "cache-control": "no-store"})
