"""The provider against the simulated Alipay, over the wire protocol."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.world.gateways import alipay_at

from merx.kit.money import Money
from merx.payments.providers import (
    AlipayProvider,
    PaymentNotPossible,
    PaymentRequest,
    ProviderRefused,
    ProviderRegistry,
    ProviderStatus,
    ProviderUnavailable,
    UnknownProvider,
)
from merx.payments.providers.protocol import PaymentProvider
from merx.simulators import AlipaySimulator
from merx.simulators.alipay.model import Fault, FaultKind
from merx.simulators.keys import new_key_pair

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)

NUMBER = "M20260301_0001"
RequestOf = Callable[..., PaymentRequest]


async def open_cashier(provider: PaymentProvider, browser: httpx.AsyncClient, request: PaymentRequest) -> str:
    action = await provider.start(request)
    page = await browser.get(action.url, follow_redirects=True)
    assert page.status_code == 200
    return str(page.url.path)


async def test_a_payment_runs_from_link_to_capture(
    provider: AlipayProvider, simulator: AlipaySimulator, browser: httpx.AsyncClient, request_of: RequestOf
) -> None:
    action = await provider.start(request_of())
    assert (await provider.query(NUMBER)).status is ProviderStatus.UNKNOWN
    page = await browser.get(action.url, follow_redirects=True)
    assert (await provider.query(NUMBER)).status is ProviderStatus.WAITING
    simulator.clock.advance(timedelta(seconds=90))
    paid = await browser.post(f"{page.url.path}/pay")
    assert provider.parse_return(urlsplit(paid.headers["location"]).query) == NUMBER
    state = await provider.query(NUMBER)
    assert (state.status, state.number, state.amount, state.paid_at, state.raw_status) == (
        ProviderStatus.CAPTURED,
        NUMBER,
        Money(12_345, "CNY"),
        NOW + timedelta(seconds=90),
        "TRADE_SUCCESS",
    )
    assert state.provider_reference == simulator.list_trades()[0].trade_no


async def test_the_link_carries_amount_deadline_and_subject_in_the_providers_form(
    provider: AlipayProvider, request_of: RequestOf
) -> None:
    late = NOW + timedelta(minutes=30, microseconds=999_999)
    action = await provider.start(request_of(subject="茶/杯 a=b&c\n", expires_at=late))
    parameters = parse_qs(urlsplit(action.url).query)
    assert action.kind == "redirect"
    assert parameters["biz_content"] == [
        (
            '{"out_trade_no":"M20260301_0001","product_code":"FAST_INSTANT_TRADE_PAY",'
            '"total_amount":"123.45","subject":"茶 杯 a b c","time_expire":"2026-03-01 12:30:00"}'
        )
    ]
    assert parameters["timestamp"] == ["2026-03-01 12:00:00"]
    assert parameters["notify_url"] == ["https://shop.test/payments/alipay/notice"]


async def test_a_subject_of_forbidden_characters_becomes_the_number_and_a_long_one_is_cut(
    provider: AlipayProvider, browser: httpx.AsyncClient, simulator: AlipaySimulator, request_of: RequestOf
) -> None:
    await open_cashier(provider, browser, request_of(subject="&&&", number="A1"))
    await open_cashier(provider, browser, request_of(subject="茶" * 300, number="A2"))
    assert [trade.subject for trade in simulator.list_trades()] == ["A1", "茶" * 256]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Money(100, "USD")},
        {"amount": Money(0, "CNY")},
        {"amount": Money(-1, "CNY")},
        {"amount": Money(10_000_000_001, "CNY")},
        {"number": "a-b"},
        {"number": "x" * 65},
        {"notify_url": "https://shop.test/notice?x=1"},
        {"return_url": "/relative"},
        {"return_url": "javascript:alert(1)"},
    ],
)
async def test_what_alipay_cannot_take_is_refused_before_any_call(
    provider: AlipayProvider, simulator: AlipaySimulator, request_of: RequestOf, change: dict[str, object]
) -> None:
    with pytest.raises(PaymentNotPossible):
        await provider.start(request_of(**change))
    assert simulator.list_trades() == []


async def test_closing_an_unpaid_payment_closes_it_for_the_payer_too(
    provider: AlipayProvider, browser: httpx.AsyncClient, request_of: RequestOf
) -> None:
    path = await open_cashier(provider, browser, request_of())
    assert (await provider.close(NUMBER)).status is ProviderStatus.CLOSED
    await browser.post(f"{path}/pay")
    assert (await provider.query(NUMBER)).status is ProviderStatus.CLOSED
    assert (await provider.close(NUMBER)).status is ProviderStatus.CLOSED


async def test_closing_reports_the_capture_when_the_payer_was_first(
    provider: AlipayProvider, browser: httpx.AsyncClient, simulator: AlipaySimulator, request_of: RequestOf
) -> None:
    await open_cashier(provider, browser, request_of())
    simulator.pay(NUMBER)
    state = await provider.close(NUMBER)
    assert (state.status, state.amount) == (ProviderStatus.CAPTURED, Money(12_345, "CNY"))


async def test_closing_what_nobody_opened_is_unknown(provider: AlipayProvider) -> None:
    assert (await provider.close(NUMBER)).status is ProviderStatus.UNKNOWN


async def test_a_payment_closes_itself_at_its_deadline(
    provider: AlipayProvider, browser: httpx.AsyncClient, simulator: AlipaySimulator, request_of: RequestOf
) -> None:
    path = await open_cashier(provider, browser, request_of())
    simulator.clock.advance(timedelta(minutes=30) - timedelta(seconds=1))
    assert (await provider.query(NUMBER)).status is ProviderStatus.WAITING
    simulator.clock.advance(timedelta(seconds=1))
    await browser.post(f"{path}/pay")
    assert (await provider.query(NUMBER)).status is ProviderStatus.CLOSED


@pytest.mark.parametrize("kind", ["timeout", "error_before", "unsigned", "bad_signature", "busy"])
async def test_a_query_without_a_believable_answer_is_unavailable_and_the_next_one_works(
    provider: AlipayProvider,
    browser: httpx.AsyncClient,
    simulator: AlipaySimulator,
    request_of: RequestOf,
    kind: str,
) -> None:
    await open_cashier(provider, browser, request_of())
    simulator.pay(NUMBER)
    simulator.add_fault(Fault(kind=FaultKind(kind), method="alipay.trade.query"))
    with pytest.raises(ProviderUnavailable):
        await provider.query(NUMBER)
    assert (await provider.query(NUMBER)).status is ProviderStatus.CAPTURED


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_AFTER, FaultKind.ERROR_AFTER])
async def test_a_close_that_took_effect_without_an_answer_is_found_by_the_query(
    provider: AlipayProvider,
    browser: httpx.AsyncClient,
    simulator: AlipaySimulator,
    request_of: RequestOf,
    kind: FaultKind,
) -> None:
    await open_cashier(provider, browser, request_of())
    simulator.add_fault(Fault(kind=kind, method="alipay.trade.close"))
    with pytest.raises(ProviderUnavailable):
        await provider.close(NUMBER)
    assert (await provider.query(NUMBER)).status is ProviderStatus.CLOSED


async def test_a_genuine_answer_about_another_trade_is_not_believed(
    provider: AlipayProvider, browser: httpx.AsyncClient, simulator: AlipaySimulator, request_of: RequestOf
) -> None:
    await open_cashier(provider, browser, request_of(number="PAID"))
    simulator.pay("PAID")

    class Replaying(httpx.AsyncBaseTransport):
        kept: httpx.Response | None = None

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.kept is None:
                self.kept = await simulator.transport().handle_async_request(request)
                await self.kept.aread()
            return httpx.Response(200, content=self.kept.content)

    replayed = alipay_at(simulator, Replaying())
    assert (await replayed.query("PAID")).status is ProviderStatus.CAPTURED
    with pytest.raises(ProviderUnavailable) as caught:
        await replayed.query("UNPAID")
    assert caught.value.params["reason"] == "the answer is about another trade"


async def test_a_gateway_that_never_answers_ends_at_the_deadline(simulator: AlipaySimulator) -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            return httpx.Response(200, request=request)

    provider = alipay_at(simulator, Silent(), deadline_seconds=0.01)
    with pytest.raises(ProviderUnavailable):
        await provider.query(NUMBER)


async def test_a_key_the_gateway_does_not_know_is_refused_not_failed(simulator: AlipaySimulator) -> None:
    provider = alipay_at(simulator, private_key_pem=new_key_pair().private_pem)
    with pytest.raises(ProviderRefused) as caught:
        await provider.query(NUMBER)
    assert caught.value.params["reason"] == "40002 isv.invalid-signature"


async def test_the_registry_finds_providers_by_code_and_currency(provider: AlipayProvider) -> None:
    registry = ProviderRegistry([provider])
    assert registry.get("alipay").inner is provider
    assert [each.code for each in registry.offered("CNY", sellers=1, country="CN")] == ["alipay"]
    assert registry.offered("USD", sellers=1, country="CN") == []
    with pytest.raises(UnknownProvider):
        registry.get("cash")
    await registry.aclose()


def test_the_provider_answers_notices_in_the_protocols_words(provider: AlipayProvider) -> None:
    assert (provider.acknowledgement.body, provider.refusal.body) == (b"success", b"failure")
    assert dict(provider.label) == {"zh-CN": "支付宝", "en": "Alipay"}
