"""What goes to a payment provider and what comes back, in terms no provider owns."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from merx.kit.money import Money


class ProviderStatus(StrEnum):
    """What a provider says about the money of one payment."""

    UNKNOWN = "unknown"
    """The provider has no such trade (the payer may still arrive before it expires)."""
    WAITING = "waiting"
    CAPTURED = "captured"
    CLOSED = "closed"
    """The provider holds no money for this number and will take none: expired, closed, or refunded in full."""


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to pay. `number` is ours: at most 64 of [A-Za-z0-9_], never used for another amount.

    `notify_url` and `return_url` are absolute and carry no query string of their own.
    """

    payment_id: UUID
    number: str
    amount: Money
    subject: str
    expires_at: datetime
    notify_url: str
    return_url: str
    locale: str


class ProviderAction(msgspec.Struct, frozen=True, kw_only=True):
    """What the payer's browser must do next."""

    kind: Literal["redirect"]
    url: str


class ProviderState(msgspec.Struct, frozen=True, kw_only=True):
    """The provider's own account of one payment, from a verified answer; `raw_status` is its wording."""

    status: ProviderStatus
    number: str
    provider_reference: str | None
    amount: Money | None
    paid_at: datetime | None
    raw_status: str


class ProviderNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A verified notice: signed by the provider, for our application and our merchant account.

    Whether number and amount are those of a payment of ours is still for the receiver to check.
    """

    provider: str
    notice_id: str
    number: str
    provider_reference: str
    status: ProviderStatus
    amount: Money
    occurred_at: datetime
    app_id: str
    seller_id: str
    raw: dict[str, str]
