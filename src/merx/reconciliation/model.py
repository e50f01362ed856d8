"""Nouns of reconciliation. Amounts are minor units."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from merx.payments.providers import BillRow


class DifferenceKind(StrEnum):
    """How a bill and our books may differ."""

    MISSING_HERE = "missing_here"  # the bill has money we know nothing of
    MISSING_THERE = "missing_there"  # we have booked money the bill does not have
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE_ROW = "duplicate_row"  # money that the bill has twice: paid or refunded twice
    FEE_DIFFERS = "fee_differs"  # the bill was read again and has another fee
    REFUND_PENDING = "refund_pending"  # in the bill, and not done at the provider yet
    BALANCE_DIFFERS = "balance_differs"  # the provider's balance did not change as its bill says


class Resolution(StrEnum):
    """What became of a difference; the first two happen by themselves."""

    MATCHED = "matched"
    RECORDED = "recorded"
    EXPLAIN = "explain"
    RECHECK = "recheck"
    ACCEPT_THEIRS = "accept_theirs"
    WRITE_OFF = "write_off"
    BOOK = "book"


class Verdict(StrEnum):
    """What is to be done with a row: agree, record what we did not know, or leave to people."""

    MATCH = "match"
    RECORD = "record"
    MISSING_HERE = "missing_here"
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE_ROW = "duplicate_row"
    FEE_DIFFERS = "fee_differs"
    REFUND_PENDING = "refund_pending"


class Known(msgspec.Struct, frozen=True, gc=False):
    """What we know of the payment or refund a row names.

    A refund that came back can be paid once more: `again` is ":1" for the second time it was paid, `failure` says that
    this is of the money that came back instead.

    `done`: captured, paid back, or come back. `settled`: a bill has confirmed it. `written_off`: staff gave it up. `fee` is what was
    booked with it.
    """

    number: str
    cause_id: UUID
    payment_id: UUID
    refund_id: UUID | None
    purchase_id: UUID
    provider: str
    done: bool
    currency: str
    amount: int
    reference: str | None
    settled: bool
    written_off: bool
    fee: int
    again: str = ""
    failure: bool = False


class DisputeMoved(msgspec.Struct, frozen=True, gc=False):
    """What we have booked of one move of a dispute: `amount` and `fee` were taken from us, negative: given back."""

    reference: str
    cause_id: UUID
    purchase_id: UUID
    owner: UUID
    currency: str
    amount: int
    fee: int
    settled: bool


class KeptRow(msgspec.Struct, frozen=True, gc=False):
    """A row about to be kept, with what it was found to be."""

    position: int
    row: BillRow
    payment_id: UUID | None
    refund_id: UUID | None
    outcome: str


class Lacking(msgspec.Struct, frozen=True):
    """A payment of ours, or a refund of it, that no bill has confirmed. `amount` is in minor units."""

    number: str
    refund_number: str | None
    payment_id: UUID
    refund_id: UUID | None
    purchase_id: UUID
    provider: str
    currency: str
    amount: int


class BillTotals(msgspec.Struct, frozen=True):
    """What a bill's rows make in one currency."""

    currency: str
    payments: int
    paid: int
    refunds: int
    refunded: int
    fees: int


class Bill(msgspec.Struct, frozen=True):
    """A provider's account of one of its days. `codes` are the providers it is of."""

    id: UUID
    provider: str
    codes: list[str]
    day: date
    starts_at: datetime
    ends_at: datetime
    state: str
    attempts: int
    next_attempt_at: datetime | None
    failing_since: datetime | None
    failure: str
    rows_read: int
    totals: list[BillTotals]
    matched_at: datetime | None
    created_at: datetime
    matched: int
    differences: int
    open: int


class Difference(msgspec.Struct, frozen=True):
    """Something in which a bill and our books differ. `resolved_by` None: it resolved by itself.

    `answer` is what the provider said when it was asked again.
    """

    id: UUID
    bill_id: UUID
    position: int | None
    provider: str
    day: date
    kind: DifferenceKind
    movement: Literal["payment", "refund", "refund_failure", "dispute"]
    number: str
    refund_number: str | None
    reference: str
    payment_id: UUID | None
    refund_id: UUID | None
    purchase_id: UUID | None
    cause_id: UUID | None
    currency: str
    ours: int | None
    theirs: int | None
    fee_currency: str
    fee: int
    state: str
    answer: str | None
    answered_at: datetime | None
    resolution: Resolution | None
    note: str
    resolved_by: UUID | None
    resolved_at: datetime | None
    created_at: datetime


class BillPage(msgspec.Struct, frozen=True):
    """Bills, the newest day first."""

    items: list[Bill]
    next_cursor: str | None


class DifferencePage(msgspec.Struct, frozen=True):
    """Differences, newest first."""

    items: list[Difference]
    next_cursor: str | None
