"""The simulated WeChat Pay by its protocol: signatures, refusals, the control interface, the schedule, restarts."""

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.world.wechat import BASE_URL, NOW, NUMBER, WechatPeer, request

from merx.simulators import (
    SIMULATED_WECHAT_API_V3_KEY,
    SIMULATED_WECHAT_APP_ID,
    SIMULATED_WECHAT_CERT_SERIAL,
    SIMULATED_WECHAT_MCH_ID,
    SIMULATED_WECHAT_PUBLIC_KEY_ID,
    SimulatorClock,
    WechatSimulator,
)
from merx.simulators.keys import new_key_pair
from merx.simulators.wechat import simulated_merchant
from merx.simulators.wechat.model import Fault, FaultKind
from merx.simulators.wechat.notices import RETRY_AFTER

ORDER = {
    "appid": SIMULATED_WECHAT_APP_ID,
    "mchid": SIMULATED_WECHAT_MCH_ID,
    "description": "铁观音 <b>250g</b>",
    "out_trade_no": "M00001",
    "notify_url": "https://shop.test/notice",
    "amount": {"total": 880, "currency": "CNY"},
}
NATIVE = "/v3/pay/transactions/native"


class Shop:
    """A merchant written from the protocol: signs requests, verifies answers."""

    def __init__(self, simulator: WechatSimulator, web: httpx.AsyncClient) -> None:
        self.simulator, self.web = simulator, web
        key = serialization.load_pem_private_key(self.simulator.merchant_private_pem.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.key = key

    def headers(self, method: str, target: str, body: bytes, **changes: str) -> dict[str, str]:
        values = {
            "mchid": SIMULATED_WECHAT_MCH_ID,
            "serial_no": SIMULATED_WECHAT_CERT_SERIAL,
            "timestamp": str(int(self.simulator.clock.now().timestamp())),
            "nonce_str": secrets.token_hex(8),
        } | changes
        text = f"{method}\n{target}\n{values['timestamp']}\n{values['nonce_str']}\n".encode() + body + b"\n"
        signature = base64.b64encode(self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()
        named = ",".join(f'{name}="{value}"' for name, value in {"signature": signature, **values}.items())
        return {
            "authorization": f"WECHATPAY2-SHA256-RSA2048 {named}",
            "accept": "application/json",
            "content-type": "application/json",
            "wechatpay-serial": SIMULATED_WECHAT_PUBLIC_KEY_ID,
        }

    async def call(
        self, method: str, target: str, content: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Call, assert that the account's public key signed the answer, and return it."""
        body = b"" if content is None else json.dumps(content).encode()
        answer = await self.web.request(
            method, target, content=body, headers=self.headers(method, target, body)
        )
        head = answer.headers
        assert head["wechatpay-serial"] == SIMULATED_WECHAT_PUBLIC_KEY_ID
        assert head["wechatpay-signature-type"] == "WECHATPAY2-SHA256-RSA2048"
        key = serialization.load_pem_public_key(self.simulator.public_pem.encode())
        assert isinstance(key, rsa.RSAPublicKey)
        text = f"{head['wechatpay-timestamp']}\n{head['wechatpay-nonce']}\n".encode() + answer.content + b"\n"
        key.verify(base64.b64decode(head["wechatpay-signature"]), text, padding.PKCS1v15(), hashes.SHA256())
        return answer.status_code, answer.json() if answer.content else {}

    async def code_of(self, target: str, content: Mapping[str, Any]) -> tuple[int, str]:
        status, fields = await self.call("POST", target, content)
        return status, fields["code"]


@pytest.fixture
async def peer() -> AsyncIterator[WechatPeer]:
    peer = WechatPeer()
    yield peer
    await peer.close()


@pytest.fixture
def shop(peer: WechatPeer) -> Shop:
    return Shop(peer.simulator, peer.browser)


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({"mchid": "1999999999"}, b""),
        ({"serial_no": "00"}, b""),
        ({"timestamp": str(int(NOW.timestamp()) - 301)}, b""),
        ({"timestamp": "now"}, b""),
        ({}, b"another body"),
    ],
)
async def test_a_request_that_is_not_signed_right_gets_an_unsigned_401(
    shop: Shop, change: dict[str, str], body: bytes
) -> None:
    target = f"/v3/pay/transactions/out-trade-no/M00001?mchid={SIMULATED_WECHAT_MCH_ID}"
    headers = shop.headers("GET", target, b"", **change)
    answer = await shop.web.request("GET", target, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    assert "wechatpay-signature" not in answer.headers


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"appid": "wx1"}, "APPID_MCHID_NOT_MATCH"),
        ({"out_trade_no": "M1"}, "PARAM_ERROR"),
        ({"description": ""}, "PARAM_ERROR"),
        ({"description": "长" * 128}, "PARAM_ERROR"),
        ({"amount": {"total": 1.5}}, "PARAM_ERROR"),
        ({"amount": {"total": 0}}, "PARAM_ERROR"),
        ({"amount": {"total": 1, "currency": "USD"}}, "PARAM_ERROR"),
        ({"notify_url": "http://shop.test/notice"}, "PARAM_ERROR"),
        ({"notify_url": "https://shop.test/notice?a=b"}, "PARAM_ERROR"),
        ({"time_expire": "2026-03-01 12:30:00"}, "PARAM_ERROR"),
        ({"time_expire": "2026-03-01T12:00:00+08:00"}, "PARAM_ERROR"),
    ],
)
async def test_an_order_of_the_wrong_form_is_refused(
    shop: Shop, change: dict[str, object], code: str
) -> None:
    assert await shop.code_of(NATIVE, ORDER | change) == (400, code)
    assert shop.simulator.list_orders() == []


async def test_each_way_to_pay_wants_its_own_fields(shop: Shop) -> None:
    assert await shop.code_of("/v3/pay/transactions/jsapi", ORDER) == (400, "PARAM_ERROR")
    assert await shop.code_of("/v3/pay/transactions/h5", ORDER) == (400, "PARAM_ERROR")
    payer = {"payer": {"openid": "oPayer"}}
    assert (await shop.call("POST", "/v3/pay/transactions/jsapi", ORDER | payer))[0] == 200
    assert await shop.code_of(NATIVE, ORDER) == (403, "OUT_TRADE_NO_USED")
    status, fields = await shop.call("GET", "/v3/nothing")
    assert (status, fields["code"]) == (404, "RESOURCE_NOT_EXISTS")


async def test_a_paid_order_is_found_by_both_numbers_and_cannot_be_closed(shop: Shop) -> None:
    await shop.call("POST", NATIVE, ORDER)
    reference = shop.simulator.list_orders()[0].transaction_id
    by_reference = f"/v3/pay/transactions/id/{reference}?mchid={SIMULATED_WECHAT_MCH_ID}"
    assert (await shop.call("GET", by_reference))[0] == 404
    shop.simulator.pay("M00001")
    status, fields = await shop.call("GET", by_reference)
    assert (status, fields["trade_state"], fields["amount"]["payer_total"]) == (200, "SUCCESS", 880)
    close = "/v3/pay/transactions/out-trade-no/M00001/close"
    assert await shop.code_of(close, {"mchid": SIMULATED_WECHAT_MCH_ID}) == (400, "ORDER_PAID")
    assert await shop.code_of(NATIVE, ORDER) == (400, "ORDERPAID")


async def test_certificates_are_sealed_with_the_merchants_secret(shop: Shop) -> None:
    newest = shop.simulator.rotate_certificate()
    _, fields = await shop.call("GET", "/v3/certificates")
    assert len(fields["data"]) == 2
    sealed = fields["data"][-1]["encrypt_certificate"]
    assert (fields["data"][-1]["serial_no"], sealed["associated_data"]) == (newest, "certificate")
    plain = AESGCM(SIMULATED_WECHAT_API_V3_KEY.encode()).decrypt(
        sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), b"certificate"
    )
    assert f"{x509.load_pem_x509_certificate(plain).serial_number:X}" == newest


async def test_a_bill_has_the_providers_columns_and_the_hash_of_its_text(shop: Shop) -> None:
    await shop.call("POST", NATIVE, ORDER)
    shop.simulator.pay("M00001")
    shop.simulator.clock.advance(timedelta(days=1))
    _, made = await shop.call("GET", "/v3/bill/tradebill?bill_date=2026-03-01&bill_type=ALL")
    target = made["download_url"].removeprefix(BASE_URL)
    answer = await shop.web.get(target, headers=shop.headers("GET", target, b""))
    assert made["hash_value"] == hashlib.sha1(answer.content, usedforsecurity=False).hexdigest()
    assert "wechatpay-signature" not in answer.headers
    head, row, total_head, totals = answer.text.split("\r\n")[:4]
    assert (head.split(",")[0], len(head.split(","))) == ("交易时间", 27)
    assert row.split(",")[0] == "`2026-03-01 12:00:00"
    assert len(row.split(",`")) == 27
    assert (total_head.split(",")[0], totals) == ("总交易单数", "`1,`8.80,`0.00,`0.00,`0.05000,`8.80,`0.00")
    status, none = await shop.call("GET", "/v3/bill/tradebill?bill_date=2026-02-27")
    assert (status, none["code"]) == (400, "NO_STATEMENT_EXIST")


async def test_an_unanswered_notice_is_sent_sixteen_times_in_a_day(peer: WechatPeer) -> None:
    assert sum(RETRY_AFTER, timedelta()) == timedelta(hours=24, minutes=4)
    peer.receiver = peer.new_provider(api_v3_key="another-secret-of-32-characters-")
    await peer.paid()
    lines = await peer.simulator.advance(timedelta(days=3))
    assert [line.at - NOW for line in lines[:4]] == [timedelta(seconds=s) for s in (0, 15, 30, 60)]
    assert (len(lines), peer.simulator.list_notices()[0].state) == (16, "abandoned")
    peer.receiver = peer.provider
    (again,) = await peer.simulator.resend(peer.simulator.list_notices()[0].notice_id)
    assert again.outcome == "success"


async def test_notices_are_lost_delayed_doubled_and_come_in_another_order(peer: WechatPeer) -> None:
    second = "260301WECHAT00002"
    peer.simulator.add_fault(Fault(kind=FaultKind.HOLD, times=2))
    await peer.paid()
    await peer.paid(second)
    assert [line.outcome for line in await peer.simulator.deliver_due()] == ["held", "held"]
    peer.simulator.add_fault(Fault(kind=FaultKind.DUPLICATE, number=second))
    released = await peer.simulator.release()
    assert [line.number for line in released] == [second, second, NUMBER]

    peer.simulator.add_fault(Fault(kind=FaultKind.DELAY, seconds=60))
    peer.simulator.add_fault(Fault(kind=FaultKind.LOSE))
    await peer.paid("260301WECHAT00003")
    lines = await peer.simulator.advance(timedelta(seconds=75))
    assert [(line.outcome, line.fault) for line in lines] == [
        ("delayed", "delay"),
        ("lost", "lose"),
        ("success", None),
    ]


async def test_the_control_interface_pays_moves_the_clock_and_makes_faults(peer: WechatPeer) -> None:
    await peer.provider.start(request())
    web = peer.browser
    assert (await web.post(f"/control/orders/{NUMBER}/pay")).json()["state"] == "SUCCESS"
    assert (await web.post(f"/control/orders/{NUMBER}/close")).status_code == 400
    assert (await web.get("/control/orders/none")).status_code == 404
    moved = (await web.post("/control/clock", json={"advance_seconds": 1})).json()
    assert [line["outcome"] for line in moved["delivered"]] == ["success"]
    rotated = (await web.post("/control/keys", json={"rotate": True})).json()
    assert len(rotated["certificates"]) == 2
    stranger = await web.get("/control/orders", headers={"host": "evil.test"})
    assert stranger.status_code == 403


async def test_a_payer_can_refuse_leave_and_come_too_late(peer: WechatPeer) -> None:
    assert "付款码内容" in (await peer.browser.get("/cashier")).text
    missed = await peer.browser.get("/cashier", params={"code_url": "weixin://wxpay/bizpayurl?pr=none"})
    assert "没有这个付款码" in missed.text
    await peer.provider.start(request())
    path = f"/h5/{peer.simulator.list_orders()[0].token}"
    back = {"redirect_url": "https://shop.test/back?a=1&b=2"}
    refused = await peer.browser.post(f"{path}/refuse", params=back, follow_redirects=True)
    assert "支付被拒绝" in refused.text
    assert 'href="https://shop.test/back?a=1&amp;b=2"' in refused.text
    assert "javascript" not in (await peer.browser.get(path, params={"redirect_url": "javascript:x"})).text
    peer.simulator.clock.advance(timedelta(minutes=30))
    late = await peer.browser.post(f"{path}/pay", params=back, follow_redirects=True)
    assert "订单已关闭" in late.text
    assert peer.simulator.list_orders()[0].paid_at is None
    assert (await peer.browser.get("/h5/none")).status_code == 404


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    merchant_keys, account_keys = new_key_pair(), new_key_pair()

    def started(clock: SimulatorClock | None) -> WechatSimulator:
        return WechatSimulator(
            merchants=[simulated_merchant(merchant_keys.public_pem)],
            private_pem=account_keys.private_pem,
            state_file=tmp_path / "wechat.sqlite3",
            clock=clock,
        )

    first = started(SimulatorClock(frozen_at=NOW))
    first.merchant_private_pem = merchant_keys.private_pem
    first.clock_changed()
    first.add_fault(Fault(kind=FaultKind.LOSE))
    async with httpx.AsyncClient(transport=first.transport(), base_url=BASE_URL) as web:
        target, body = NATIVE, json.dumps(ORDER).encode()
        headers = Shop(first, web).headers("POST", target, body)
        assert (await web.post(target, content=body, headers=headers)).status_code == 200
    first.pay("M00001")
    first.close()

    second = started(None)
    assert second.clock.now() == NOW
    assert [(order.number, order.state.value) for order in second.list_orders()] == [("M00001", "SUCCESS")]
    assert [notice.number for notice in second.list_notices()] == ["M00001"]
    assert [fault.kind for fault in second.faults()] == [FaultKind.LOSE]
    assert [key.serial for key in second.keys.certificates] == [key.serial for key in first.keys.certificates]
    second.close()
