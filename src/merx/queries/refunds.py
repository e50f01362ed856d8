"""Money on its way back, as those see it whom it concerns."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx
from merx.kit.actors import Actor, Staff
from merx.kit.money import Money
from merx.payments import Refund, can_retry, get_refunds


class SeenRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back. `failure` says to the platform's staff why the provider refused it."""

    id: UUID
    state: str
    amount: Money
    created_at: datetime
    settled_at: datetime | None
    failure: str | None
    actions: tuple[Literal["retry"], ...]


async def seen_refunds(
    tx: ReadTx, *, refund_ids: Iterable[UUID | None], actor: Actor
) -> dict[UUID, SeenRefund]:
    """The refunds with these ids, of things that the actor may see."""
    found = await get_refunds(tx, [each for each in refund_ids if each is not None])
    return {each.id: _seen(each, actor) for each in found.values()}


def _seen(refund: Refund, actor: Actor) -> SeenRefund:
    tries = isinstance(actor, Staff) and can_retry(refund)
    return SeenRefund(
        id=refund.id,
        state=refund.state,
        amount=Money(refund.amount, refund.currency),
        created_at=refund.created_at,
        settled_at=refund.settled_at,
        failure=refund.failure if tries else None,
        actions=("retry",) if tries else (),
    )
