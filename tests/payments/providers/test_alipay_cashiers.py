"""The cashier on a phone and the code to scan, against the simulated Alipay."""

import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from merx.kit.money import Money
from merx.payments.providers import (
    AlipayProvider,
    Device,
    PaymentNotPossible,
    PaymentRequest,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
    RefundState,
)
from merx.simulators import AlipaySimulator
from merx.simulators.alipay.model import Fault, FaultKind

NUMBER = "M20260301_0001"
PRECREATE = "alipay.trade.precreate"
RequestOf = Callable[..., PaymentRequest]
Connect = Callable[..., AlipayProvider]


@pytest.fixture
def coded(connect: Connect) -> AlipayProvider:
    """The provider that shows a code."""
    return connect(qr=True)


@pytest.mark.parametrize("device", [Device.PHONE, Device.WECHAT])
async def test_a_phone_goes_to_the_phones_cashier_and_comes_back_paid(
    provider: AlipayProvider, browser: httpx.AsyncClient, request_of: RequestOf, device: Device
) -> None:
    action = await provider.start(request_of(device=device))
    parameters = parse_qs(urlsplit(action.url).query)
    assert (action.kind, parameters["method"]) == ("redirect", ["alipay.trade.wap.pay"])
    assert json.loads(parameters["biz_content"][0]) == {
        "out_trade_no": NUMBER,
        "product_code": "QUICK_WAP_WAY",
        "total_amount": "123.45",
        "subject": "红茶 2 盒",
        "time_expire": "2026-03-01 12:30:00",
        "quit_url": "https://shop.test/payments/alipay/return",
    }
    page = await browser.get(action.url, follow_redirects=True)
    paid = await browser.post(f"{page.url.path}/pay")
    back = urlsplit(paid.headers["location"]).query
    assert parse_qs(back)["method"] == ["alipay.trade.wap.pay.return"]
    assert provider.parse_return(back) == NUMBER
    assert (await provider.query(NUMBER)).status is ProviderStatus.CAPTURED


async def test_a_code_is_no_trade_until_it_is_scanned_and_then_it_can_be_paid(
    coded: AlipayProvider, simulator: AlipaySimulator, browser: httpx.AsyncClient, request_of: RequestOf
) -> None:
    action = await coded.start(request_of())
    assert (action.kind, action.url) == ("qr", "")
    assert (await coded.query(NUMBER)).status is ProviderStatus.UNKNOWN
    assert (await coded.close(NUMBER)).status is ProviderStatus.UNKNOWN
    page = await browser.get(action.qr_text, follow_redirects=True)
    assert (await coded.query(NUMBER)).status is ProviderStatus.WAITING
    await browser.post(f"{page.url.path}/pay")
    state = await coded.query(NUMBER)
    assert (state.status, state.amount) == (ProviderStatus.CAPTURED, Money(12_345, "CNY"))
    assert simulator.list_notices()[0].url == "https://shop.test/payments/alipay/notice"


async def test_a_payment_by_code_is_closed_and_refunded_like_any_other(
    coded: AlipayProvider, simulator: AlipaySimulator, browser: httpx.AsyncClient, request_of: RequestOf
) -> None:
    for number in ("A1", "A2"):
        await browser.get((await coded.start(request_of(number=number))).qr_text, follow_redirects=True)
    assert (await coded.close("A1")).status is ProviderStatus.CLOSED
    simulator.pay("A2")
    part = Money(5_000, "CNY")
    assert await coded.refund(number="A2", refund_number="R1", amount=part) is True
    state = await coded.refund_state(number="A2", refund_number="R1", amount=part)
    assert state is RefundState.SUCCEEDED


async def test_asking_again_shows_the_same_code(coded: AlipayProvider, request_of: RequestOf) -> None:
    assert await coded.start(request_of()) == await coded.start(request_of())


async def test_a_code_closes_itself_at_the_deadline(
    coded: AlipayProvider, simulator: AlipaySimulator, browser: httpx.AsyncClient, request_of: RequestOf
) -> None:
    action = await coded.start(request_of())
    simulator.clock.advance(timedelta(minutes=30))
    page = await browser.get(action.qr_text, follow_redirects=True)
    assert "交易已关闭" in page.text
    assert (await coded.query(NUMBER)).status is ProviderStatus.CLOSED


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("other amount", "the payment number was used for something else"),
        ("pay", "it is already paid"),
        ("close", "the payment was closed"),
    ],
)
async def test_a_number_that_is_used_up_shows_no_code(
    coded: AlipayProvider, simulator: AlipaySimulator, request_of: RequestOf, spoil: str, reason: str
) -> None:
    request = request_of()
    await coded.start(request)
    if spoil == "pay":
        simulator.pay(NUMBER)
    elif spoil == "close":
        simulator.clock.advance(timedelta(minutes=30))
    else:
        request = request_of(amount=Money(1, "CNY"))
    with pytest.raises(PaymentNotPossible) as caught:
        await coded.start(request)
    assert caught.value.params == {"provider": "alipay_qr", "reason": reason}
    assert len(simulator.list_trades()) == 1


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_AFTER, FaultKind.BUSY, FaultKind.BAD_SIGNATURE])
async def test_a_code_without_a_believable_answer_is_asked_for_again(
    coded: AlipayProvider, simulator: AlipaySimulator, request_of: RequestOf, kind: FaultKind
) -> None:
    simulator.add_fault(Fault(kind=kind, method=PRECREATE))
    with pytest.raises(ProviderUnavailable) as caught:
        await coded.start(request_of())
    assert not isinstance(caught.value, ProviderRefused)
    assert (await coded.start(request_of())).kind == "qr"
    assert len(simulator.list_trades()) == 1


def test_both_ways_to_pay_have_a_code_and_a_label_of_their_own(
    provider: AlipayProvider, coded: AlipayProvider
) -> None:
    assert (provider.code, dict(provider.label)) == ("alipay", {"zh-CN": "支付宝", "en": "Alipay"})
    assert (coded.code, dict(coded.label)) == (
        "alipay_qr",
        {"zh-CN": "支付宝扫码", "en": "Alipay QR code"},
    )
