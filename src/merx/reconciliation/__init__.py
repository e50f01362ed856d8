"""Reconciliation: our books against the providers' bills.

A job downloads each provider's bill of each of its days and matches every row with a payment or refund of ours. What
agrees moves from clearing to the provider's balance; its fee is booked. What does not is a difference in a work queue,
which resolves by itself when a later bill agrees, or by the platform's staff.
"""

from merx.reconciliation.errors import (
    BillBusy,
    BillUnreadable,
    DayNotOver,
    DifferenceSettled,
    NoSuchBill,
    NoteMissing,
    ResolutionRefused,
    UnknownDifference,
)
from merx.reconciliation.events import (
    BillMatched,
    DifferenceResolved,
)
from merx.reconciliation.fetch_bill import reconcile_day
from merx.reconciliation.jobs import reconcile
from merx.reconciliation.model import (
    Bill,
    BillPage,
    BillTotals,
    Difference,
    DifferenceKind,
    DifferencePage,
    Resolution,
)
from merx.reconciliation.resolve_difference import ask_again, resolve_difference
from merx.reconciliation.rules import resolutions_of
from merx.reconciliation.settings import ReconciliationSettings
from merx.reconciliation.states import BILL_STATES, DIFFERENCE_STATES
from merx.reconciliation.view import get_difference, list_bills, list_differences

__all__ = [
    "BILL_STATES",
    "DIFFERENCE_STATES",
    "Bill",
    "BillBusy",
    "BillMatched",
    "BillPage",
    "BillTotals",
    "BillUnreadable",
    "DayNotOver",
    "Difference",
    "DifferenceKind",
    "DifferencePage",
    "DifferenceResolved",
    "DifferenceSettled",
    "NoSuchBill",
    "NoteMissing",
    "ReconciliationSettings",
    "Resolution",
    "ResolutionRefused",
    "UnknownDifference",
    "ask_again",
    "get_difference",
    "list_bills",
    "list_differences",
    "reconcile",
    "reconcile_day",
    "resolutions_of",
    "resolve_difference",
]
