"""How every simulator answers a person's browser."""

from typing import Final

from litestar import MediaType, Response

_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


def html_page(html: str) -> Response[str]:
    """A page that loads nothing from anywhere."""
    return Response(html, media_type=MediaType.HTML, headers=_HEADERS)


def see_other(address: str) -> Response[str]:
    """Send the browser on to `address`."""
    return Response("", status_code=303, headers={"location": address, "cache-control": "no-store"})
