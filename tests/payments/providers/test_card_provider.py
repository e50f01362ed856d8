"""The card provider against the simulated card API, over the wire protocol."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.world.gateways import card_at

from merx.kit.money import Money
from merx.payments.providers import (
    PaymentNotPossible,
    PaymentRequest,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
)
from merx.payments.providers.card import CardProvider
from merx.payments.providers.protocol import PaymentProvider
from merx.simulators.card import CardSimulator, Fault, FaultKind
from merx.simulators.card.cards import AUTHENTICATED, DECLINED, GOOD

NUMBER = "M20260301_0001"
RequestOf = Callable[..., PaymentRequest]


async def open_page(provider: PaymentProvider, request: PaymentRequest) -> str:
    action = await provider.start(request)
    assert action.kind == "redirect"
    return action.url


async def submit(browser: httpx.AsyncClient, url: str, number: str, **changes: str) -> httpx.Response:
    form = {"number": number, "expiry": "12 / 34", "cvc": "123"} | changes
    return await browser.post(url, data=form)


async def test_a_payment_runs_from_page_to_capture(
    card_provider: CardProvider,
    card_simulator: CardSimulator,
    card_browser: httpx.AsyncClient,
    request_of: RequestOf,
) -> None:
    assert (await card_provider.query(NUMBER)).status is ProviderStatus.UNKNOWN
    url = await open_page(card_provider, request_of())
    assert (await card_provider.query(NUMBER)).status is ProviderStatus.WAITING
    page = await card_browser.get(url)
    assert page.status_code == 200
    assert "CNY 123.45" in page.text
    assert "红茶 2 盒" in page.text
    card_simulator.clock.advance(timedelta(seconds=90))
    paid = await submit(card_browser, url, GOOD)
    back = urlsplit(paid.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == "https://shop.test/payments/alipay/return"
    assert card_provider.parse_return(back.query) == NUMBER
    state = await card_provider.query(NUMBER)
    assert (state.status, state.number, state.amount, state.paid_at, state.raw_status) == (
        ProviderStatus.CAPTURED,
        NUMBER,
        Money(12_345, "CNY"),
        card_simulator.clock.now(),
        "succeeded",
    )
    assert state.provider_reference == card_simulator.session(NUMBER)["payment_intent"]


async def test_the_same_payment_always_leads_to_the_same_page(
    card_provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf
) -> None:
    first = await open_page(card_provider, request_of())
    card_simulator.clock.advance(timedelta(minutes=20))
    assert await open_page(card_provider, request_of()) == first
    both = await asyncio.gather(*(open_page(card_provider, request_of(number="M2")) for _ in range(2)))
    assert both[0] == both[1]
    assert len(card_simulator.list_sessions()) == 2


async def test_a_page_outlives_our_deadline_so_that_the_provider_takes_it_and_ends_within_a_day(
    card_provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf
) -> None:
    now = card_simulator.clock.now()
    await card_provider.start(request_of(expires_at=now + timedelta(seconds=1)))
    assert card_simulator.session(NUMBER)["expires_at"] == int((now + timedelta(minutes=35)).timestamp()) + 1
    await card_provider.start(request_of(number="M2", expires_at=now + timedelta(hours=24)))
    assert card_simulator.session("M2")["expires_at"] == int((now + timedelta(hours=24)).timestamp())


async def test_currencies_without_decimals_are_charged_in_whole_units(
    card_simulator: CardSimulator, request_of: RequestOf
) -> None:
    provider = card_at(
        card_simulator, base_url="http://card.test/", webhook_secrets=(), currencies=frozenset({"JPY"})
    )
    await provider.start(request_of(amount=Money(1_500, "JPY")))
    assert card_simulator.session(NUMBER)["amount_total"] == 1_500
    card_simulator.pay(NUMBER)
    assert (await provider.query(NUMBER)).amount == Money(1_500, "JPY")
    await provider.aclose()


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Money(100, "EUR")},
        {"amount": Money(0, "CNY")},
        {"amount": Money(-1, "CNY")},
        {"amount": Money(100_000_000, "CNY")},
        {"number": "a-b"},
        {"number": "x" * 65},
        {"return_url": "/relative"},
        {"return_url": "https://shop.test/return?x=1"},
        {"return_url": "javascript:alert(1)"},
    ],
)
async def test_what_the_provider_cannot_take_is_refused_before_any_call(
    card_provider: CardProvider,
    card_simulator: CardSimulator,
    request_of: RequestOf,
    change: dict[str, object],
) -> None:
    with pytest.raises(PaymentNotPossible):
        await card_provider.start(request_of(**change))
    assert card_simulator.list_sessions() == []


async def test_a_declined_card_leaves_the_page_open_for_another(
    card_provider: CardProvider, card_browser: httpx.AsyncClient, request_of: RequestOf
) -> None:
    url = await open_page(card_provider, request_of())
    declined = await submit(card_browser, url, DECLINED)
    assert "declined" in (await card_browser.get(declined.headers["location"])).text
    assert (await card_provider.query(NUMBER)).status is ProviderStatus.WAITING
    assert (await card_provider.query(NUMBER)).amount is None
    await submit(card_browser, url, GOOD)
    assert (await card_provider.query(NUMBER)).status is ProviderStatus.CAPTURED


@pytest.mark.parametrize("passed", [True, False])
async def test_a_bank_that_asks_its_holder_decides_the_payment(
    card_provider: CardProvider, card_browser: httpx.AsyncClient, request_of: RequestOf, passed: bool
) -> None:
    url = await open_page(card_provider, request_of())
    bank = (await submit(card_browser, url, AUTHENTICATED)).headers["location"]
    assert (await card_provider.query(NUMBER)).status is ProviderStatus.WAITING
    assert "3-D Secure" in (await card_browser.get(bank)).text
    back = await card_browser.post(f"{bank}/{'complete' if passed else 'fail'}")
    state = await card_provider.query(NUMBER)
    if passed:
        assert state.status is ProviderStatus.CAPTURED
        assert back.headers["location"].startswith("https://shop.test/payments/alipay/return?")
    else:
        assert state.status is ProviderStatus.WAITING
        assert "could not verify" in (await card_browser.get(back.headers["location"])).text


async def test_closing_an_unpaid_payment_closes_it_for_the_payer_too(
    card_provider: CardProvider, card_browser: httpx.AsyncClient, request_of: RequestOf
) -> None:
    url = await open_page(card_provider, request_of())
    assert (await card_provider.close(NUMBER)).status is ProviderStatus.CLOSED
    await submit(card_browser, url, GOOD)
    assert (await card_provider.query(NUMBER)).status is ProviderStatus.CLOSED
    assert (await card_provider.close(NUMBER)).status is ProviderStatus.CLOSED
    with pytest.raises(PaymentNotPossible):
        await card_provider.start(request_of())


async def test_closing_reports_the_capture_when_the_payer_was_first(
    card_provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf
) -> None:
    await card_provider.start(request_of())
    card_simulator.pay(NUMBER)
    state = await card_provider.close(NUMBER)
    assert (state.status, state.amount) == (ProviderStatus.CAPTURED, Money(12_345, "CNY"))
    again = await card_provider.start(request_of())
    assert card_provider.parse_return(urlsplit(again.url).query) == NUMBER


async def test_there_is_nothing_to_close_before_a_page_was_made(card_provider: CardProvider) -> None:
    assert (await card_provider.close(NUMBER)).status is ProviderStatus.UNKNOWN
    assert (await card_provider.query("not a number")).status is ProviderStatus.UNKNOWN


async def test_an_unpaid_page_ends_by_itself(
    card_provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf
) -> None:
    await card_provider.start(request_of())
    card_simulator.clock.advance(timedelta(minutes=66))
    assert (await card_provider.query(NUMBER)).status is ProviderStatus.CLOSED


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.TIMEOUT,
        FaultKind.TIMEOUT_AFTER,
        FaultKind.ERROR_BEFORE,
        FaultKind.ERROR_AFTER,
        FaultKind.BUSY,
        FaultKind.IN_FLIGHT,
    ],
)
@pytest.mark.parametrize(
    "call", ["GET /v1/products", "POST /v1/products", "POST /v1/checkout/sessions", "POST /v1/products/merx_"]
)
async def test_a_page_that_failed_to_open_opens_on_the_next_try_and_is_the_only_one_shown(
    card_provider: CardProvider,
    card_simulator: CardSimulator,
    card_browser: httpx.AsyncClient,
    request_of: RequestOf,
    kind: FaultKind,
    call: str,
) -> None:
    card_simulator.add_fault(Fault(kind=kind, on=call))
    with pytest.raises(ProviderUnavailable) as raised:
        await card_provider.start(request_of())
    assert not isinstance(raised.value, ProviderRefused)
    assert (await card_provider.query(NUMBER)).status in (ProviderStatus.UNKNOWN, ProviderStatus.WAITING)
    url = await open_page(card_provider, request_of())
    await submit(card_browser, url, GOOD)
    assert (await card_provider.query(NUMBER)).status is ProviderStatus.CAPTURED


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT, FaultKind.ERROR_BEFORE, FaultKind.BUSY])
async def test_no_answer_means_nothing_is_known(
    card_provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf, kind: FaultKind
) -> None:
    await card_provider.start(request_of())
    card_simulator.pay(NUMBER)
    card_simulator.add_fault(Fault(kind=kind, times=2))
    with pytest.raises(ProviderUnavailable):
        await card_provider.query(NUMBER)
    with pytest.raises(ProviderUnavailable):
        await card_provider.close(NUMBER)
    assert (await card_provider.query(NUMBER)).status is ProviderStatus.CAPTURED


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_AFTER, FaultKind.ERROR_AFTER])
async def test_a_close_whose_answer_is_lost_can_be_repeated(
    card_provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf, kind: FaultKind
) -> None:
    await card_provider.start(request_of())
    session_id = card_simulator.session(NUMBER)["id"]
    card_simulator.add_fault(Fault(kind=kind, on=f"POST /v1/checkout/sessions/{session_id}/expire"))
    try:
        first = (await card_provider.close(NUMBER)).status
    except ProviderUnavailable:
        first = (await card_provider.close(NUMBER)).status
    assert first is ProviderStatus.CLOSED


async def test_a_wrong_key_is_a_refusal(card_simulator: CardSimulator, request_of: RequestOf) -> None:
    provider = card_at(card_simulator, secret_key="sk_test_wrong", webhook_secrets=())
    with pytest.raises(ProviderRefused) as raised:
        await provider.start(request_of())
    assert "sk_test_wrong" not in str(raised.value.params)
    await provider.aclose()


@pytest.mark.parametrize(
    "query", ["", "number=M1", "number=M1&proof=", "number=M1&proof=%FF", "number=a-b&proof=x"]
)
async def test_a_browser_without_our_proof_says_nothing(card_provider: CardProvider, query: str) -> None:
    assert card_provider.parse_return(query) is None


async def test_a_proof_is_good_for_its_own_number_only(
    card_provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf
) -> None:
    await card_provider.start(request_of())
    query = urlsplit(card_simulator.session(NUMBER)["success_url"]).query
    proof = parse_qs(query)["proof"][0]
    assert card_provider.parse_return(query) == NUMBER
    assert card_provider.parse_return(f"number={NUMBER}2&proof={proof}") is None
    assert card_provider.parse_return(f"number={NUMBER}&number=M2&proof={proof}") is None
