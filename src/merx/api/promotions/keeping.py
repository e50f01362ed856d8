"""What keeping promotions is made of, whoever keeps them."""

from collections.abc import Sequence
from functools import partial
from typing import Final, Literal
from uuid import UUID

from merx.api.core.answers import Answer, listed, versioned
from merx.api.core.call import Call
from merx.api.core.commands import Command, Given, use
from merx.api.core.reading import ApiRequest, expected_version, read_body, read_query
from merx.api.promotions.answers import promotion_now
from merx.api.promotions.requests import ChangePromotion, DescribePromotion, MakePromotion, PromotionQuery
from merx.infra.db import Tx
from merx.infra.http import PreconditionFailed
from merx.kit.actors import SellerMember, Staff
from merx.kit.i18n import Text
from merx.promotions import (
    Promotion,
    PromotionDraft,
    PromotionState,
    StalePromotion,
    change_promotion,
    end_promotion,
    make_promotion,
    pause_promotion,
    resume_promotion,
)
from merx.queries.promotions import ManagedPromotion, promotion, promotion_list

Keeper = SellerMember | Staff
Side = Literal["seller", "staff"]


async def list_of(request: ApiRequest, call: Call, actor: Keeper) -> Answer:
    """A page of the promotions one keeps."""
    query = read_query(request, PromotionQuery)
    states = (query.state,) if query.state else tuple(PromotionState)
    async with call.services.db.snapshot() as tx:
        page = await promotion_list(
            tx, actor=actor, now=call.now, states=states, after=query.cursor, limit=query.limit
        )
    return listed(request, page, page.next_cursor)


async def shown(call: Call, actor: Keeper, promotion_id: UUID) -> Answer:
    """A promotion that one keeps. Raises UnknownPromotion."""
    async with call.services.db.snapshot() as tx:
        found = await promotion(tx, promotion_id=promotion_id, actor=actor, now=call.now)
    return versioned(found, found.version)


async def changed(request: ApiRequest, call: Call, actor: Keeper, promotion_id: UUID) -> Answer:
    """A promotion after what its If-Match and body ask for. Raises what change_promotion refuses, PreconditionFailed."""
    version = expected_version(request)
    wanted = await read_body(request, ChangePromotion)

    async def change(tx: Tx) -> ManagedPromotion:
        await change_promotion(
            tx, actor=actor, promotion_id=promotion_id, expected_version=version, name=_text(wanted.name),
            ends_at=wanted.ends_at, uses_total=wanted.uses_total, now=call.now,
        )  # fmt: skip
        return await promotion(tx, promotion_id=promotion_id, actor=actor, now=call.now)

    try:
        found = await call.services.db.write(change)
    except StalePromotion as error:
        raise PreconditionFailed(**error.params) from error
    return versioned(found, found.version)


def _text(given: dict[Literal["zh-CN", "en"], str]) -> Text:
    return {str(locale): text for locale, text in given.items()}


async def _make(tx: Tx, given: Given) -> Promotion:
    body: DescribePromotion = given.body
    now = given.call.now
    told = {name: getattr(body, name) for name in PromotionDraft.__struct_fields__}
    return await make_promotion(
        tx,
        actor=given.actor,
        seller_id=body.seller_id if isinstance(body, MakePromotion) else None,
        draft=PromotionDraft(**told | {"name": _text(body.name), "starts_at": body.starts_at or now}),
        currencies=given.call.services.settings.shop.currencies,
        now=now,
    )


_MOVES: Final = (
    ("pause", pause_promotion, "Let a promotion give nothing until it is resumed."),
    ("resume", resume_promotion, "Let a paused promotion give again."),
    ("end", end_promotion, "End a promotion for good; what was ordered with it stays so."),
)


def commands(side: Side, *, body: type[DescribePromotion]) -> Sequence[Command]:
    """What one side does with its promotions."""
    row = partial(Command, tag=side, who=side, answer=ManagedPromotion, look=promotion_now)
    make = row(
        path=f"/{side}/promotions", name=f"{side}_makes_promotion", key=f"promotions.make.{side}", perform=_make,
        body=body, status=201, says="Make a promotion. It gives from its start on, until it is paused or ends.",
    )  # fmt: skip
    moves = [
        row(
            path=f"/{side}/promotions/{{promotion_id:uuid}}/{verb}", name=f"{side}_{verb}s_promotion",
            key=f"promotions.{verb}.{side}", perform=use(move), says=says,
        )
        for verb, move, says in _MOVES
    ]  # fmt: skip
    return [make, *moves]
