"""Nouns of the ledger. Amounts are minor units."""

from enum import StrEnum
from uuid import UUID

import msgspec


class AccountKind(StrEnum):
    """What an account stands for; its owner is named in brackets."""

    CUSTOMER_RECEIVABLE = "customer_receivable"  # what a buyer owes (the purchase)
    PROVIDER_CLEARING = "provider_clearing"  # money at a payment provider (the provider)
    PROVIDER_BALANCE = "provider_balance"  # money the provider's own bill says it holds for us (the provider)
    PROVIDER_FEES = "provider_fees"  # what the provider kept (the provider)
    PROVIDER_DIFFERENCE = "provider_difference"  # what staff wrote off or found at a provider (the provider)
    DISPUTES = "disputes"  # money a provider holds back while a payer disputes it (the provider)
    SELLER_PENDING = "seller_pending"  # earned, not yet the seller's to draw (the seller)
    PROMOTIONS = "promotions"  # what the platform paid towards buyers' prices (the platform)
    SHIPPING = "shipping"  # delivery charges (the seller)
    TAX = "tax"  # VAT inside prices, owed to the state (the seller)


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """Moves `amount` > 0 from the credited to the debited account. (cause_id, leg) happens once."""

    cause_id: UUID
    leg: str
    purchase_id: UUID
    debit_kind: str
    debit_owner: UUID
    credit_kind: str
    credit_owner: UUID
    currency: str
    amount: int


class Balance(msgspec.Struct, frozen=True):
    """Everything ever debited and credited to one account."""

    debits: int
    credits: int

    @property
    def net(self) -> int:
        """Debits less credits."""
        return self.debits - self.credits
