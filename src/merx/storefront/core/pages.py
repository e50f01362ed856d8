"""Drawing: the templates of this shop and what stands around each page."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import MediaType, Response
from litestar.response import Redirect

from merx.cart import Cart
from merx.infra.db import ReadTx
from merx.infra.http import keep_public
from merx.infra.templates import Assets, Templates
from merx.infra.translate import message_text
from merx.kit import links
from merx.kit.errors import DomainError
from merx.kit.i18n import LOCALES, pick
from merx.notifications import count_unread
from merx.queries.catalog import SeenCategory, category_list
from merx.reviews import SCORE_MOST
from merx.storefront.core.carts import find_cart
from merx.storefront.core.views import CategoryLink, ChromeView, PersonalView, View
from merx.storefront.core.visit import Visit

FOLDER = Path(__file__).parent.parent


STATIC = FOLDER / "static"


_LONGEST_KEPT_PATH = 200


ZONE = ZoneInfo("Asia/Shanghai")
"""The shop's time zone: dates are shown as the people who pack the parcels live them."""


@lru_cache(maxsize=1)
def templates() -> Templates:
    """The templates, loaded once per process. Raises AssetsNotBuilt."""
    return Templates(
        folder=FOLDER / "templates",
        assets=Assets.load(STATIC / "manifest.json"),
        locales=LOCALES,
        zone=ZONE,
        names={"links": links, "most_stars": SCORE_MOST},
    )


_OPENS, _CLOSES = "<!--personal-->", "<!--/personal-->"


async def kept_page(visit: Visit) -> tuple[Response[str] | None, int]:
    """The page as everybody sees it with this visitor's own header, or None when it has to be drawn.

    The number is the generation of the kept pages before anything was read: hand it to `page` within `Public`.
    """
    pages = visit.services.pages
    kept = None if visit.partial else pages.get(_key(visit))
    if kept is None:
        return None, pages.generation
    async with visit.services.db.read() as tx:
        text = _with_header(visit, kept.body["body"].decode(), await personal_view(visit, tx))
    return html(text), pages.generation


def _key(visit: Visit) -> tuple[str, ...]:
    return ("page", visit.path, visit.locale, visit.currency)


def _with_header(visit: Visit, text: str, personal: PersonalView) -> str:
    """Put a visitor's own part into a page that was drawn for everybody."""
    head, _, rest = text.partition(_OPENS)
    _, _, tail = rest.partition(_CLOSES)
    own = templates().render("core/personal.html", locale=visit.locale, personal=personal)
    return f"{head}{_OPENS}{own}{_CLOSES}{tail}"


async def page(
    visit: Visit,
    tx: ReadTx,
    template: str,
    view: View,
    *,
    status: int = 200,
    category: str | None = None,
    public: "Public | None" = None,
    tree: Sequence[SeenCategory] | None = None,
) -> Response[str]:
    """A whole page.

    `category` is the code of the first-level category to mark and `tree` saves reading the categories once more.
    A `public` page is drawn for everybody and kept; a visitor's own header is put in afterwards.
    """
    personal = await personal_view(visit, tx)
    chrome = _chrome(
        visit,
        categories=_categories(
            visit, (await category_list(tx)).items if tree is None else tree, current=category
        ),
        personal=PersonalView() if public else personal,
    )
    text = templates().render(template, locale=visit.locale, chrome=chrome, view=view)
    if public is None:
        return html(text, status=status)
    if len(visit.path) <= _LONGEST_KEPT_PATH:
        visit.services.pages.keep(
            _key(visit), status=200, headers=[], body=text.encode(), seconds=public.seconds, tag=public.tag,
            generation=public.generation,
        )  # fmt: skip
    response = html(text if personal == PersonalView() else _with_header(visit, text, personal))
    response.headers.update(keep_public(public.seconds, public.tag))
    return response


class Public(msgspec.Struct, frozen=True):
    """A page that is the same for everybody but for its header: how long it may be kept, and what it shows."""

    seconds: int
    tag: str
    generation: int


def bare_page(visit: Visit, template: str, view: View, *, status: int) -> Response[str]:
    """A page that needs no database: for when something went wrong, perhaps there."""
    name = visit.identity.account.name if visit.identity else None
    personal = PersonalView(name=name, sells=_sells(visit), is_staff=_is_staff(visit))
    chrome = _chrome(visit, categories=(), personal=personal)
    return html(templates().render(template, locale=visit.locale, chrome=chrome, view=view), status=status)


def fragment(visit: Visit, template: str, *, status: int = 200, **context: object) -> Response[str]:
    """A piece of a page, for a script that replaces only that."""
    return html(templates().render(template, locale=visit.locale, **context), status=status)


def html(text: str, *, status: int = 200) -> Response[str]:
    """Text as a page that caches keep for nobody."""
    headers = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Accept-Language, HX-Request"}
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=headers)


def see_other(path: str) -> Redirect:
    """On to another page after a form was handled."""
    return Redirect(path, status_code=303)


def error_text(visit: Visit, error: DomainError) -> str:
    """A refusal in the visitor's language."""
    return message_text(error.message, error.params, locale=visit.locale)


async def personal_view(visit: Visit, tx: ReadTx, *, cart: Cart | None = None) -> PersonalView:
    """What the header says to this visitor alone; reads nothing for someone new."""
    found = cart or await find_cart(visit, tx)
    return PersonalView(
        cart_count=sum(line.quantity for line in found.lines) if found else 0,
        unread_count=await count_unread(tx, account_id=visit.account_id) if visit.account_id else 0,
        name=visit.identity.account.name if visit.identity else None,
        sells=_sells(visit),
        is_staff=_is_staff(visit),
    )


def _sells(visit: Visit) -> bool:
    return bool(visit.identity and visit.identity.seller_ids)


def _is_staff(visit: Visit) -> bool:
    return bool(visit.identity and visit.identity.is_staff)


def _categories(
    visit: Visit, tree: Sequence[SeenCategory], *, current: str | None
) -> tuple[CategoryLink, ...]:
    return tuple(
        CategoryLink(
            name=pick(each.name, visit.locale), url=links.category(each.code), current=each.code == current
        )
        for each in tree
        if each.parent_id is None
    )


def _chrome(visit: Visit, *, categories: tuple[CategoryLink, ...], personal: PersonalView) -> ChromeView:
    settings = visit.services.settings
    return ChromeView(
        path=visit.path,
        canonical=settings.web.public_url.rstrip("/") + visit.path.partition("?")[0],
        currency=visit.currency,
        locales=LOCALES,
        currencies=settings.shop.currencies,
        categories=categories,
        personal=personal,
    )


Page = Response[Any]
"""What every handler of a page returns."""
