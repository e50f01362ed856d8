"""The simulator's HTTP surface: gateway, cashier, and the control interface for tests and for trying things out."""

from typing import Any

from litestar import Response, get, post, route
from litestar.exceptions import NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from merx.simulators.alipay import cashier
from merx.simulators.alipay.book import Refused
from merx.simulators.alipay.model import Trade, TradeStatus
from merx.simulators.alipay.peer import AlipayPeer
from merx.simulators.common.pages import html_page, see_other
from merx.simulators.common.peer import AnyRequest
from merx.simulators.common.transport import SILENT_HEADER


class AlipaySimulator(AlipayPeer):
    """A peer that speaks the provider's protocol; `app` serves it on a socket, `transport()` inside a process."""

    def routes(self) -> list[HTTPRouteHandler]:
        """The gateway, bills to download, and the cashier."""
        return [_gateway_route(self), _bill_route(self), *_cashier_routes(self)]

    def control_routes(self) -> list[HTTPRouteHandler]:
        """Trades, which can be looked at, paid and closed."""
        return _trade_routes(self)


def _gateway_route(simulator: AlipayPeer) -> HTTPRouteHandler:
    @route("/gateway.do", http_method=["GET", "POST"], status_code=200)
    async def gateway(request: AnyRequest) -> Response[Any]:
        origin = str(request.base_url).rstrip("/")
        answer = simulator.answer(request.scope["query_string"], await request.body(), origin=origin)
        if answer.silent:
            return Response("", headers={SILENT_HEADER.decode(): "1"})
        if answer.location is not None:
            return Response("", status_code=302, headers={"location": answer.location})
        if answer.refusal is not None:
            return html_page(cashier.refusal_page(answer.refusal, answer.refusal_text))
        # Bytes, because the framework would quote a text once more for a JSON media type.
        return Response(answer.text.encode(), status_code=answer.status, media_type=answer.content_type)

    return gateway


def _bill_route(simulator: AlipayPeer) -> HTTPRouteHandler:
    @get("/downloadBillFile.resource")
    async def download(token: FromQuery[str] = "") -> Response[bytes]:
        found = simulator.bills.take(token, simulator.clock.now())
        if found is None:
            raise NotFoundException("the address is not valid any more")
        disposition = f'attachment; filename="{found[0]}"'
        return Response(found[1], media_type="application/zip", headers={"content-disposition": disposition})

    return download


def _cashier_routes(simulator: AlipayPeer) -> list[HTTPRouteHandler]:
    def opened(token: str) -> Trade:
        trade = simulator.book.at_cashier(token, simulator.clock.now())
        if trade is None:
            raise NotFoundException("no such payment")
        return trade

    @get("/qr/{token:str}")
    async def scan(token: FromPath[str]) -> Response[str]:
        opened(token)
        return see_other(f"/cashier/{token}")

    @get("/cashier/{token:str}")
    async def show(token: FromPath[str], declined: FromQuery[bool] = False) -> Response[str]:
        trade = opened(token)
        paid = trade.status is TradeStatus.SUCCESS
        back = simulator.return_address(trade) if paid else cashier.leave_address(trade)
        merchant = simulator.merchants[trade.app_id]
        return html_page(cashier.cashier_page(trade, merchant, declined=declined, back=back))

    @post("/cashier/{token:str}/pay")
    async def pay(token: FromPath[str]) -> Response[str]:
        trade = opened(token)
        try:
            simulator.book.pay(trade, simulator.clock.now())
        except Refused:
            return see_other(f"/cashier/{token}")
        return see_other(simulator.return_address(trade) or f"/cashier/{token}")

    @post("/cashier/{token:str}/refuse")
    async def refuse(token: FromPath[str]) -> Response[str]:
        opened(token)
        return see_other(f"/cashier/{token}?declined=true")

    return [scan, show, pay, refuse]


def _trade_routes(simulator: AlipayPeer) -> list[HTTPRouteHandler]:
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
