"""A real shop, a real browser."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from playwright.async_api import Browser, async_playwright
from tests.e2e.server import RunningShop, shared_shop
from tests.e2e.visitor import SHOTS, Visitor, enter

NewVisitor = Callable[..., Awaitable[Visitor]]

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """The shop that all workers of this run share."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with shared_shop(folder, real_photographs=bool(SHOTS)) as running:
        yield running


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The Chromium of the system."""
    path = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    assert path is not None, "the browser tests need Chromium: see the Makefile"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def visitor(shop: RunningShop, browser: Browser) -> AsyncIterator[NewVisitor]:
    """Makes people; when the test is over, nothing may have broken in front of any of them."""
    people: list[Visitor] = []

    async def new(*, language: str, size: tuple[int, int], script: bool = True) -> Visitor:
        people.append(await enter(browser, shop, language=language, size=size, script=script))
        return people[-1]

    yield new
    for person in people:
        await person.context.close()
    for person in people:
        person.assert_nothing_broke()
