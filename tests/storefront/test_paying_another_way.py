"""What a shopper sees when a payment provider does not answer, and how they pay another way."""

from typing import Any

import httpx
import pytest
from tests.storefront.test_buying import GUEST, order, put_in
from tests.world.pages import NewBrowser, fields_of, text_of
from tests.world.peer import Peer
from tests.world.shop import Shop

from merx.payments.providers import (
    BreakerRules,
    GuardRules,
    ProviderRegistry,
    ProviderStatus,
    ProviderUnavailable,
)
from merx.services import Services

pytestmark = pytest.mark.usefixtures("shop")


async def silence(_number: str) -> ProviderStatus:
    raise ProviderUnavailable(provider="tea", reason="silence")


@pytest.fixture
def peers(services: Services) -> dict[str, Peer]:
    """Two providers beside Alipay, which comes first; three failures in a row take one down for a while."""
    found = {code: Peer(code) for code in ("tea", "bank")}
    alipay = services.providers.get("alipay").inner
    services.providers = ProviderRegistry(
        [alipay, *found.values()], rules=GuardRules(breaker=BreakerRules(failures=3))
    )
    return found


async def take_down(services: Services, peer: Peer) -> None:
    peer.answer = silence
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            await services.providers.get(peer.code).query("N1")


async def test_a_provider_that_is_down_is_not_offered_and_the_others_stay(
    browser: httpx.AsyncClient, shop: Shop, services: Services, peers: dict[str, Peer], owner: Any
) -> None:
    await put_in(browser, shop, TEA=1)
    page = (await browser.get("/checkout")).text
    assert [code in page for code in ('value="alipay"', 'value="tea"', 'value="bank"')] == [True] * 3
    form = {**fields_of(page, "/checkout"), **GUEST, "payment": "tea", "action": "order"}
    await take_down(services, peers["tea"])
    refused = await browser.post("/checkout", data=form)
    assert refused.status_code == 422
    assert 'value="tea"' not in refused.text
    assert [code in refused.text for code in ('value="alipay"', 'value="bank"')] == [True] * 2
    assert "This cannot be paid this way at the moment. Choose another payment method." in text_of(
        refused.text
    )
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 0
    ordered = await browser.post("/checkout", data={**form, "payment": "bank"})
    assert ordered.headers["location"].startswith("http://bank.test/")


async def test_when_nobody_answers_the_checkout_says_so(
    browser: httpx.AsyncClient, shop: Shop, services: Services, peers: dict[str, Peer]
) -> None:
    services.providers = ProviderRegistry([services.providers.get("tea")])
    await take_down(services, peers["tea"])
    await put_in(browser, shop, TEA=1)
    page = text_of((await browser.get("/checkout")).text)
    assert "No payment method answers at the moment. Your cart is kept" in page
    assert "No payment method takes this currency" not in page


async def test_a_provider_that_falls_silent_after_the_order_is_left_for_another(
    browser: httpx.AsyncClient, shop: Shop, peers: dict[str, Peer], owner: Any
) -> None:
    await put_in(browser, shop, TEA=1)
    peers["tea"].answer = silence
    ordered = await order(browser, GUEST, payment="tea")
    address = ordered.headers["location"]
    assert address.endswith("?unanswered=yes")
    page = await browser.get(address)
    assert "Tea does not answer at the moment. Your order is kept until the time below." in text_of(page.text)
    url = address.partition("?")[0]
    assert [f'value="{code}"' in page.text for code in ("alipay", "bank", "tea")] == [True, True, False]
    plain = text_of((await browser.get(url)).text)
    assert "does not answer" not in plain
    assert "Pay another way" in plain
    away = await browser.post(f"{url}/payment-method", data={"payment": "bank"})
    assert (away.status_code, away.headers["location"][:17]) == (303, "http://bank.test/")
    assert peers["tea"].asked[-1].startswith("close ")
    rows = await owner.fetch("SELECT provider, state FROM payments ORDER BY number")
    assert [tuple(row) for row in rows] == [("tea", "action_required"), ("bank", "action_required")]
    assert "Bank" in text_of((await browser.get(url)).text)


async def test_the_page_of_a_purchase_says_that_its_provider_is_down(
    browser: httpx.AsyncClient, shop: Shop, services: Services, peers: dict[str, Peer]
) -> None:
    await put_in(browser, shop, TEA=1)
    await order(browser, GUEST, payment="tea")
    url = next(iter((await browser.get("/orders")).text.split('href="/purchases/')[1:]))
    url = "/purchases/" + url.partition("/")[0]
    assert "does not answer" not in text_of((await browser.get(url)).text)
    await take_down(services, peers["tea"])
    assert "Tea does not answer at the moment." in text_of((await browser.get(url)).text)
    again = await browser.post(f"{url}/pay")
    assert again.headers["location"] == f"{url}?unanswered=yes"


async def test_a_method_that_went_away_or_never_was_leads_back_to_the_page(
    browser: httpx.AsyncClient,
    new_browser: NewBrowser,
    shop: Shop,
    services: Services,
    peers: dict[str, Peer],
    owner: Any,
) -> None:
    await put_in(browser, shop, TEA=1)
    await order(browser, GUEST, payment="tea")
    purchase = await owner.fetchval("SELECT id FROM purchases")
    url = f"/purchases/{purchase}"
    await take_down(services, peers["bank"])
    for code in ("bank", "cash", ""):
        answer = await browser.post(f"{url}/payment-method", data={"payment": code})
        assert (answer.status_code, answer.headers["location"]) == (303, url)
    assert (await browser.post(f"{url}/payment-method", data={"provider": "alipay"})).status_code == 422
    assert (await new_browser().post(f"{url}/payment-method", data={"payment": "alipay"})).status_code == 404
    assert await owner.fetchval("SELECT provider FROM purchases") == "tea"
    assert await owner.fetchval("SELECT count(*) FROM payments") == 1


@pytest.mark.usefixtures("peers")
async def test_when_a_purchase_no_longer_waits_the_other_ways_go_away(
    browser: httpx.AsyncClient, shop: Shop
) -> None:
    await put_in(browser, shop, TEA=1)
    ordered = await order(browser, GUEST, payment="tea")
    assert ordered.status_code == 303
    page = await browser.get("/orders")
    url = "/purchases/" + page.text.split('href="/purchases/')[1].partition("/")[0]
    waiting = await browser.get(url)
    await browser.post(f"{url}/cancel")
    over = await browser.get(url, headers={"HX-Request": "true"})
    for gone in ("before", "after"):
        assert f'<div id="{gone}" hx-swap-oob="delete">' in over.text
        assert f'<div id="{gone}">' in waiting.text
    assert "Pay another way" not in (await browser.get(url)).text


async def test_the_address_of_health_says_which_providers_answer(
    browser: httpx.AsyncClient, services: Services, peers: dict[str, Peer]
) -> None:
    assert (await browser.get("/health/providers")).json() == {"alipay": "up", "tea": "up", "bank": "up"}
    await take_down(services, peers["bank"])
    assert (await browser.get("/health/providers")).json() == {"alipay": "up", "tea": "up", "bank": "down"}
