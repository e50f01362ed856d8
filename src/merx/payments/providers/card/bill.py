"""Reading balance transactions as the rows of a bill. Pure."""

from typing import Final

import msgspec

from merx.payments.providers.card.client import PROVIDER
from merx.payments.providers.card.disputes import signed
from merx.payments.providers.card.fields import BalanceTransaction, Charge, RefundObject, from_units, instant
from merx.payments.providers.errors import ProviderUnavailable
from merx.payments.providers.model import BillRow

_PAYMENTS: Final = frozenset({"charge", "payment"})
_REFUNDS: Final = frozenset({"refund", "payment_refund"})
_FAILURES: Final = frozenset({"refund_failure", "payment_refund_failure"})
_DISPUTES: Final = frozenset({"dispute", "dispute_reversal"})


def bill_row(entry: BalanceTransaction) -> BillRow | None:
    """The row of one balance transaction; None for what is no payment, refund, failed refund or dispute, such as a payout.

    The amount is what the payer paid or got, in the payer's currency; the fee is in the balance's. Raises
    ProviderUnavailable when the entry has the wrong form.
    """
    if entry.type == "adjustment" and entry.reporting_category in _DISPUTES:
        return _dispute_row(entry)
    if entry.type not in _PAYMENTS | _REFUNDS | _FAILURES:
        return None
    try:
        fee = signed(entry.fee, entry.currency)
        if entry.type in _PAYMENTS:
            charge = msgspec.convert(entry.source, Charge)
            return BillRow(
                kind="payment",
                number=charge.metadata.get("number", ""),
                refund_number=None,
                reference=charge.payment_intent or charge.id,
                amount=from_units(charge.amount_captured, charge.currency),
                fee=fee,
                at=instant(entry.created),
            )
        refund = msgspec.convert(entry.source, RefundObject)
        return BillRow(
            kind="refund_failure" if entry.type in _FAILURES else "refund",
            number=refund.metadata.get("number", ""),
            refund_number=refund.metadata.get("refund_number", ""),
            reference=refund.id,
            amount=from_units(refund.amount, refund.currency),
            fee=fee,
            at=instant(entry.created),
        )
    except ValueError as problem:
        raise ProviderUnavailable(provider=PROVIDER, reason="a bill entry has the wrong form") from problem


def _dispute_row(entry: BalanceTransaction) -> BillRow:
    try:
        return BillRow(
            kind="dispute",
            number="",
            refund_number=None,
            reference=entry.id,
            amount=signed(-entry.amount, entry.currency),
            fee=signed(entry.fee, entry.currency),
            at=instant(entry.created),
        )
    except ValueError as problem:
        raise ProviderUnavailable(provider=PROVIDER, reason="a bill entry has the wrong form") from problem
