"""Every use case that calls a provider, with every provider: no transaction is open when the request leaves."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from tests.world.gateways import alipay_at, card_at
from tests.world.shop import a_shop
from tests.world.till import DEADLINE, PUBLIC_URL, Bought, Till
from tests.world.wechat import WechatPeer

from merx.cashier import (
    ask_in_doubt,
    ask_provider,
    cancel_purchase,
    choose_method,
    expire_unpaid,
    start_payment,
)
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, in_transaction
from merx.kit.actors import System
from merx.payments import NewRefund, lock_payment, request_refund
from merx.payments.providers import AlipayProvider, ProviderRegistry
from merx.refunds import send_refunds
from merx.simulators.card import CardSimulator

MINUTE = timedelta(minutes=1)
CODES = ("alipay", "alipay_qr", "wechat", "card")
ALIPAY = ("trade.query", "trade.close", "trade.refund", "trade.fastpay.refund.query",
          "data.dataservice.bill.downloadurl.query")  # fmt: skip
ASKED = {
    "alipay": ALIPAY,
    "alipay_qr": ("trade.precreate", *ALIPAY),
    "wechat": ("POST /v3/pay/transactions/native", "GET /v3/pay/transactions/out-trade-no/",
               "POST /v3/pay/transactions/out-trade-no/", "POST /v3/refund/domestic/refunds",
               "GET /v3/refund/domestic/refunds/", "GET /v3/bill/tradebill"),
    "card": ("POST /v1/checkout/sessions", "GET /v1/products/", "POST /v1/products/", "POST /v1/refunds",
             "GET /v1/refunds", "GET /v1/balance_transactions"),
}  # fmt: skip


class Wire(httpx.AsyncBaseTransport):
    """The way to a provider. Whoever sends something on it while holding a transaction is found out."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.sent: set[str] = set()
        self.silent = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert not in_transaction(), f"{request.method} {request.url} left a transaction open"
        form = parse_qs((await request.aread()).decode("utf-8", "replace"))
        self.sent.add(
            form["method"][0].removeprefix("alipay.")
            if "method" in form
            else f"{request.method} {request.url.path}"
        )
        if self.silent:
            raise httpx.ReadTimeout("silence", request=request)
        return await self.inner.handle_async_request(request)


class Shopkeeper:
    """A till with every provider, each at the end of a watched wire."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.wechat = WechatPeer()
        self.card = CardSimulator.in_memory(now=till.now)
        self.clocks = [till.simulator.clock, self.wechat.simulator.clock, self.card.clock]
        self.wires = {
            "alipay": Wire(till.simulator.transport()),
            "alipay_qr": Wire(till.simulator.transport()),
            "wechat": Wire(self.wechat.simulator.transport()),
            "card": Wire(self.card.transport()),
        }
        self.wechat.simulator.clock.advance(till.now - self.wechat.simulator.clock.now())
        card = card_at(self.card, self.wires["card"])
        self.providers = ProviderRegistry(
            [
                self._alipay("alipay"),
                self._alipay("alipay_qr"),
                self.wechat.new_provider(http=self.wires["wechat"]),
                card,
            ]
        )

    def _alipay(self, code: str) -> AlipayProvider:
        return alipay_at(self.till.simulator, self.wires[code], qr=code == "alipay_qr")

    def go_on(self, by: timedelta) -> None:
        for clock in self.clocks:
            clock.advance(by)

    def pay(self, code: str, bought: Bought) -> None:
        simulator: Any = {"wechat": self.wechat.simulator, "card": self.card}.get(code, self.till.simulator)
        simulator.pay(bought.payment_number)

    async def started(self, code: str) -> Bought:
        """A purchase whose buyer was sent to this provider, and went."""
        bought = await self.till.place({"TEA": 1})
        await self.till.owner.execute("UPDATE purchases SET provider = $1 WHERE id = $2", code, bought.id)
        await self.till.owner.execute(
            "UPDATE payments SET provider = $1 WHERE id = $2", code, bought.payment_id
        )
        action = await start_payment(
            self.till.db, self.providers, purchase_id=bought.id, actor=bought.cart.command.buyer,
            public_url=PUBLIC_URL, now=self.till.now,
        )  # fmt: skip
        if code.startswith("alipay"):
            await self.till.open(action.url or action.qr_text)
        return bought

    async def close(self) -> None:
        await self.providers.aclose()
        await self.wechat.close()
        self.card.close()
        await self.till.close()


@pytest.fixture
async def keeper(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> AsyncIterator[Shopkeeper]:
    keeper = Shopkeeper(Till(db, keys, owner, await a_shop(db, now=now), now))
    yield keeper
    await keeper.close()


@pytest.mark.parametrize("code", CODES)
async def test_no_transaction_is_open_when_a_provider_is_called(keeper: Shopkeeper, code: str) -> None:
    till, providers, wire = keeper.till, keeper.providers, keeper.wires[code]
    paid = await keeper.started(code)
    assert not await ask_provider(till.db, providers, payment_id=paid.payment_id, now=till.now)
    keeper.go_on(MINUTE)
    assert await ask_in_doubt(till.db, providers, now=till.now) == 0
    keeper.pay(code, paid)
    assert await ask_provider(till.db, providers, payment_id=paid.payment_id, now=till.now)

    for given_up in (choose_method, cancel_purchase):
        bought = await keeper.started(code)
        more: dict[str, Any] = {"method": CODES[CODES.index(code) - 1]} if given_up is choose_method else {}
        assert await given_up(
            till.db, providers, purchase_id=bought.id, actor=bought.cart.command.buyer,
            now=till.now, **more,
        )  # fmt: skip
    await keeper.started(code)
    keeper.go_on(DEADLINE)
    assert await expire_unpaid(till.db, providers, now=till.now) == 2

    async with till.db.transaction() as tx:
        payment = await lock_payment(tx, paid.payment_id)
        refund = NewRefund(reason="duplicate_payment", amount=payment.captured)
        await request_refund(tx, payment=payment, refund=refund, actor=System("test"), now=till.now)
    wire.silent = True
    assert await send_refunds(till.db, providers, now=till.now) == 0
    wire.silent = False
    for _ in range(2):
        keeper.go_on(2 * MINUTE)
        await send_refunds(till.db, providers, now=till.now)
    assert await till.refunds() == [("duplicate_payment", "succeeded", paid.total)]
    keeper.go_on(timedelta(days=2))
    rows = await providers.get(code).bill((till.now - timedelta(days=2)).date())
    assert {row.kind for row in rows} == {"payment", "refund"}
    for call in ASKED[code]:
        assert any(sent.startswith(call) for sent in wire.sent), call
