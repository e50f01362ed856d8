"""Check a bill by the provider's own account of our balance, of which as much should have moved."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.ids import new_id
from merx.payments.providers import BalanceMovement, BillRow
from merx.reconciliation.events import DifferenceResolved
from merx.reconciliation.model import Bill, Difference, DifferenceKind, Resolution
from merx.reconciliation.states import DIFFERENCE_STATES
from merx.reconciliation.store import differences


async def compare_balance(
    tx: Tx, *, bill: Bill, rows: Sequence[BillRow], moved: Sequence[BalanceMovement], now: datetime
) -> None:
    """Leave one difference per currency in which the bill's rows and the movements of the same references differ.

    What moved for other reasons, such as a payout, is none of the bill's business; what is not done may have moved or not.
    """
    ours, theirs = Counter[str](), Counter[str]()
    done = [row for row in rows if row.done]
    for row in done:
        ours[row.amount.currency] += row.amount.amount * (1 if row.kind == "payment" else -1)
        ours[row.fee.currency] -= row.fee.amount
    references = {row.reference for row in done}
    for movement in moved:
        if movement.reference in references:
            theirs[movement.amount.currency] += movement.amount.amount
    wrong = sorted(each for each in {*ours, *theirs} if ours[each] != theirs[each])
    await differences.insert_differences(
        tx, [_difference(bill, each, ours=ours[each], theirs=theirs[each], now=now) for each in wrong]
    )
    closed = await differences.resolve_balance(
        tx, bill.id, but=wrong, sources=DIFFERENCE_STATES.sources("resolved"), now=now
    )
    await publish(tx, [DifferenceResolved.of(each, Resolution.MATCHED) for each in closed], now=now)


def _difference(bill: Bill, currency: str, *, ours: int, theirs: int, now: datetime) -> Difference:
    return Difference(
        id=new_id(), bill_id=bill.id, position=None, provider=bill.provider, day=bill.day,
        kind=DifferenceKind.BALANCE_DIFFERS, movement="payment", number="", refund_number=None, reference="",
        payment_id=None, refund_id=None, purchase_id=None, cause_id=None, currency=currency, ours=ours,
        theirs=theirs, fee_currency=currency, fee=0, state="open", answer=None, answered_at=None, resolution=None,
        note="", resolved_by=None, resolved_at=None, created_at=now,
    )  # fmt: skip
