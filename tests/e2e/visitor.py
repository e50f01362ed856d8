"""A person at a browser: goes where the links lead, reads what stands there, and notices what is broken."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    WebError,
    expect,
)
from tests.e2e.server import RunningShop
from tests.e2e.words import words

PHONE: Final = (390, 844)
DESKTOP: Final = (1280, 900)
SHOTS = os.environ.get("MERX_TEST_SHOTS")  # a folder: what the journeys see is photographed into it

_STATE_OF_THE_PAGE = """
() => ({
  language: document.documentElement.lang,
  headings: document.querySelectorAll('h1').length,
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  broken: [...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.currentSrc || i.src),
  nameless: [...document.querySelectorAll('a[href], button, summary')].filter((e) => e.checkVisibility()
    && !e.closest('[aria-hidden=true]') && !(e.getAttribute('aria-label') || e.innerText).trim()).map((e) => e.outerHTML),
  unlabelled: [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter((e) => !e.labels.length && !e.getAttribute('aria-label')).map((e) => e.outerHTML),
  twice: [...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i),
})
"""


class PageState(msgspec.Struct, frozen=True):
    """What is wrong with a page that a person may overlook."""

    language: str
    headings: int
    overflow: int
    broken: list[str]
    nameless: list[str]
    unlabelled: list[str]
    twice: list[str]


class Visitor:
    """One person with one browser. `refusals` are the answers of 4xx that a journey provokes on purpose."""

    def __init__(self, shop: RunningShop, context: BrowserContext, page: Page, *, language: str) -> None:
        self.shop = shop
        self.page = page
        self.context = context
        self.language = language
        self.refusals: set[int] = set()
        self._problems: list[str] = []
        self._seen = 0
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("response", self._on_response)
        context.on("requestfailed", self._on_failure)

    # --- what the browser reports ---------------------------------------------------------------------------------

    def _on_console(self, message: ConsoleMessage) -> None:
        answered = re.search(r"status of (\d{3})", message.text)
        if answered and int(answered[1]) in self.refusals:
            return
        if message.type in {"error", "warning"}:
            self._problems.append(f"console of {self.page.url}: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self._problems.append(f"script of {self.page.url}: {error.error}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.refusals:
            self._problems.append(f"{response.request.method} {response.url}: {response.status}")
        if response.request.resource_type == "document" and self._is_ours(response.url) and response.ok:
            policy = response.headers.get("content-security-policy", "")
            if "unsafe" in policy or "default-src" not in policy:
                self._problems.append(f"{response.url}: content policy {policy!r}")

    def _on_failure(self, request: Request) -> None:
        # A page that is left takes its unfinished requests along; that is no fault of theirs.
        if request.failure != "net::ERR_ABORTED":
            self._problems.append(f"{request.method} {request.url}: {request.failure}")

    def _is_ours(self, url: str) -> bool:
        return url.startswith(self.shop.url)

    def assert_nothing_broke(self) -> None:
        """No console message, no blocked or failed request, no answer of 4xx or 5xx that was not provoked."""
        assert self._problems == []

    # --- moving about ---------------------------------------------------------------------------------------------

    def say(self, english: str) -> str:
        """A text of the pages in this person's language."""
        return words(self.language, english)

    async def go(self, path: str) -> None:
        """Type an address of the shop."""
        await self.page.goto(self.shop.url + path)

    @property
    def path(self) -> str:
        """Where the browser is."""
        return urlsplit(self.page.url).path

    def link(self, english: str) -> Locator:
        """The link of the page with this text."""
        return self.page.get_by_role("link", name=self.say(english))

    def button(self, english: str) -> Locator:
        """The button of the page with this text."""
        return self.page.get_by_role("button", name=self.say(english))

    def field(self, english: str) -> Locator:
        """The field with this label."""
        return self.page.get_by_label(self.say(english))

    async def reads(self, text: str) -> None:
        """Wait until the page's own part says something in plain sight."""
        await expect(self.page.locator("main")).to_contain_text(text)

    async def look(self, name: str) -> None:
        """Check the page that is shown: its language, headings, names, labels, pictures, and that nothing sticks out."""
        await self.page.wait_for_load_state("load")
        state = msgspec.convert(await self.page.evaluate(_STATE_OF_THE_PAGE), PageState)
        if SHOTS:
            await self._photograph(name)
        assert state == PageState(self.language, 1, 0, [], [], [], []), f"{name} at {self.page.url}"

    async def _photograph(self, name: str) -> None:
        self._seen += 1
        size = self.page.viewport_size
        assert SHOTS is not None
        assert size is not None
        path = Path(SHOTS) / f"{self.language}-{size['width']}-{self._seen:02d}-{name}.png"
        await self.page.evaluate(
            "() => document.querySelectorAll('img').forEach((i) => { i.loading = 'eager' })"
        )
        await self.page.wait_for_load_state("networkidle")
        await self.page.screenshot(path=path, full_page=True)


async def enter(
    browser: Browser, shop: RunningShop, *, language: str, size: tuple[int, int], script: bool = True
) -> Visitor:
    """A new person with an empty browser, in front of the first page."""
    context = await browser.new_context(
        locale=language,
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=script,
        has_touch=size == PHONE and script,
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    return Visitor(shop, context, await context.new_page(), language=language)


async def prices(cards: Locator) -> list[float]:
    """The lowest price of each product card, in units of its currency."""
    texts: Sequence[str] = await cards.locator(".price").all_inner_texts()
    return [amount(text) for text in texts]


def amount(text: str) -> float:
    """The number of a price however it is decorated."""
    return float(re.sub(r"[^0-9.]", "", text))
