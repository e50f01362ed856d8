"""The providers' bills and what in them differs from the books, for the platform's staff."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx
from merx.kit.money import Money
from merx.reconciliation import (
    Bill,
    BillTotals,
    Difference,
    Resolution,
    get_difference,
    list_bills,
    list_differences,
    resolutions_of,
)


class SeenTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What a bill's rows make in one currency."""

    payments: int
    paid: Money
    refunds: int
    refunded: Money
    fees: Money


class SeenBill(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's account of one of its days. `failure` says why a waiting one could not be had yet."""

    id: UUID
    provider: str
    day: date
    state: str
    attempts: int
    next_attempt_at: datetime | None
    failure: str
    rows: int
    matched: int
    differences: int
    open: int
    totals: list[SeenTotals]
    matched_at: datetime | None


class BillList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of bills, the newest day first."""

    items: list[SeenBill]
    next_cursor: str | None


class SeenDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Something in which a bill and the books differ. `movement` is payment, refund, refund_failure or dispute; `resolutions` are the ways in which it can be resolved now.

    `provider_says` is what the provider answered when it was asked again.
    """

    id: UUID
    bill_id: UUID
    provider: str
    day: date
    kind: str
    movement: str
    number: str
    refund_number: str | None
    reference: str
    payment_id: UUID | None
    refund_id: UUID | None
    purchase_id: UUID | None
    ours: Money | None
    theirs: Money | None
    fee: Money
    state: str
    resolutions: tuple[Resolution, ...]
    provider_says: str | None
    asked_at: datetime | None
    resolution: str | None
    note: str
    resolved_by: UUID | None
    resolved_at: datetime | None
    created_at: datetime


class DifferenceList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of differences, newest first."""

    items: list[SeenDifference]
    next_cursor: str | None


async def bill_list(tx: ReadTx, *, after: str | None = None, limit: int = 20) -> BillList:
    """Bills, the newest day first. Raises BadCursor."""
    page = await list_bills(tx, after=after, limit=limit)
    return BillList(items=[_bill(each) for each in page.items], next_cursor=page.next_cursor)


async def difference_list(
    tx: ReadTx, *, state: str = "open", after: str | None = None, limit: int = 20
) -> DifferenceList:
    """Differences in a state, newest first. Raises BadCursor."""
    page = await list_differences(tx, state=state, after=after, limit=limit)
    return DifferenceList(items=[_difference(each) for each in page.items], next_cursor=page.next_cursor)


async def difference(tx: ReadTx, *, difference_id: UUID) -> SeenDifference:
    """A difference, and how it can be resolved. Raises UnknownDifference."""
    return _difference(await get_difference(tx, difference_id=difference_id))


def _bill(found: Bill) -> SeenBill:
    return SeenBill(
        id=found.id,
        provider=found.provider,
        day=found.day,
        state=found.state,
        attempts=found.attempts,
        next_attempt_at=found.next_attempt_at,
        failure=found.failure,
        rows=found.rows_read,
        matched=found.matched,
        differences=found.differences,
        open=found.open,
        totals=[_totals(each) for each in found.totals],
        matched_at=found.matched_at,
    )


def _totals(found: BillTotals) -> SeenTotals:
    return SeenTotals(
        payments=found.payments,
        paid=Money(found.paid, found.currency),
        refunds=found.refunds,
        refunded=Money(found.refunded, found.currency),
        fees=Money(found.fees, found.currency),
    )


def _difference(found: Difference) -> SeenDifference:
    return SeenDifference(
        id=found.id,
        bill_id=found.bill_id,
        provider=found.provider,
        day=found.day,
        kind=found.kind,
        movement=found.movement,
        number=found.number,
        refund_number=found.refund_number,
        reference=found.reference,
        payment_id=found.payment_id,
        refund_id=found.refund_id,
        purchase_id=found.purchase_id,
        ours=None if found.ours is None else Money(found.ours, found.currency),
        theirs=None if found.theirs is None else Money(found.theirs, found.currency),
        fee=Money(found.fee, found.fee_currency),
        state=found.state,
        resolutions=resolutions_of(found),
        provider_says=found.answer,
        asked_at=found.answered_at,
        resolution=found.resolution,
        note=found.note,
        resolved_by=found.resolved_by,
        resolved_at=found.resolved_at,
        created_at=found.created_at,
    )
