"""What a row of a bill means, what it books, and how a difference may be resolved. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final
from uuid import UUID

from merx.kit.money import Money
from merx.ledger import AccountKind, Transfer, provider_owner
from merx.payments.providers import BillRow
from merx.reconciliation.errors import NoteMissing
from merx.reconciliation.model import (
    Bill,
    Difference,
    DifferenceKind,
    DisputeMoved,
    Known,
    Resolution,
    Verdict,
)

AGAIN_AFTER: Final = timedelta(minutes=10)
AGAIN_AT_MOST: Final = timedelta(hours=6)
GO_ON_AFTER: Final = timedelta(days=3)
"""How long a day whose bill cannot be had holds up the days after it."""
SLACK: Final = timedelta(hours=1)
"""How much later than the provider we may have heard of money: what is younger is looked for in the next bill."""
KEPT_DAYS: Final = 90
"""Providers keep their bills for about three months."""
NOTE_MOST: Final = 2000

RESOLUTIONS: Final[Mapping[DifferenceKind, tuple[Resolution, ...]]] = {
    DifferenceKind.MISSING_HERE: (Resolution.RECHECK, Resolution.BOOK, Resolution.EXPLAIN),
    DifferenceKind.MISSING_THERE: (Resolution.RECHECK, Resolution.WRITE_OFF),
    DifferenceKind.AMOUNT_DIFFERS: (
        Resolution.RECHECK, Resolution.ACCEPT_THEIRS, Resolution.BOOK, Resolution.EXPLAIN
    ),
    DifferenceKind.DUPLICATE_ROW: (Resolution.BOOK, Resolution.EXPLAIN),
    DifferenceKind.FEE_DIFFERS: (Resolution.ACCEPT_THEIRS, Resolution.EXPLAIN),
    DifferenceKind.REFUND_PENDING: (Resolution.RECHECK,),
    DifferenceKind.BALANCE_DIFFERS: (Resolution.EXPLAIN,),
}  # fmt: skip
"""Which kind may be resolved how, as far as what is known of it allows."""

BALANCE: Final = AccountKind.PROVIDER_BALANCE.value
CLEARING: Final = AccountKind.PROVIDER_CLEARING.value
DIFFERENCE: Final = AccountKind.PROVIDER_DIFFERENCE.value
FEES: Final = AccountKind.PROVIDER_FEES.value


def judge(row: BillRow, known: Known | None) -> Verdict:
    """What to do with a row, given what we know of the payment or refund it names."""
    if known is None:
        return Verdict.MISSING_HERE
    amount = Money(known.amount, known.currency)
    other = known.done and known.reference is not None and known.reference != row.reference
    if known.settled and not other and row.amount == amount and row.fee.amount != known.fee:
        return Verdict.FEE_DIFFERS
    if known.settled or other:
        return Verdict.DUPLICATE_ROW
    if row.amount != amount:
        return Verdict.AMOUNT_DIFFERS
    if known.done:
        return Verdict.MATCH
    return Verdict.RECORD if row.done else Verdict.REFUND_PENDING


def judge_failure(row: BillRow, known: Known | None) -> Verdict:
    """What to do with a row about a refund that came back, given what we know of its money that did."""
    if known is None or row.amount != Money(known.amount, known.currency):
        return Verdict.MISSING_HERE
    if known.settled:
        return Verdict.DUPLICATE_ROW
    return Verdict.MATCH if known.done else Verdict.RECORD


def judge_dispute(row: BillRow, moved: DisputeMoved | None) -> Verdict:
    """What to do with a row about a dispute, given what we have booked of the same move."""
    if moved is None or moved.currency != row.amount.currency:
        return Verdict.MISSING_HERE
    if moved.settled:
        return Verdict.DUPLICATE_ROW
    fee = row.fee.amount if row.fee.currency == moved.currency else 0
    return Verdict.MATCH if (moved.amount, moved.fee) == (row.amount.amount, fee) else Verdict.AMOUNT_DIFFERS


def dispute_settled(moved: DisputeMoved) -> list[Transfer]:
    """The bill has what a dispute moved: with its fee, it leaves clearing for the provider's balance."""
    net = moved.amount + moved.fee
    debit, credit = (CLEARING, BALANCE) if net > 0 else (BALANCE, CLEARING)
    transfer = Transfer(
        moved.cause_id, f"settled:{moved.reference}", moved.purchase_id, debit, moved.owner, credit, moved.owner,
        moved.currency, abs(net),
    )  # fmt: skip
    return [transfer] if net else []


def settled_transfers(known: Known, *, amount: Money, fee: Money) -> list[Transfer]:
    """The bill has the money: it leaves clearing for the provider's balance, and the provider keeps its fee.

    Money that was written off comes back from the difference instead.
    """
    other = DIFFERENCE if known.written_off else CLEARING
    return [
        _moved(
            known,
            "taken_back" if known.failure else "settled",
            amount,
            from_kind=other,
            back=known.refund_id is not None and not known.failure,
        ),
        *fee_transfers(known, fee=fee, leg="taken_back_fee" if known.failure else "fee"),
    ]


def fee_transfers(
    known: Known, *, fee: Money, leg: str = "fee", cause_id: UUID | None = None
) -> list[Transfer]:
    """What the provider kept (positive) or gave back (negative); nothing for nothing."""
    if not fee.amount:
        return []
    size = Money(abs(fee.amount), fee.currency)
    return [_moved(known, leg, size, from_kind=FEES, back=fee.amount > 0, cause_id=cause_id)]


def accepted_transfers(known: Known, *, theirs: int, fee: Money) -> list[Transfer]:
    """The provider's amount counts: the balance gets theirs, clearing is closed, the rest is a difference."""
    back = known.refund_id is not None
    rest = theirs - known.amount
    both = Money(min(theirs, known.amount), known.currency)
    transfers = [_moved(known, "settled", both, from_kind=CLEARING, back=back)] if both.amount else []
    if rest > 0:
        more = Money(rest, known.currency)
        transfers.append(_moved(known, "difference", more, from_kind=DIFFERENCE, back=back))
    elif rest < 0:
        transfers.append(_given_up(known, "difference", -rest))
    return [*transfers, *fee_transfers(known, fee=fee)]


def written_off_transfers(known: Known) -> list[Transfer]:
    """The provider does not have it: clearing is closed against the difference."""
    return [_given_up(known, "written_off", known.amount)]


def booked_transfers(found: Difference, *, purchase_id: UUID) -> list[Transfer]:
    """Money at the provider that no payment of ours explains: in its balance, owed as a difference."""
    assert found.theirs is not None
    known = Known(
        number=found.number, cause_id=found.id, payment_id=found.id, refund_id=found.refund_id,
        purchase_id=purchase_id, provider=found.provider, done=False, currency=found.currency,
        amount=found.theirs, reference=None, settled=False, written_off=True, fee=0,
    )  # fmt: skip
    transfers = []
    if found.theirs:
        amount = Money(found.theirs, found.currency)
        back = found.movement == "refund"
        transfers = [_moved(known, "settled", amount, from_kind=DIFFERENCE, back=back)]
    return [*transfers, *fee_transfers(known, fee=Money(found.fee, found.fee_currency))]


def _moved(
    known: Known, leg: str, amount: Money, *, from_kind: str, back: bool, cause_id: UUID | None = None
) -> Transfer:
    """Into the provider's balance, or `back` out of it."""
    owner = provider_owner(known.provider)
    debit, credit = (from_kind, BALANCE) if back else (BALANCE, from_kind)
    return Transfer(
        cause_id or known.cause_id, f"{leg}{known.again}", known.purchase_id, debit, owner, credit, owner, amount.currency,
        amount.amount,
    )  # fmt: skip


def _given_up(known: Known, leg: str, amount: int) -> Transfer:
    owner = provider_owner(known.provider)
    debit, credit = (CLEARING, DIFFERENCE) if known.refund_id is not None else (DIFFERENCE, CLEARING)
    return Transfer(
        known.cause_id,
        f"{leg}{known.again}",
        known.purchase_id,
        debit,
        owner,
        credit,
        owner,
        known.currency,
        amount,
    )


def resolutions_of(found: Difference) -> tuple[Resolution, ...]:
    """The ways in which staff may resolve this difference now; none when it is resolved."""
    if found.state != "open":
        return ()
    return tuple(each for each in RESOLUTIONS[found.kind] if _fits(found, each))


def _fits(found: Difference, resolution: Resolution) -> bool:
    # What we have booked must leave clearing, so it can be accepted but not explained away; what we have not booked
    # can be explained, or booked where it is known whose it is.
    of_ours = found.ours is not None
    if found.kind is DifferenceKind.AMOUNT_DIFFERS and resolution in (Resolution.BOOK, Resolution.EXPLAIN):
        return not of_ours
    if found.kind is DifferenceKind.AMOUNT_DIFFERS and resolution is Resolution.ACCEPT_THEIRS:
        return of_ours
    if resolution is Resolution.BOOK:
        return found.purchase_id is not None
    if resolution is Resolution.RECHECK:
        return found.cause_id is not None
    return True


def check_note(note: str, resolution: Resolution) -> str:
    """The note without margins. Raises NoteMissing when an explanation is none, or when it is too long."""
    words = note.strip()
    if len(words) > NOTE_MOST or (resolution is Resolution.EXPLAIN and not words):
        raise NoteMissing(most=NOTE_MOST)
    return words


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """From when to when a provider's day lasts."""
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return min(AGAIN_AFTER * int(2 ** min(attempts - 1, 10)), AGAIN_AT_MOST)


def next_due(waiting: Sequence[Bill], *, now: datetime) -> Bill | None:
    """Of the bills of one provider that wait, oldest first: the one to read now.

    A day waits for the days before it, unless one of those has failed for long.
    """
    for bill in waiting:
        if bill.next_attempt_at is None or bill.next_attempt_at <= now:
            return bill
        if bill.failing_since is None or bill.failing_since > now - GO_ON_AFTER:
            return None
    return None
