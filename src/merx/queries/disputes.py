"""Disputes and refunds that failed, for the platform's staff."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx
from merx.kit.money import Money
from merx.payments import OPEN_DISPUTES, Dispute, Refund, can_retry, list_disputes, list_failed_refunds
from merx.payments.providers import DisputeState


class SeenDispute(msgspec.Struct, frozen=True, kw_only=True):
    """A card holder's objection. `withdrawn` is what the provider took and did not give back; evidence goes to `url`."""

    id: UUID
    purchase_id: UUID
    payment_id: UUID
    provider: str
    reference: str
    state: str
    reason: str
    amount: Money
    withdrawn: Money
    url: str
    due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None


class DisputeList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of disputes, newest first."""

    items: list[SeenDispute]
    next_cursor: str | None


class FailedRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that the provider refused, or that came back to it `reversals` times after it had gone."""

    id: UUID
    purchase_id: UUID
    payment_id: UUID
    order_id: UUID | None
    number: str
    amount: Money
    failure: str
    attempts: int
    reversals: int
    created_at: datetime
    actions: tuple[Literal["retry"], ...]


class FailedRefundList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of refunds that failed, newest first."""

    items: list[FailedRefund]
    next_cursor: str | None


async def dispute_list(
    tx: ReadTx, *, states: Sequence[DisputeState] = OPEN_DISPUTES, after: str | None = None, limit: int = 20
) -> DisputeList:
    """Disputes in these states, newest first. Raises BadCursor."""
    page = await list_disputes(tx, states=states, after=after, limit=limit)
    return DisputeList(items=[_dispute(each) for each in page.items], next_cursor=page.next_cursor)


async def failed_refund_list(tx: ReadTx, *, after: str | None = None, limit: int = 20) -> FailedRefundList:
    """Refunds that failed, newest first. Raises BadCursor."""
    page = await list_failed_refunds(tx, after=after, limit=limit)
    return FailedRefundList(items=[_failed(each) for each in page.items], next_cursor=page.next_cursor)


def _dispute(found: Dispute) -> SeenDispute:
    return SeenDispute(
        id=found.id,
        purchase_id=found.purchase_id,
        payment_id=found.payment_id,
        provider=found.provider,
        reference=found.reference,
        state=found.state,
        reason=found.reason,
        amount=Money(found.amount, found.currency),
        withdrawn=Money(found.withdrawn, found.currency),
        url=found.url,
        due_at=found.due_at,
        opened_at=found.opened_at,
        closed_at=found.closed_at,
    )


def _failed(found: Refund) -> FailedRefund:
    return FailedRefund(
        id=found.id,
        purchase_id=found.purchase_id,
        payment_id=found.payment_id,
        order_id=found.order_id,
        number=found.number,
        amount=Money(found.amount, found.currency),
        failure=found.failure or "",
        attempts=found.attempts,
        reversals=found.reversals,
        created_at=found.created_at,
        actions=("retry",) if can_retry(found) else (),
    )
