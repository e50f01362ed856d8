"""Each simulated provider as a sender of notices: genuine ones, and ones signed by it that say something else."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec
from tests.world.client import Api, Placed, key
from tests.world.gateways import card_at, wechat_at
from tests.world.shop import total_of

from merx.payments.providers import PaymentProvider
from merx.simulators import (
    SIMULATED_WECHAT_API_V3_KEY,
    WechatSimulator,
)
from merx.simulators.alipay import wire as alipay_wire
from merx.simulators.alipay.model import Fault as AlipayFault
from merx.simulators.alipay.model import FaultKind as AlipayFaultKind
from merx.simulators.card import CHECKOUT_EVENTS, CardSimulator
from merx.simulators.card import Fault as CardFault
from merx.simulators.card import FaultKind as CardFaultKind
from merx.simulators.wechat import wire as wechat_wire
from merx.simulators.wechat.model import Fault as WechatFault
from merx.simulators.wechat.model import FaultKind as WechatFaultKind

Send = Callable[[str, bytes, Mapping[str, str]], Any]


class Message(msgspec.Struct, frozen=True):
    """A notice as it goes over the wire."""

    headers: dict[str, str]
    body: bytes


class Peer(Protocol):
    """A provider that has a payment of ours; `accepted` and `refused` are the answers it understands."""

    code: str
    accepted: tuple[int, str, bytes]
    refused: tuple[int, str, bytes]

    @property
    def provider(self) -> PaymentProvider:
        """Our side of it."""

    def pay(self) -> None:
        """The payer pays the newest payment."""

    def notice(self, lie: str = "", *, at: datetime | None = None) -> Message:
        """The newest notice of a payment, signed by the provider at an instant; with a lie in it."""

    def signed(self, body: bytes) -> Message:
        """Any bytes, signed by the provider as it signs notices."""

    def silent(self) -> None:
        """The provider does not answer our next call."""

    def close(self) -> None:
        """Forget everything."""


class AlipayPeer:
    code = "alipay"
    accepted = (200, "text/plain", b"success")
    refused = (200, "text/plain", b"failure")

    def __init__(self, api: Api, _send: Send) -> None:
        self._simulator = api.simulator
        self.provider = api.services.providers.get("alipay")

    def pay(self) -> None:
        self._simulator.pay(self._simulator.list_trades()[-1].number)

    def notice(self, lie: str = "", *, at: datetime | None = None) -> Message:
        assert at is None, "Alipay signs no time"
        fields = dict(self._simulator.list_notices()[-1].fields)
        changed = {
            "amount": {"total_amount": "57.91"},
            "cheap": {"total_amount": "0.01"},
            "app": {"app_id": "2021000000000000"},
            "merchant": {"seller_id": "2088000000000000"},
        }
        fields |= changed.get(lie, {}) | {"sign_type": "RSA2"}
        fields.pop("sign", None)
        sign = alipay_wire.sign(alipay_wire.notice_text(fields), self._simulator._key)
        if lie == "signature":
            sign = "AAAA" + sign[4:]
        if lie == "unsigned":
            return self._form(fields)
        return self._form({**fields, "sign": sign})

    def signed(self, body: bytes) -> Message:
        return Message({"content-type": "application/x-www-form-urlencoded"}, body)

    def _form(self, fields: Mapping[str, str]) -> Message:
        return Message(
            {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, urlencode(fields).encode()
        )

    def silent(self) -> None:
        self._simulator.add_fault(AlipayFault(kind=AlipayFaultKind.TIMEOUT))

    def close(self) -> None:
        """The fixture of the API closes it."""


class WechatPeer:
    code = "wechat"
    accepted = (200, "application/json", '{"code":"SUCCESS","message":"成功"}'.encode())
    refused = (401, "application/json", '{"code":"FAIL","message":"失败"}'.encode())

    def __init__(self, api: Api, send: Send) -> None:
        self._simulator = WechatSimulator.in_memory(now=api.simulator.clock.now(), send_notice=send)
        self._simulator.clock = api.simulator.clock
        self.provider = wechat_at(self._simulator)

    def pay(self) -> None:
        self._simulator.pay(self._simulator.list_orders()[-1].number)

    def notice(self, lie: str = "", *, at: datetime | None = None) -> Message:
        told = self._simulator.list_notices()[-1]
        resource = json.loads(json.dumps(told.resource))
        changed: dict[str, Any] = {
            "amount": {"amount": resource["amount"] | {"total": resource["amount"]["total"] + 1}},
            "cheap": {"amount": resource["amount"] | {"total": 1}},
            "currency": {"amount": resource["amount"] | {"currency": "USD"}},
            "app": {"appid": "wx9999999999999999"},
            "merchant": {"mchid": "1999999999"},
        }
        resource |= changed.get(lie, {})
        sealed = wechat_wire.seal(
            wechat_wire.compact_json(resource),
            secret=SIMULATED_WECHAT_API_V3_KEY,
            associated_data="transaction",
        )
        body = wechat_wire.compact_json(
            {
                "id": told.notice_id,
                "create_time": wechat_wire.rfc3339(told.created_at),
                "resource_type": "encrypt-resource",
                "event_type": told.event_type,
                "summary": told.summary,
                "resource": {"original_type": "transaction", **sealed},
            }
        ).encode()
        headers = self._headers(body, at, forged=lie == "signature")
        if lie == "unsigned":
            del headers["wechatpay-signature"]
        if lie == "probe":
            headers["wechatpay-signature"] = "WECHATPAY/SIGNTEST/" + headers["wechatpay-signature"][19:]
        return Message(headers, body)

    def signed(self, body: bytes) -> Message:
        return Message(self._headers(body, None), body)

    def _headers(self, body: bytes, at: datetime | None, *, forged: bool = False) -> dict[str, str]:
        now = at or self._simulator.clock.now()
        return dict(self._simulator.keys.notice_headers(body, now=now, forged=forged))

    def silent(self) -> None:
        self._simulator.add_fault(WechatFault(kind=WechatFaultKind.TIMEOUT))

    def close(self) -> None:
        self._simulator.close()


class CardPeer:
    code = "card"
    accepted = (200, "text/plain", b"")
    refused = (400, "text/plain", b"")

    def __init__(self, api: Api, send: Send) -> None:
        self._simulator = CardSimulator.in_memory(
            now=api.simulator.clock.now(), webhook_events=CHECKOUT_EVENTS, send_notice=send
        )
        self._simulator.clock = api.simulator.clock
        self.provider = card_at(self._simulator)

    @property
    def simulator(self) -> CardSimulator:
        """The simulator, for what only cards have."""
        return self._simulator

    def pay(self) -> None:
        self._simulator.pay(self._simulator.list_sessions()[-1]["client_reference_id"])

    def notice(self, lie: str = "", *, at: datetime | None = None) -> Message:
        told = [each for each in self._simulator.list_notices() if each.type == "payment_intent.succeeded"]
        event = json.loads(json.dumps(told[-1].event))
        intent = event["data"]["object"]
        if lie in ("amount", "cheap"):
            intent["amount_received"] = intent["amount_received"] + 1 if lie == "amount" else 1
        if lie == "currency":
            intent["currency"] = "usd"
        if lie == "app":
            event["livemode"] = True
        if lie == "merchant":
            event["account"] = "acct_1SomebodyElse"
        return self._sign(json.dumps(event).encode(), at, lie)

    def signed(self, body: bytes) -> Message:
        return self._sign(body, None, "")

    def _sign(self, body: bytes, at: datetime | None, lie: str) -> Message:
        when = int((at or self._simulator.clock.now()).timestamp())
        secret = "whsec_forged" if lie == "signature" else self._simulator.account.webhook_secrets[0]
        code = hmac.new(secret.encode(), f"{when}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "stripe-signature": f"t={when},v1={code}"}
        if lie == "unsigned":
            del headers["stripe-signature"]
        return Message(headers, body)

    def silent(self) -> None:
        self._simulator.add_fault(CardFault(kind=CardFaultKind.TIMEOUT))

    def close(self) -> None:
        self._simulator.close()


PEERS: dict[str, Callable[[Api, Send], Peer]] = {
    "alipay": AlipayPeer,
    "wechat": WechatPeer,
    "card": CardPeer,
}


async def at_provider(api: Api, peer: Peer) -> Placed:
    """A purchase whose buyer was sent to the provider and has not paid."""
    url, shown = await api.ready_cart({"TEA": 1})
    chosen = await api.client.put(f"{url}/payment-method", json={"provider": peer.code}, headers=shown)
    assert chosen.status_code == 200, chosen.text
    answer = await api.client.post(
        f"{url}/checkout",
        json={"expected_total": {"amount": total_of({"TEA": 1}), "currency": "CNY"}},
        headers={**shown, **key()},
    )
    placed = Placed(answer.json(), url.rpartition("/")[2], shown)
    if peer.code == "alipay":
        await api.open_cashier(placed)
    else:
        started = await api.client.post(f"{placed.url}/pay", headers=placed.headers)
        assert started.status_code == 200, started.text
    return placed
