"""Promotions as sellers and the platform's staff keep them: the list, a new one, and one with its figures."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler

from merx.catalog import category_by_code, product_by_id, product_by_slug, product_of_variant, variant_by_sku
from merx.infra.db import ReadTx
from merx.kit import links
from merx.kit.actors import SellerMember, Staff
from merx.kit.errors import Conflict, DomainError, Invalid, NotFound
from merx.kit.i18n import pick
from merx.promotions import (
    PromotionDraft,
    Scope,
    UnknownPromotion,
    change_promotion,
    end_promotion,
    make_promotion,
    pause_promotion,
    resume_promotion,
)
from merx.queries.promotions import promotion, promotion_list
from merx.sellers import get_seller_by_code, get_sellers
from merx.storefront.core.commands import Command, Sent, handlers_of, use
from merx.storefront.core.forms import PlainRequest, form_view, read_form
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.promotions.forms import (
    FIELDS,
    NAMED,
    ChangeForm,
    PromotionForm,
    Reader,
    UnknownThing,
    count,
    draft_of,
    moment,
    moment_text,
    names,
)
from merx.storefront.promotions.view import (
    NewPromotion,
    PromotionsPage,
    PromotionView,
    change_values,
    promotion_row,
)

Side = Literal["seller", "staff"]
Keeper = SellerMember | Staff
_PER_PAGE: Final = 20
_LISTS: Final[Mapping[Side, str]] = {"seller": links.seller_promotions(), "staff": links.staff_promotions()}


def _keeper(visit: Visit, side: Side) -> Keeper:
    return visit.seller() if side == "seller" else visit.staff()


# ---------------------------------------------------------------- the list and one of it


async def _draw_list(visit: Visit, side: Side, *, after: str | None) -> Page:
    actor, url = _keeper(visit, side), _LISTS[side]
    async with visit.services.db.snapshot() as tx:
        found = await promotion_list(tx, actor=actor, now=visit.now, after=after, limit=_PER_PAGE)
        view = PromotionsPage(
            side=side,
            url=url,
            rows=tuple(promotion_row(each, url=url, locale=visit.locale) for each in found.items),
            more_url=f"{url}?{urlencode({'after': found.next_cursor})}" if found.next_cursor else None,
        )
        return await page(visit, tx, "promotions/promotions.html", view)


async def _draw(
    visit: Visit, side: Side, promotion_id: UUID, *, form: FormView | None = None, status: int = 200
) -> Page:
    actor, url = _keeper(visit, side), _LISTS[side]
    async with visit.services.db.snapshot() as tx:
        found = await promotion(tx, promotion_id=promotion_id, actor=actor, now=visit.now)
        view = PromotionView(
            side=side,
            list_url=url,
            row=promotion_row(found, url=url, locale=visit.locale),
            form=form or form_view(change_values(found, ends_at=moment_text(found.ends_at))),
        )
        return await page(visit, tx, "promotions/promotion.html", view, status=status)


async def _change(request: PlainRequest, visit: Visit, side: Side, promotion_id: UUID) -> Page:
    """Change the name, the end, the number of uses; a refusal stands beside its field and nothing typed is lost."""
    actor = _keeper(visit, side)
    form = await read_form(request, ChangeForm)
    reader = Reader(visit.locale)
    ends_at = reader.read("ends_at", lambda: moment(form.ends_at), None)
    uses_total = reader.read("uses_total", lambda: count(form.uses_total), None)
    if not reader.errors:
        try:
            await visit.services.db.write(
                lambda tx: change_promotion(
                    tx, actor=actor, promotion_id=promotion_id, name=names(form), ends_at=ends_at,
                    uses_total=uses_total, now=visit.now,
                )
            )  # fmt: skip
        except (Invalid, Conflict) as error:
            reader.refuse(_field(error, frozenset(ChangeForm.__struct_fields__)), error)
        else:
            return see_other(f"{_LISTS[side]}/{promotion_id}")
    sent = form_view(msgspec.structs.asdict(form), errors=reader.errors)
    return await _draw(visit, side, promotion_id, form=sent, status=422)


def _field(error: DomainError, fields: Collection[str]) -> str:
    """The field of the form that a refusal is about."""
    named = str(error.params.get("field", ""))
    field = NAMED.get(named, named)
    return field if field in fields else "form"


# ---------------------------------------------------------------- a new one


async def _draw_new(
    visit: Visit, side: Side, actor: Keeper, *, form: FormView | None = None, status: int = 200
) -> Page:
    currencies = visit.services.settings.shop.currencies
    first: dict[str, object] = {"currency": currencies[0], "priority": "100", "given_back": "yes"}
    async with visit.services.db.snapshot() as tx:
        ids = sorted(actor.seller_ids) if isinstance(actor, SellerMember) else []
        sellers = await get_sellers(tx, seller_ids=ids) if ids else {}
        view = NewPromotion(
            side=side,
            url=_LISTS[side],
            form=form or form_view(first),
            sellers=tuple((str(each.id), pick(each.name, visit.locale)) for each in sellers.values()),
            currencies=tuple(currencies),
        )
        return await page(visit, tx, "promotions/new_promotion.html", view, status=status)


async def _make(request: PlainRequest, visit: Visit, side: Side) -> Page:
    """Make a promotion; all that is wrong is said at once, beside its field. Raises UnknownPromotion."""
    actor = _keeper(visit, side)
    form = await read_form(request, PromotionForm)
    reader = Reader(visit.locale)
    draft = draft_of(form, reader, now=visit.now)
    seller_id = _seller_id(actor, form)
    async with visit.services.db.read() as tx:
        draft = await _with_scope(tx, draft, form, reader, seller_id=seller_id)
    if not reader.errors:
        try:
            made = await visit.services.db.write(
                lambda tx: make_promotion(
                    tx, actor=actor, seller_id=seller_id, draft=draft,
                    currencies=visit.services.settings.shop.currencies, now=visit.now,
                )
            )  # fmt: skip
        except (Invalid, Conflict) as error:
            reader.refuse(_field(error, FIELDS), error)
        else:
            return see_other(f"{_LISTS[side]}/{made.id}")
    sent = form_view(msgspec.structs.asdict(form), errors=reader.errors)
    return await _draw_new(visit, side, actor, form=sent, status=422)


def _seller_id(actor: Keeper, form: PromotionForm) -> UUID | None:
    """Whose it becomes: None is the platform's. Raises UnknownPromotion for a shop that is not theirs."""
    if isinstance(actor, Staff):
        return None
    found = next((each for each in actor.seller_ids if str(each) == form.seller_id), None)
    if found is None:
        raise UnknownPromotion
    return found


async def _with_scope(
    tx: ReadTx, draft: PromotionDraft, form: PromotionForm, reader: Reader, *, seller_id: UUID | None
) -> PromotionDraft:
    """The draft with what it is for, looked up by the names that were typed."""
    ids: list[UUID] = []
    typed = [] if form.scope is Scope.EVERYTHING else form.things.replace(",", "\n").splitlines()
    for name in filter(None, (each.strip() for each in typed)):
        try:
            ids.append(await _thing(tx, form.scope, name, seller_id=seller_id))
        except (NotFound, Invalid):
            reader.refuse("things", UnknownThing(name=name))
            break
    return msgspec.structs.replace(draft, scope_ids=ids)


async def _thing(tx: ReadTx, scope: Scope, name: str, *, seller_id: UUID | None) -> UUID:
    """A category by its code, a product by its address or the SKU of a variant, a seller by its code.

    Raises NotFound, also for a product of another seller.
    """
    match scope:
        case Scope.CATEGORIES:
            return (await category_by_code(tx, code=name)).id
        case Scope.SELLERS:
            return (await get_seller_by_code(tx, code=name)).id
    try:
        product = await product_by_slug(tx, slug=name)
    except NotFound:
        variant_id = await variant_by_sku(tx, sku=name)
        product_id = await product_of_variant(tx, variant_id=variant_id)
        assert product_id is not None
        product = await product_by_id(tx, product_id=product_id)
    if seller_id not in (None, product.seller_id):
        raise NotFound
    return product.id


# ---------------------------------------------------------------- routes of both sides


async def _refused(side: Side, sent: Sent, _command: Command, error: DomainError) -> Page:
    said = form_view({}, errors={"form": error_text(sent.visit, error)})
    return await _draw(sent.visit, side, sent.about["promotion_id"], form=said, status=409)


def _then(side: Side, sent: Sent, _command: Command, _outcome: Any) -> str:
    return f"{_LISTS[side]}/{sent.about['promotion_id']}"


def _handlers(side: Side) -> Sequence[HTTPRouteHandler]:
    url = _LISTS[side]
    one = f"{url}/{{promotion_id:uuid}}"

    @get(url, name=f"{side}_promotions")
    async def show_promotions(visit: Visiting, after: Cursor = None) -> Page:
        return await _draw_list(visit, side, after=after)

    @get(f"{url}/new", name=f"{side}_new_promotion")
    async def show_new(visit: Visiting) -> Page:
        return await _draw_new(visit, side, _keeper(visit, side))

    @post(f"{url}/new", status_code=200, name=f"{side}_make_promotion")
    async def submit_new(request: PlainRequest, visit: Visiting) -> Page:
        return await _make(request, visit, side)

    @get(one, name=f"{side}_promotion")
    async def show_promotion(visit: Visiting, promotion_id: FromPath[UUID]) -> Page:
        return await _draw(visit, side, promotion_id)

    @post(one, status_code=200, name=f"{side}_change_promotion")
    async def submit_change(request: PlainRequest, visit: Visiting, promotion_id: FromPath[UUID]) -> Page:
        return await _change(request, visit, side, promotion_id)

    moves = {"pause": pause_promotion, "resume": resume_promotion, "end": end_promotion}
    commands = [
        Command(path=f"{one}/{verb}", name=f"{side}_{verb}_promotion", who=side, perform=use(move))
        for verb, move in moves.items()
    ]
    return [
        show_promotions,
        show_new,
        submit_new,
        show_promotion,
        submit_change,
        *handlers_of(*commands, then=partial(_then, side), again=partial(_refused, side)),
    ]


handlers = [*_handlers("seller"), *_handlers("staff")]
