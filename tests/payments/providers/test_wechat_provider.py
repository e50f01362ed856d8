"""WeChat Pay through the provider against the simulator: ordering, paying, asking, closing."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.world.wechat import NOW, NUMBER, WHOLE, WechatPeer, request

from merx.kit.money import Money
from merx.payments.providers import (
    Device,
    GuardedProvider,
    PaymentNotPossible,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
)
from merx.simulators import SIMULATED_WECHAT_APP_ID
from merx.simulators.wechat.model import Fault, FaultKind


@pytest.fixture
async def peer() -> AsyncIterator[WechatPeer]:
    peer = WechatPeer()
    yield peer
    await peer.close()


async def test_a_desktop_gets_a_code_that_a_payer_can_pay(peer: WechatPeer) -> None:
    action = await peer.provider.start(request(subject="红`茶\n2 盒"))
    assert action.kind == "qr"
    assert action.qr_text.startswith("weixin://wxpay/bizpayurl?pr=")
    waiting = await peer.provider.query(NUMBER)
    assert (waiting.status, waiting.raw_status, waiting.amount) == (ProviderStatus.WAITING, "NOTPAY", None)

    page = await peer.browser.get("/cashier", params={"code_url": action.qr_text}, follow_redirects=True)
    assert page.status_code == 200
    assert "123.45" in page.text
    assert "红 茶 2 盒" in page.text
    assert (await peer.browser.post(f"{page.url.path}/pay")).status_code == 303

    state = await peer.provider.query(NUMBER)
    assert (state.status, state.amount, state.paid_at) == (ProviderStatus.CAPTURED, WHOLE, NOW)
    assert state.provider_reference == peer.simulator.list_orders()[0].transaction_id


async def test_a_phone_gets_a_link_that_leads_back(peer: WechatPeer) -> None:
    action = await peer.provider.start(request(device=Device.PHONE, client_ip="203.0.113.9"))
    assert action.kind == "redirect"
    assert parse_qs(urlsplit(action.url).query)["redirect_url"] == [
        "https://shop.test/payments/wechat/return/7"
    ]
    page = await peer.browser.get(action.url)
    target = next(part for part in page.text.split('"') if "/pay?" in part)
    paid = await peer.browser.post(target.replace("&amp;", "&"))
    assert paid.headers["location"] == "https://shop.test/payments/wechat/return/7"
    assert (await peer.provider.query(NUMBER)).status is ProviderStatus.CAPTURED


async def test_inside_wechat_the_bridge_gets_signed_parameters(peer: WechatPeer) -> None:
    action = await peer.provider.start(request(device=Device.WECHAT, openid="oPayer"))
    assert action.kind == "jsapi"
    given = action.jsapi
    assert (given["appId"], given["signType"]) == (SIMULATED_WECHAT_APP_ID, "RSA")
    assert given["timeStamp"] == str(int(NOW.timestamp()))
    text = f"{given['appId']}\n{given['timeStamp']}\n{given['nonceStr']}\n{given['package']}\n"
    key = serialization.load_pem_private_key(peer.simulator.merchant_private_pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = base64.b64decode(given["paySign"])
    key.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    (order,) = peer.simulator.list_orders()
    assert (given["package"], order.openid) == (f"prepay_id=wx{order.token}", "oPayer")


async def test_inside_wechat_without_an_openid_there_is_the_code(peer: WechatPeer) -> None:
    assert (await peer.provider.start(request(device=Device.WECHAT))).kind == "qr"


async def test_starting_again_gives_the_same_code(peer: WechatPeer) -> None:
    assert await peer.provider.start(request()) == await peer.provider.start(request())
    assert len(peer.simulator.list_orders()) == 1


async def test_another_amount_under_the_same_number_is_not_ordered(peer: WechatPeer) -> None:
    await peer.provider.start(request())
    with pytest.raises(ProviderUnavailable) as caught:
        await peer.provider.start(request(amount=Money(1, "CNY")))
    assert caught.value.params == {"provider": "wechat", "reason": "OUTTRADENOUSED"}
    assert [order.amount_fen for order in peer.simulator.list_orders()] == [12_345]


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Money(100, "USD")},
        {"amount": Money(0, "CNY")},
        {"amount": Money(10_000_000_001, "CNY")},
        {"number": "M1"},
        {"number": "M" * 33},
        {"number": "M/../1"},
        {"notify_url": "https://shop.test/notify?a=b"},
        {"return_url": "/relative"},
    ],
)
async def test_what_wechat_pay_does_not_take_is_refused_without_a_call(
    peer: WechatPeer, changes: dict[str, object]
) -> None:
    with pytest.raises(PaymentNotPossible):
        await peer.provider.start(request(**changes))
    assert peer.simulator.list_orders() == []


async def test_an_unknown_number_is_unknown_and_not_failed(peer: WechatPeer) -> None:
    assert (await peer.provider.query(NUMBER)).status is ProviderStatus.UNKNOWN
    assert (await peer.provider.close(NUMBER)).status is ProviderStatus.UNKNOWN


async def test_closing_stops_the_payer(peer: WechatPeer) -> None:
    await peer.provider.start(request())
    assert (await peer.provider.close(NUMBER)).status is ProviderStatus.CLOSED
    assert (await peer.provider.close(NUMBER)).status is ProviderStatus.CLOSED
    token = peer.simulator.list_orders()[0].token
    await peer.browser.post(f"/h5/{token}/pay")
    assert (await peer.provider.query(NUMBER)).status is ProviderStatus.CLOSED
    with pytest.raises(ProviderUnavailable):
        await peer.provider.start(request())


async def test_closing_what_the_payer_paid_first_reports_the_money(peer: WechatPeer) -> None:
    await peer.paid()
    state = await peer.provider.close(NUMBER)
    assert (state.status, state.amount) == (ProviderStatus.CAPTURED, WHOLE)


async def test_an_order_past_its_deadline_is_closed(peer: WechatPeer) -> None:
    await peer.provider.start(request())
    peer.simulator.clock.advance(timedelta(minutes=30))
    assert (await peer.provider.query(NUMBER)).status is ProviderStatus.CLOSED


@pytest.mark.parametrize(
    "kind", ["timeout", "timeout_after", "error_before", "error_after", "unsigned", "bad_signature", "busy"]
)
async def test_without_an_answer_to_believe_nothing_is_known(peer: WechatPeer, kind: str) -> None:
    await peer.paid()
    peer.simulator.add_fault(Fault(kind=FaultKind(kind)))
    with pytest.raises(ProviderUnavailable) as caught:
        await peer.provider.query(NUMBER)
    assert not isinstance(caught.value, ProviderRefused)
    assert (await peer.provider.query(NUMBER)).status is ProviderStatus.CAPTURED


class Changed(httpx.AsyncBaseTransport):
    """The simulator, whose answers somebody changes on the way."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, body: tuple[bytes, bytes] = (b"", b"")) -> None:
        self.inner, self.body, self.replay = inner, body, False
        self.kept: httpx.Response | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.replay and self.kept is not None:
            return httpx.Response(200, headers=self.kept.headers, content=self.kept.content)
        answer = await self.inner.handle_async_request(request)
        await answer.aread()
        self.kept = answer
        content = answer.content.replace(*self.body)
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        return httpx.Response(answer.status_code, headers=headers, content=content)


async def test_a_changed_amount_is_not_believed(peer: WechatPeer) -> None:
    await peer.paid()
    changed = Changed(peer.simulator.transport(), body=(b"12345", b"12346"))
    provider = peer.new_provider(http=changed)
    with pytest.raises(ProviderUnavailable) as caught:
        await provider.query(NUMBER)
    assert caught.value.params["reason"] == "HTTP 200: the signature is not valid"


async def test_a_genuine_answer_about_another_payment_or_of_yesterday_is_not_believed(
    peer: WechatPeer,
) -> None:
    await peer.paid()
    replaying = Changed(peer.simulator.transport())
    provider = peer.new_provider(http=replaying)
    assert (await provider.query(NUMBER)).status is ProviderStatus.CAPTURED
    replaying.replay = True
    with pytest.raises(ProviderUnavailable) as another:
        await provider.query("260301WECHAT00002")
    peer.simulator.clock.advance(timedelta(minutes=5, seconds=1))
    with pytest.raises(ProviderUnavailable) as old:
        await provider.query(NUMBER)
    assert [caught.value.params["reason"] for caught in (another, old)] == [
        "the answer is about something else",
        "HTTP 200: the time is too far from ours",
    ]


async def test_certificates_are_fetched_and_follow_a_rotation(peer: WechatPeer) -> None:
    provider = peer.new_provider(certificates=True)
    await peer.paid()
    assert (await provider.query(NUMBER)).status is ProviderStatus.CAPTURED
    peer.simulator.rotate_certificate()
    with pytest.raises(ProviderUnavailable):  # the list was fetched less than a minute ago
        await provider.query(NUMBER)
    peer.simulator.clock.advance(timedelta(minutes=1))
    assert (await provider.query(NUMBER)).status is ProviderStatus.CAPTURED
    await provider.aclose()


async def test_certificates_sealed_with_another_secret_are_not_taken(peer: WechatPeer) -> None:
    provider = peer.new_provider(certificates=True, api_v3_key="another-secret-of-32-characters-")
    with pytest.raises(ProviderUnavailable) as caught:
        await provider.query(NUMBER)
    assert caught.value.params["reason"] == "the certificates cannot be read"


async def test_a_half_public_key_and_a_short_secret_are_refused(peer: WechatPeer) -> None:
    with pytest.raises(ValueError, match="32 characters"):
        peer.new_provider(api_v3_key="short")


def test_the_browsers_return_proves_nothing() -> None:
    peer = WechatPeer()
    assert GuardedProvider(peer.provider).parse_return(f"out_trade_no={NUMBER}") is None
    peer.simulator.close()
