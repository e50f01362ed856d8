"""Match the rows of a bill with our payments and refunds, in batches, each in its own transaction.

A row is kept once, with what it books: read again, a bill brings only the rows it has gained. A batch takes its places by
compare-and-set on the bill's count of rows, so of two readers one goes on and the other stops.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from merx.cashier import confirm_payment
from merx.infra.db import Database, Tx
from merx.infra.outbox import publish
from merx.kit.ids import new_id
from merx.ledger import Transfer, post, provider_owner
from merx.orders import lock_purchase
from merx.payments import Fact, ReferenceTaken, find_refund, lock_payment
from merx.payments.providers import BillRow
from merx.reconciliation.errors import BillBusy
from merx.reconciliation.events import BillMatched, DifferenceResolved
from merx.reconciliation.model import (
    Bill,
    Difference,
    DifferenceKind,
    DisputeMoved,
    KeptRow,
    Known,
    Resolution,
    Verdict,
)
from merx.reconciliation.rules import (
    SLACK,
    dispute_settled,
    judge,
    judge_dispute,
    judge_failure,
    settled_transfers,
)
from merx.reconciliation.states import DIFFERENCE_STATES
from merx.reconciliation.store import bills, books, differences
from merx.refunds import reverse_refund, settle_refund

BATCH: Final = 1000
OPEN: Final = DIFFERENCE_STATES.sources("resolved")
_OF_OURS: Final = frozenset({Verdict.MISSING_HERE, Verdict.AMOUNT_DIFFERS, Verdict.REFUND_PENDING})

Progress = Callable[[int, int], None]


class Sheet(msgspec.Struct):
    """Rows that were judged: what is kept of them, what they book, what differs, and what we did not know yet."""

    kept: list[KeptRow] = []
    transfers: list[Transfer] = []
    settled: list[UUID] = []
    differences: list[Difference] = []
    unrecorded: list[tuple[BillRow, Known]] = []


class Ours(msgspec.Struct):
    """What we know of the payments and refunds that a batch names, by number."""

    payments: dict[str, Known]
    refunds: dict[str, Known]
    failures: dict[str, Known]
    disputes: dict[str, DisputeMoved]

    def of(self, row: BillRow) -> Known | None:
        """The payment or refund a row is about, in its currency."""
        found = self.payments.get(row.number)
        if row.kind in ("refund", "refund_failure"):
            book = self.failures if row.kind == "refund_failure" else self.refunds
            refund = book.get(row.refund_number or "")
            same = refund is not None and found is not None and refund.payment_id == found.payment_id
            found = refund if same else None
        return found if found is not None and found.currency == row.amount.currency else None

    def settle(self, known: Known, row: BillRow) -> None:
        """From now on a row about the same is the second."""
        book = self.payments if known.refund_id is None else self.refunds
        book[known.number] = msgspec.structs.replace(
            known, settled=True, done=True, reference=known.reference or row.reference, fee=row.fee.amount
        )


async def match_bill(
    db: Database, bill: Bill, rows: Sequence[BillRow], *, now: datetime, progress: Progress
) -> None:
    """Deal with the rows that were not kept before, then look for what the bill lacks. Raises BillBusy."""
    async with db.read() as read:
        kept = Counter(await bills.kept_rows(read, bill.id))
    at = kept.total()
    fresh = [row for row in rows if not _had(kept, row)]
    progress(len(rows) - len(fresh), len(rows))
    for first in range(0, len(fresh), BATCH):
        batch = fresh[first : first + BATCH]
        at, unrecorded = await db.write(partial(_match, bill=bill, rows=batch, at=at, now=now))
        for row, known in unrecorded:
            await _record(db, bill, row, known, at=at, now=now)
            at += 1
        progress(len(rows) - len(fresh) + first + len(batch), len(rows))
    await db.write(partial(_finish, bill=bill, at=at, fresh=len(fresh), now=now))


def _had(kept: Counter[BillRow], row: BillRow) -> bool:
    key = msgspec.structs.replace(row, done=True)  # whether it was done is not kept
    if not kept[key]:
        return False
    kept[key] -= 1
    return True


async def _match(
    tx: Tx, *, bill: Bill, rows: Sequence[BillRow], at: int, now: datetime
) -> tuple[int, list[tuple[BillRow, Known]]]:
    """Judge a batch and write all of it but what we did not know; that goes one by one."""
    sheet = judged(bill, rows, await _ours(tx, bill, rows), at=at, now=now)
    await _keep(tx, bill, sheet, at=at, now=now)
    return at + len(sheet.kept), sheet.unrecorded


async def _ours(tx: Tx, bill: Bill, rows: Sequence[BillRow]) -> Ours:
    numbers = list({row.number for row in rows})
    refund_numbers = list({row.refund_number for row in rows if row.refund_number})
    payments = await books.known_payments(tx, numbers, codes=bill.codes)
    refunds = await books.known_refunds(tx, refund_numbers, codes=bill.codes) if refund_numbers else {}
    failed = list({row.refund_number for row in rows if row.kind == "refund_failure" and row.refund_number})
    failures = await books.known_failures(tx, failed, codes=bill.codes) if failed else {}
    moves = [row.reference for row in rows if row.kind == "dispute"]
    owners = [provider_owner(code) for code in bill.codes]
    disputes = await books.disputes_moved(tx, moves, owners=owners) if moves else {}
    return Ours(payments, refunds, failures, disputes)


def judged(
    bill: Bill, rows: Sequence[BillRow], ours: Ours, *, at: int, now: datetime, alone: bool = False
) -> Sheet:
    """Judge rows in their order, the first of which takes the place `at`.

    A refund that came back, and any second row of a refund, are what the rows before them make them: they are put
    among the unrecorded, to be judged `alone`.
    """
    sheet = Sheet()
    seen: set[UUID] = set()
    for row in rows:
        if row.kind == "dispute":
            _judge_dispute(sheet, bill, row, ours, at=at + len(sheet.kept), now=now)
            continue
        known = ours.of(row)
        if not alone and known is not None and (known.failure or known.cause_id in seen):
            sheet.unrecorded.append((row, known))
            continue
        if known is not None and known.refund_id is not None:
            seen.add(known.cause_id)
        verdict = judged_alone(row, known)
        if known is not None and verdict in (Verdict.MATCH, Verdict.RECORD):
            ours.settle(known, row)
            if verdict is Verdict.RECORD:
                sheet.unrecorded.append((row, known))
            else:
                agree(sheet, row, known, at=at + len(sheet.kept), outcome="matched")
        else:
            differ(
                sheet,
                bill,
                row,
                known,
                ours.payments.get(row.number),
                verdict,
                at=at + len(sheet.kept),
                now=now,
            )
    return sheet


def judged_alone(row: BillRow, known: Known | None) -> Verdict:
    """What to do with a row that is no dispute's, by what is known at this moment."""
    return judge_failure(row, known) if row.kind == "refund_failure" else judge(row, known)


def _judge_dispute(sheet: Sheet, bill: Bill, row: BillRow, ours: Ours, *, at: int, now: datetime) -> None:
    moved = ours.disputes.get(row.reference)
    verdict = judge_dispute(row, moved)
    if moved is None or verdict is not Verdict.MATCH:
        differ(sheet, bill, row, None, None, verdict, at=at, now=now)
        return
    sheet.kept.append(KeptRow(at, row, None, None, "matched"))
    sheet.transfers.extend(dispute_settled(moved))
    ours.disputes[row.reference] = msgspec.structs.replace(moved, settled=True)


def agree(sheet: Sheet, row: BillRow, known: Known, *, at: int, outcome: str) -> None:
    """The row confirms what we have booked."""
    sheet.kept.append(KeptRow(at, row, known.payment_id, known.refund_id, outcome))
    sheet.transfers.extend(settled_transfers(known, amount=row.amount, fee=row.fee))
    if not known.failure:
        sheet.settled.append(known.cause_id)


def differ(
    sheet: Sheet, bill: Bill, row: BillRow, known: Known | None, payment: Known | None, verdict: Verdict, *,
    at: int, now: datetime,
) -> Difference:  # fmt: skip
    """The row says something else: keep it for people, with what is known of whose it is."""
    payment_id = payment.payment_id if payment is not None else None
    sheet.kept.append(KeptRow(at, row, payment_id, known.refund_id if known else None, "difference"))
    of_fee = verdict is Verdict.FEE_DIFFERS
    ours: int | None = None
    if known is not None and known.done and verdict is not Verdict.MISSING_HERE:
        ours = known.fee if of_fee else known.amount
    difference = Difference(
        id=new_id(), bill_id=bill.id, position=at, provider=payment.provider if payment else bill.provider,
        day=bill.day, kind=DifferenceKind(verdict.value),
        movement=row.kind, number=row.number, refund_number=row.refund_number,
        reference=row.reference, payment_id=payment_id, refund_id=known.refund_id if known else None,
        purchase_id=payment.purchase_id if payment else None,
        cause_id=known.cause_id if known and verdict in _OF_OURS and not known.failure else None,
        currency=row.fee.currency if of_fee else row.amount.currency, ours=ours,
        theirs=row.fee.amount if of_fee else row.amount.amount, fee_currency=row.fee.currency, fee=row.fee.amount,
        state="open", answer=None, answered_at=None, resolution=None, note="", resolved_by=None, resolved_at=None,
        created_at=now,
    )  # fmt: skip
    sheet.differences.append(difference)
    return difference


async def _keep(tx: Tx, bill: Bill, sheet: Sheet, *, at: int, now: datetime) -> None:
    """Write a sheet: seven statements whatever its length."""
    if not sheet.kept:
        return
    if not await bills.advance_bill(tx, bill.id, at=at, by=len(sheet.kept)):
        raise BillBusy
    await bills.insert_rows(tx, bill.id, sheet.kept, now=now)
    await differences.insert_differences(tx, sheet.differences)
    await post(tx, sheet.transfers, now=now)
    if sheet.settled:
        closed = await differences.resolve_matched(tx, sheet.settled, sources=OPEN, now=now)
        await publish(tx, [DifferenceResolved.of(each, Resolution.MATCHED) for each in closed], now=now)


async def _record(db: Database, bill: Bill, row: BillRow, known: Known, *, at: int, now: datetime) -> None:
    """Apply a row about money we had not heard of, as a notice would have been, in its own transaction."""
    work = partial(_record_row, bill=bill, row=row, purchase_id=known.purchase_id, at=at, now=now)
    try:
        await db.write(work)
    except ReferenceTaken:
        await db.write(partial(work, taken=True))


async def _record_row(
    tx: Tx, *, bill: Bill, row: BillRow, purchase_id: UUID, at: int, now: datetime, taken: bool = False
) -> None:
    """`taken`: the provider's number of this money paid another payment of ours, so nobody can say what it is."""
    await lock_purchase(tx, purchase_id=purchase_id)
    ours = await _ours(tx, bill, [row])
    known, payment = ours.of(row), ours.payments.get(row.number)
    unheard_of = known is not None and judged_alone(row, known) is Verdict.RECORD
    sheet = Sheet()
    if known is not None and unheard_of and not taken and await _learn(tx, row, known, now=now):
        agree(sheet, row, known, at=at, outcome="recorded")
        found = differ(Sheet(), bill, row, known, payment, Verdict.MISSING_HERE, at=at, now=now)
        sheet.differences.append(
            msgspec.structs.replace(found, state="resolved", resolution=Resolution.RECORDED, resolved_at=now)
        )
    elif taken or unheard_of:
        differ(sheet, bill, row, known, payment, Verdict.MISSING_HERE, at=at, now=now)
    else:  # a notice was quicker, or only now it is known what came before
        sheet = judged(bill, [row], ours, at=at, now=now, alone=True)
    await _keep(tx, bill, sheet, at=at, now=now)


async def _learn(tx: Tx, row: BillRow, known: Known, *, now: datetime) -> bool:
    """Tell the one function that moves payments, or refunds. False when the refund cannot have been paid, or come back."""
    if known.refund_id is None:
        fact = Fact("captured", row.reference, row.amount.amount, row.amount.currency, "bill", row.at)
        await confirm_payment(
            tx, purchase_id=known.purchase_id, payment_id=known.payment_id, fact=fact, now=now
        )
        return True
    payment = await lock_payment(tx, known.payment_id)
    refund = await find_refund(tx, known.refund_id)
    assert refund is not None
    if known.failure:
        return await reverse_refund(tx, payment=payment, refund=refund, failure="it came back", now=now)
    return await settle_refund(tx, payment=payment, refund=refund, now=now)


async def _finish(tx: Tx, *, bill: Bill, at: int, fresh: int, now: datetime) -> None:
    """Every row was dealt with: find what of ours should have been among them and was not."""
    if not await bills.bill_matched(tx, bill.id, at=at, now=now):
        raise BillBusy
    lacking = await books.missing_there(
        tx, codes=bill.codes, start=bill.starts_at - SLACK, end=bill.ends_at - SLACK
    )
    await differences.insert_differences(
        tx,
        [
            Difference(
                id=new_id(), bill_id=bill.id, position=None, provider=each.provider, day=bill.day,
                kind=DifferenceKind.MISSING_THERE,
                movement="payment" if each.refund_id is None else "refund",
                number=each.number, refund_number=each.refund_number,
                reference="", payment_id=each.payment_id, refund_id=each.refund_id,
                purchase_id=each.purchase_id, cause_id=each.refund_id or each.payment_id,
                currency=each.currency, ours=each.amount, theirs=None, fee_currency=each.currency, fee=0,
                state="open", answer=None, answered_at=None, resolution=None, note="", resolved_by=None,
                resolved_at=None, created_at=now,
            )
            for each in lacking
        ],
    )  # fmt: skip
    if fresh or bill.state == "waiting":
        opened = await differences.open_of(tx, bill.id, states=OPEN)
        await publish(tx, [BillMatched.of(bill, rows=at, opened=opened)], now=now)
