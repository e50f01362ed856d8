"""What goes to a payment provider and what comes back, in terms no provider owns."""

from datetime import datetime, timedelta
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
    AUTHORIZED = "authorized"
    """The payer's bank authorized the money; a capture takes it."""
    CAPTURED = "captured"
    CLOSED = "closed"
    """The provider holds no money for this number and will take none: expired, closed, or refunded in full."""


class RefundState(StrEnum):
    """What a provider says about one refund."""

    SUCCEEDED = "succeeded"
    PROCESSING = "processing"
    """Accepted and not done yet: it may still succeed or fail."""
    FAILED = "failed"
    """The provider gave it up; the payer has nothing of it."""
    UNKNOWN = "unknown"
    """The provider has no refund with this number."""


class DisputeState(StrEnum):
    """Where the payer's objection to a charge stands."""

    INQUIRY = "inquiry"
    """A question of the payer's bank: no money has moved yet."""
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"
    """An inquiry that came to nothing."""


class Device(StrEnum):
    """Where the payer is: it decides which of a provider's ways to pay is offered."""

    DESKTOP = "desktop"
    PHONE = "phone"
    WECHAT = "wechat"
    """The browser inside WeChat."""


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to pay. `number` is ours: at most 64 of [A-Za-z0-9_], never used for another amount.

    `notify_url` and `return_url` are absolute and carry no query string of their own. `openid` is the payer's name
    towards our WeChat application, when known.
    """

    payment_id: UUID
    number: str
    amount: Money
    subject: str
    expires_at: datetime
    notify_url: str
    return_url: str
    locale: str
    device: Device = Device.DESKTOP
    client_ip: str = "127.0.0.1"
    openid: str | None = None


class ProviderAction(msgspec.Struct, frozen=True, kw_only=True):
    """What the payer must do next; `kind` says which of the other fields is filled.

    `redirect`: the browser goes to `url`. `qr`: the payer scans a code that says `qr_text`. `jsapi`: the page hands
    `jsapi` to the WeChat bridge. `instructions`: the page shows `instructions`, such as a bank account.
    """

    kind: Literal["redirect", "qr", "jsapi", "instructions"]
    url: str = ""
    qr_text: str = ""
    jsapi: dict[str, str] = {}
    instructions: dict[str, str] = {}


class ProviderState(msgspec.Struct, frozen=True, kw_only=True):
    """The provider's own account of one payment, from a verified answer; `raw_status` is its wording."""

    status: ProviderStatus
    number: str
    provider_reference: str | None
    amount: Money | None
    paid_at: datetime | None
    raw_status: str


class DisputeMove(msgspec.Struct, frozen=True, kw_only=True):
    """Money taken from us because of a dispute: `amount` is negative when it came back. `fee` is what that cost us."""

    reference: str
    amount: Money
    fee: Money
    at: datetime


class DisputeReport(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute as the provider has it; `reference` is its name there, `url` its page, `due_at` when evidence is due.

    `moves` are all of its moves of money so far.
    """

    reference: str
    state: DisputeState
    amount: Money
    reason: str
    url: str
    opened_at: datetime
    due_at: datetime | None
    moves: tuple[DisputeMove, ...]


class ProviderNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A verified notice: signed by the provider, for our application and our merchant account.

    Whether number and amount are those of a payment of ours is still for the receiver to check. A notice about a
    refund carries `refund_number` and `refund_state`; its `amount` is still the payment's, not the refund's. One about
    a `dispute` may know the payment by `provider_reference` alone: then `number` is empty.
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
    refund_number: str | None = None
    refund_state: RefundState | None = None
    dispute: DisputeReport | None = None


class NoticeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is answered when it sends a notice: its own words, in full."""

    status: int
    media_type: str
    body: bytes


class MethodTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a way to pay asks of a purchase beside its currency. None: the shop's own rule, or no limit.

    `deadline` is the time to pay. `sellers` is how many sellers a purchase may have at most, `countries` are those it
    may go to.
    """

    deadline: timedelta | None = None
    sellers: int | None = None
    countries: frozenset[str] | None = None


class BalanceMovement(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of our balance at a provider; `amount` is negative when it went out.

    `reference` is that of the bill's row it belongs to; a movement may belong to none.
    """

    reference: str
    amount: Money


class BillRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a provider's bill. `amount` is positive for payments and refunds.

    A `refund_failure` row is a refund that came back after it had been paid: positive, too, and back in the balance.
    A `dispute` row takes money from us, or gives it back with a negative `amount`; its `reference` is the move's.

    `fee` is what the provider kept for a payment (positive) or gave back with a refund (negative). `number` is the
    payment's, `refund_number` the refund's; `reference` is the provider's own number of this line. `done` False: the
    provider has accepted the refund and not finished it, or given it up since.
    """

    kind: Literal["payment", "refund", "refund_failure", "dispute"]
    number: str
    refund_number: str | None
    reference: str
    amount: Money
    fee: Money
    at: datetime
    done: bool = True
