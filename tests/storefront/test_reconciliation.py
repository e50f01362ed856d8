"""Reconciliation on its page: staff see what differs in plain words and resolve it with one click."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.storefront.test_buying import GUEST, order, pay, put_in, register
from tests.world.pages import NewBrowser, text_of
from tests.world.shop import Shop

from merx.accounts import appoint_staff
from merx.reconciliation import reconcile
from merx.services import Services
from merx.simulators import AlipaySimulator
from merx.simulators.alipay.model import Fault, FaultKind

PAGE = "/staff/reconciliation"


@pytest.fixture
async def staff(new_browser: NewBrowser, services: Services, owner: Any) -> httpx.AsyncClient:
    browser = new_browser()
    await register(browser, "staff@example.com")
    account_id = await owner.fetchval("SELECT id FROM accounts")
    async with services.db.transaction() as tx:
        await appoint_staff(tx, account_id=account_id, now=services.clock())
    return browser


@pytest.fixture
async def lacking(
    new_browser: NewBrowser, shop: Shop, services: Services, simulator: AlipaySimulator, owner: Any
) -> Any:
    """A paid purchase that the bill of its day does not have; its difference."""
    buyer = new_browser()
    await put_in(buyer, shop, CUP=2)
    await pay(services, simulator, await order(buyer, GUEST), owner)
    simulator.add_fault(Fault(kind=FaultKind.SKIP_ROW))
    simulator.clock.advance(timedelta(days=1))
    assert await reconcile(services.db, services.providers, now=simulator.clock.now()) == 1
    return await owner.fetchrow("SELECT * FROM differences")


async def test_an_empty_page_says_that_everything_agrees(staff: httpx.AsyncClient) -> None:
    page = await staff.get(PAGE)
    assert page.status_code == 200
    assert PAGE in (await staff.get("/")).text
    assert "<form" not in page.text.partition("<main")[2].partition("</main")[0]
    assert (await staff.get(f"{PAGE}?resolved=true")).status_code == 200


async def test_a_difference_is_shown_and_written_off(
    staff: httpx.AsyncClient, lacking: Any, owner: Any
) -> None:
    page = await staff.get(PAGE)
    assert lacking["number"] in page.text
    assert 'value="write_off"' in page.text
    assert 'value="explain"' not in page.text
    asked = await staff.post(
        f"{PAGE}/differences/{lacking['id']}", data={"resolution": "recheck", "note": ""}
    )
    assert (asked.status_code, asked.headers["location"]) == (303, PAGE)
    assert await owner.fetchval("SELECT answer FROM differences") == "captured"
    done = await staff.post(
        f"{PAGE}/differences/{lacking['id']}", data={"resolution": "write_off", "note": "lost"}
    )
    assert done.status_code == 303
    assert lacking["number"] not in (await staff.get(PAGE)).text
    assert "lost" in (await staff.get(f"{PAGE}?resolved=true")).text
    row = await owner.fetchrow("SELECT state, resolution, note, resolved_by FROM differences")
    account_id = await owner.fetchval("SELECT account_id FROM platform_staff")
    assert tuple(row) == ("resolved", "write_off", "lost", account_id)


async def test_a_refusal_stands_at_its_difference(
    staff: httpx.AsyncClient, lacking: Any, simulator: AlipaySimulator, owner: Any
) -> None:
    url = f"{PAGE}/differences/{lacking['id']}"
    refused = await staff.post(url, data={"resolution": "explain", "note": "  "})
    assert refused.status_code == 422
    assert "2000" in text_of(refused.text)
    simulator.add_fault(Fault(kind=FaultKind.TIMEOUT))
    assert (await staff.post(url, data={"resolution": "recheck"})).status_code == 422
    assert (await staff.post(url, data={"resolution": "burn"})).status_code == 422
    assert await owner.fetchval("SELECT state FROM differences") == "open"


async def test_nobody_else_may_look_or_act(new_browser: NewBrowser, lacking: Any, owner: Any) -> None:
    stranger = new_browser()
    url = f"{PAGE}/differences/{lacking['id']}"
    assert (await stranger.get(PAGE)).headers["location"].startswith("/login")
    await register(stranger, "buyer@example.com")
    assert PAGE not in (await stranger.get("/")).text
    assert (await stranger.get(PAGE)).status_code == 403
    assert (await stranger.post(url, data={"resolution": "write_off"})).status_code == 403
    assert await owner.fetchval("SELECT state FROM differences") == "open"
