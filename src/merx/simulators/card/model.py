"""What the simulated card API is told, what it answers with when it refuses, and what faults it can make."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from merx.simulators.common.model import PeerDelivery, PeerFault, PeerNotice

Json = dict[str, Any]
"""An object of the API as it is on the wire, plus private members whose names begin with an underscore."""


CHECKOUT_EVENTS = (
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refunded",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
"""What a merchant subscribes to who sells by hosted checkout."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The one account the simulator serves, and its one webhook endpoint (none when the address is empty)."""

    secret_key: str
    webhook_url: str = ""
    #: Every secret that is live: during a rotation, two.
    webhook_secrets: tuple[str, ...] = ()
    #: The event types the endpoint is subscribed to, or "*" for all.
    webhook_events: tuple[str, ...] = ("*",)
    name: str = "Merx 演示商城 · Merx demo shop"


class ApiError(Exception):
    """A refusal in the API's own terms; `extra` are further members of the error object."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message
        self.code, self.param, self.extra = code, param, extra or {}

    def body(self) -> Json:
        """The error document."""
        error: Json = {"type": self.kind, "message": self.message}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        return {"error": error | self.extra}


class Notice(PeerNotice, kw_only=True):
    """An event on its way to the webhook endpoint, with everything that was tried."""

    type: str
    #: The merchant's own numbers in the event's object: its client reference and its metadata.
    numbers: list[str]
    event: Json


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered under an idempotency key, and to which request."""

    request: str
    status: int
    body: Json
    at: datetime


class FaultKind(StrEnum):
    """What may happen to a webhook on its way, to a call, and to a balance list."""

    LOSE = "lose"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    HOLD = "hold"
    FORGE = "forge"
    OLD = "old"
    """Signed ten minutes ago."""
    WRONG_AMOUNT = "wrong_amount"
    WRONG_MODE = "wrong_mode"
    WRONG_ACCOUNT = "wrong_account"

    TIMEOUT = "timeout"
    TIMEOUT_AFTER = "timeout_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    BUSY = "busy"
    IN_FLIGHT = "in_flight"
    SLOW_REFUND = "slow_refund"
    FAILED_REFUND = "failed_refund"

    SKIP_ROW = "skip_row"
    ALTER_ROW = "alter_row"


CALL_FAULTS = frozenset(
    {
        FaultKind.TIMEOUT,
        FaultKind.TIMEOUT_AFTER,
        FaultKind.ERROR_BEFORE,
        FaultKind.ERROR_AFTER,
        FaultKind.BUSY,
        FaultKind.IN_FLIGHT,
    }
)
REFUND_FAULTS = frozenset({FaultKind.SLOW_REFUND, FaultKind.FAILED_REFUND})
BILL_FAULTS = frozenset({FaultKind.SKIP_ROW, FaultKind.ALTER_ROW})
NOTICE_FAULTS = frozenset(FaultKind) - CALL_FAULTS - REFUND_FAULTS - BILL_FAULTS


class Fault(PeerFault, kw_only=True):
    """A fault to make: see PeerFault."""

    kind: FaultKind
    #: Calls: the method and the beginning of the path, such as "POST /v1/refunds". Webhooks: the event's type.
    on: str | None = None


class Delivery(PeerDelivery, frozen=True, kw_only=True):
    """One line of a drain's account: which event, when by the simulator clock, and what came of it."""

    type: str
    numbers: list[str]


def numbers_of(thing: Json) -> list[str]:
    """The merchant's own numbers in an object or in a call's parameters."""
    metadata = thing.get("metadata")
    values = metadata.values() if isinstance(metadata, dict) else ()
    found = [thing.get("client_reference_id"), *values]
    return [value for value in found if isinstance(value, str) and value]
