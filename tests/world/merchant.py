"""A merchant's own client of a simulated Alipay, written from the protocol."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from merx.simulators import SIMULATED_APP_ID, AlipaySimulator, NoticeAnswer

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


BASE = "http://alipay.test"


class Received(msgspec.Struct, frozen=True):
    """One notice as the merchant got it."""

    at: datetime
    url: str
    fields: dict[str, str]
    genuine: bool


class Shop:
    """A merchant: signs calls, receives notices, and answers them with `answers` in turn, then `success`."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[NoticeAnswer | Exception] = []
        self.simulator: AlipaySimulator

    async def receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        assert headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
        fields = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True))
        self.received.append(Received(self.simulator.clock.now(), url, fields, self.is_genuine(fields)))
        answer = self.answers.pop(0) if self.answers else NoticeAnswer(200, b"success")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def is_genuine(self, fields: Mapping[str, str]) -> bool:
        text = "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if k not in ("sign", "sign_type"))
        return verifies(text, fields["sign"], self.simulator.alipay_public_pem)

    def sign(self, parameters: Mapping[str, str]) -> dict[str, str]:
        text = "&".join(f"{k}={v}" for k, v in sorted(parameters.items()) if k != "sign" and v)
        key = serialization.load_pem_private_key(self.simulator.merchant_private_pem.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return {**parameters, "sign": base64.b64encode(signature).decode()}

    def call(self, method: str, content: Mapping[str, object], **more: str) -> dict[str, str]:
        return self.sign(
            {
                "app_id": SIMULATED_APP_ID,
                "method": method,
                "charset": "utf-8",
                "sign_type": "RSA2",
                "timestamp": "2026-03-01 12:00:00",
                "version": "1.0",
                "biz_content": json.dumps(content),
            }
            | more
        )

    def page_pay(self, number: str = "M1", **changes: object) -> dict[str, str]:
        content = {
            "out_trade_no": number,
            "total_amount": "8.80",
            "subject": "铁观音 <b>250g</b>",
            "product_code": "FAST_INSTANT_TRADE_PAY",
            "time_expire": "2026-03-01 12:30:00",
        } | changes
        content = {name: value for name, value in content.items() if value is not None}
        return self.call(
            "alipay.trade.page.pay",
            content,
            notify_url="https://shop.test/notice",
            return_url="https://shop.test/return",
        )


def verifies(text: str, signature: str, public_pem: str) -> bool:
    key = serialization.load_pem_public_key(public_pem.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(base64.b64decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


class Calls:
    """The gateway as a merchant calls it."""

    def __init__(self, shop: Shop, web: httpx.AsyncClient) -> None:
        self.shop, self.web = shop, web

    async def open(self, number: str = "M1", **changes: object) -> str:
        """Open the cashier as a payer does; returns its path."""
        page = await self.web.get(
            "/gateway.do", params=self.shop.page_pay(number, **changes), follow_redirects=True
        )
        assert page.url.path.startswith("/cashier/"), page.text
        return page.url.path

    async def api(self, method: str, **content: object) -> dict[str, Any]:
        """Call a method; asserts the answer's signature over its exact text and returns its fields."""
        answer = await self.web.post("/gateway.do", data=self.shop.call(method, content))
        assert answer.status_code == 200
        node = method.replace(".", "_") + "_response"
        head, tail = f'{{"{node}":', ',"sign":"'
        text = answer.text[len(head) : answer.text.rindex(tail)]
        assert answer.text.startswith(head + "{")
        assert verifies(text, answer.json()["sign"], self.shop.simulator.alipay_public_pem)
        fields: dict[str, Any] = answer.json()[node]
        return fields

    async def query(self, number: str = "M1") -> dict[str, Any]:
        return await self.api("alipay.trade.query", out_trade_no=number)
