"""The contracts of payment providers: a small one that all keep, and one for each thing that some can do.

A provider has the methods of what it can do and no others; `ProviderRegistry.able` says who can do what.
"""

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Protocol, runtime_checkable

from merx.kit.money import Money
from merx.payments.providers.model import (
    BalanceMovement,
    BillRow,
    MethodTerms,
    NoticeAnswer,
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    RefundState,
)


class PaymentProvider(Protocol):
    """Who carries a payment method out. Calls are safe to repeat with the same number."""

    @property
    def code(self) -> str:
        """Stable name of its method in addresses and in the database."""

    @property
    def label(self) -> Mapping[str, str]:
        """What the payer reads, by locale."""

    @property
    def currencies(self) -> frozenset[str]:
        """Currencies it takes, ISO 4217."""

    async def start(self, request: PaymentRequest) -> ProviderAction:
        """Say what the payer must do. Raises PaymentNotPossible, ProviderUnavailable."""

    async def aclose(self) -> None:
        """Release connections."""


@runtime_checkable
class Queryable(PaymentProvider, Protocol):
    """It can be asked about a payment."""

    async def query(self, number: str) -> ProviderState:
        """Ask about a payment. Raises ProviderUnavailable when the answer is missing or cannot be believed."""


@runtime_checkable
class Closable(PaymentProvider, Protocol):
    """It can be told that a payment is waited for no more; where nobody can be told, our own word closes it."""

    async def close(self, number: str) -> ProviderState:
        """Close an unpaid payment and report the state it is in afterwards, which may be captured.

        Voids one that is only authorized. Raises ProviderUnavailable.
        """


@runtime_checkable
class Refunding(PaymentProvider, Protocol):
    """It pays money back; what it does not pay back, people do."""

    async def refund(self, *, number: str, refund_number: str, amount: Money, reason: str = "") -> bool:
        """Give back `amount` of the payment `number` under our `refund_number`; a repeat pays nothing twice.

        True when the provider says this refund succeeded, False when it accepted it and is not done yet.
        Raises ProviderUnavailable when the outcome is unknown: repeat with the same refund number, never with another;
        ProviderRefused for a refusal that no repeat cures.
        """

    async def refund_state(self, *, number: str, refund_number: str, amount: Money) -> RefundState:
        """Ask what became of a refund of `amount` of the payment `number`. Raises ProviderUnavailable."""


@runtime_checkable
class CapturingProvider(PaymentProvider, Protocol):
    """It can have money authorized first and capture it later."""

    async def capture(self, *, number: str, amount: Money) -> ProviderState:
        """Take authorized money; repeatable. Raises ProviderUnavailable."""


@runtime_checkable
class NoticeProvider(PaymentProvider, Protocol):
    """It tells us of payments by itself."""

    @property
    def acknowledgement(self) -> NoticeAnswer:
        """The answer that tells the provider a notice has arrived."""

    @property
    def refusal(self) -> NoticeAnswer:
        """The answer that makes the provider send a notice again."""

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> ProviderNotice:
        """Verify a notice on its raw bytes and read it. Raises NoticeRejected. The caller bounds the body's size."""


@runtime_checkable
class SignsReturns(PaymentProvider, Protocol):
    """It signs what a payer's browser brings back."""

    def parse_return(self, query_string: str) -> str | None:
        """Our number from a returning browser when the provider signed it, else None. Never proof of payment."""


@runtime_checkable
class BillingProvider(PaymentProvider, Protocol):
    """It makes a bill of each day, by which our books can be checked."""

    @property
    def bill_code(self) -> str:
        """Whose bill has its money: providers with the same one share one bill."""

    @property
    def bill_zone(self) -> tzinfo:
        """Where the days of its bill begin and end."""

    async def bill(self, day: date) -> list[BillRow]:
        """The provider's account of one of its days. Raises BillNotReady, ProviderUnavailable."""


@runtime_checkable
class StatementProvider(BillingProvider, Protocol):
    """It gives an account of its balance, too, by which its bill can be checked."""

    async def movements(self, day: date) -> list[BalanceMovement]:
        """How our balance moved on one of the provider's days. Raises BillNotReady, ProviderUnavailable."""


@runtime_checkable
class StartsLocally(Protocol):
    """It may know what the payer must do without asking anybody: that tells nothing of its health."""

    @property
    def starts_locally(self) -> bool:
        """Whether `start` makes no call."""


@runtime_checkable
class LimitedMethod(Protocol):
    """Its method does not serve every purchase, or gives it a time of its own."""

    @property
    def terms(self) -> MethodTerms:
        """What it asks of a purchase beside the currency."""


@runtime_checkable
class ConfirmedByHand(PaymentProvider, Protocol):
    """There is no system to ask: people see that money came, and pay it back."""

    @property
    def authorizes(self) -> bool:
        """Whether beginning to pay is the buyer's word to pay at the door, which authorizes the payment.

        An authorized purchase is placed at once and its money confirmed later; any other waits for its money.
        """

    def instructions(self, *, number: str, amount: Money) -> dict[str, str]:
        """What the payer must know, by field."""
