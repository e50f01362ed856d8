"""Every address of the table of links is a page of the storefront."""

import inspect
from collections.abc import Callable
from http import HTTPMethod

import pytest
from litestar import Litestar

from merx.kit import links
from merx.kit.ids import new_id
from merx.storefront import storefront_handlers

SHOP = Litestar(storefront_handlers, openapi_config=None)
LINKS = [each for _, each in inspect.getmembers(links, inspect.isfunction)]


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_to_a_page(link: Callable[..., str]) -> None:
    path = link(*(new_id() for _ in inspect.signature(link).parameters))
    pages = [
        route.path_format
        for route in SHOP.routes
        if HTTPMethod.GET in getattr(route, "route_handler_map", {})
    ]
    assert any(_leads_to(path, page) for page in pages), path


def _leads_to(path: str, page: str) -> bool:
    parts, slots = path.split("/"), page.split("/")
    return len(parts) == len(slots) and all(
        slot.startswith("{") or part == slot for part, slot in zip(parts, slots, strict=True)
    )
