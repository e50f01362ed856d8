"""Every address of the table of links leads somewhere: to a page, to a form's end, to a file."""

import inspect
from collections.abc import Callable
from http import HTTPMethod

import pytest
from litestar import Litestar

from merx.app import media_file
from merx.kit import links
from merx.kit.ids import new_id
from merx.storefront import storefront_handlers

SHOP = Litestar([*storefront_handlers, media_file], openapi_config=None)
LINKS = [
    each for _, each in inspect.getmembers(links, inspect.isfunction) if each.__module__ == links.__name__
]
FORMS = {links.pay_purchase, links.cancel_purchase, links.retry_refund}


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_to_a_page(link: Callable[..., str]) -> None:
    parameters = inspect.signature(link).parameters.values()
    path = link(*(str(new_id()) for each in parameters if each.default is inspect.Parameter.empty))
    method = HTTPMethod.POST if link in FORMS else HTTPMethod.GET
    pages = [route.path_format for route in SHOP.routes if method in getattr(route, "route_handler_map", {})]
    assert any(_leads_to(path, page) for page in pages), path


def _leads_to(path: str, page: str) -> bool:
    parts, slots = path.split("/"), page.split("/")
    return len(parts) == len(slots) and all(
        slot.startswith("{") or part == slot for part, slot in zip(parts, slots, strict=True)
    )
