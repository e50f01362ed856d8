"""From bills and differences to answers. Pure."""

from merx.api import reconciliation_views
from merx.api.render import money
from merx.reconciliation import Bill, Difference, resolutions_of


def bill(found: Bill) -> reconciliation_views.BillView:
    """A provider's account of one of its days."""
    return reconciliation_views.BillView(
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
        totals=[
            reconciliation_views.BillTotalsView(
                payments=each.payments,
                paid=money(each.paid, each.currency),
                refunds=each.refunds,
                refunded=money(each.refunded, each.currency),
                fees=money(each.fees, each.currency),
            )
            for each in found.totals
        ],
        matched_at=found.matched_at,
    )


def difference(found: Difference) -> reconciliation_views.DifferenceView:
    """Something in which a bill and the books differ."""
    return reconciliation_views.DifferenceView(
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
        ours=None if found.ours is None else money(found.ours, found.currency),
        theirs=None if found.theirs is None else money(found.theirs, found.currency),
        fee=money(found.fee, found.fee_currency),
        state=found.state,
        resolutions=[each.value for each in resolutions_of(found)],
        provider_says=found.answer,
        asked_at=found.answered_at,
        resolution=found.resolution,
        note=found.note,
        resolved_by=found.resolved_by,
        resolved_at=found.resolved_at,
        created_at=found.created_at,
    )
