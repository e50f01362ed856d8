"""The contract every payment provider keeps."""

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Protocol, runtime_checkable

from merx.kit.money import Money
from merx.payments.providers.model import (
    BalanceMovement,
    BillRow,
    NoticeAnswer,
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    RefundState,
)


class PaymentProvider(Protocol):
    """One way to pay. Calls are safe to repeat with the same number."""

    @property
    def code(self) -> str:
        """Stable name in addresses and in the database."""

    @property
    def label(self) -> Mapping[str, str]:
        """What the payer reads, by locale."""

    @property
    def currencies(self) -> frozenset[str]:
        """Currencies it takes, ISO 4217."""

    @property
    def bill_code(self) -> str:
        """Whose bill has its money: providers with the same one share one bill. Empty: there is no bill."""

    @property
    def bill_zone(self) -> tzinfo:
        """Where the days of its bill begin and end."""

    @property
    def acknowledgement(self) -> NoticeAnswer:
        """The answer that tells the provider a notice has arrived."""

    @property
    def refusal(self) -> NoticeAnswer:
        """The answer that makes the provider send a notice again."""

    async def start(self, request: PaymentRequest) -> ProviderAction:
        """Say what the payer must do. Raises PaymentNotPossible, ProviderUnavailable."""

    async def query(self, number: str) -> ProviderState:
        """Ask about a payment. Raises ProviderUnavailable when the answer is missing or cannot be believed."""

    async def close(self, number: str) -> ProviderState:
        """Close an unpaid payment and report the state it is in afterwards, which may be captured.

        Raises ProviderUnavailable.
        """

    async def refund(self, *, number: str, refund_number: str, amount: Money, reason: str = "") -> bool:
        """Give back `amount` of the payment `number` under our `refund_number`; a repeat pays nothing twice.

        True when the provider says this refund succeeded, False when it accepted it and is not done yet.
        Raises ProviderUnavailable when the outcome is unknown: repeat with the same refund number, never with another;
        ProviderRefused for a refusal that no repeat cures.
        """

    async def refund_state(self, *, number: str, refund_number: str, amount: Money) -> RefundState:
        """Ask what became of a refund of `amount` of the payment `number`. Raises ProviderUnavailable."""

    async def bill(self, day: date) -> list[BillRow]:
        """The provider's account of one of its days. Raises BillNotReady, ProviderUnavailable."""

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> ProviderNotice:
        """Verify a notice on its raw bytes and read it. Raises NoticeRejected. The caller bounds the body's size."""

    def parse_return(self, query_string: str) -> str | None:
        """Our number from a returning browser when the provider signed it, else None. Never proof of payment."""

    async def aclose(self) -> None:
        """Release connections."""


@runtime_checkable
class CapturingProvider(PaymentProvider, Protocol):
    """A provider that can have money authorized first and capture it later. `close` voids what was only authorized."""

    async def capture(self, *, number: str, amount: Money) -> ProviderState:
        """Take authorized money; repeatable. Raises ProviderUnavailable."""


@runtime_checkable
class StartsLocally(Protocol):
    """A provider that may know what the payer must do without asking anybody: that tells nothing of its health."""

    @property
    def starts_locally(self) -> bool:
        """Whether `start` makes no call."""


@runtime_checkable
class StatementProvider(PaymentProvider, Protocol):
    """A provider that gives an account of its balance, too, by which its bill can be checked."""

    async def movements(self, day: date) -> list[BalanceMovement]:
        """How our balance moved on one of the provider's days. Raises BillNotReady, ProviderUnavailable."""
