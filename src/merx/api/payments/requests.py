"""What clients send about money that people confirm."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from merx.api.core.requests import Input, MoneyIn


class ConfirmPayment(Input, frozen=True, kw_only=True):
    """Money that came by an offline method; `reference` is the bank's number, or that of the receipt."""

    amount: MoneyIn
    reference: Annotated[str, Meta(max_length=256)]
    received_at: Annotated[datetime, Meta(tz=True)] | None = None


class RefundPaidBack(Input, frozen=True, kw_only=True):
    """The bank's number of the money that was paid back."""

    reference: Annotated[str, Meta(max_length=256)]


class RefundNotPossible(Input, frozen=True, kw_only=True):
    """Why a refund cannot be paid back."""

    reason: Annotated[str, Meta(max_length=800)]


class OfflineQuery(Input, frozen=True, kw_only=True):
    """Payments whose number begins so, in any state; without it those that wait."""

    number: Annotated[str, Meta(max_length=64)] = ""
