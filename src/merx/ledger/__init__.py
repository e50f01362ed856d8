"""The double-entry ledger: immutable transfers between accounts, balanced by construction.

An account is a kind, an owner and a currency; there is no account row to lock. A transfer is named by its cause and leg,
so the same fact is booked once. Corrections are new, opposite transfers.
"""

from merx.ledger.balance import balance, fold_balances
from merx.ledger.model import AccountKind, Balance, Transfer
from merx.ledger.post import post
from merx.ledger.rules import (
    capture_transfer,
    dispute_transfers,
    loss_transfer,
    provider_owner,
    refund_transfer,
    return_transfers,
    reversed_transfer,
    sale_transfers,
)

__all__ = [
    "AccountKind",
    "Balance",
    "Transfer",
    "balance",
    "capture_transfer",
    "dispute_transfers",
    "fold_balances",
    "loss_transfer",
    "post",
    "provider_owner",
    "refund_transfer",
    "return_transfers",
    "reversed_transfer",
    "sale_transfers",
]
