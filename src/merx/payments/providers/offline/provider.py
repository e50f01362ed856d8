"""What all offline ways to pay have in common: nobody to call, so nothing is known but what staff confirm."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, date, tzinfo

from merx.kit.money import Money
from merx.payments.providers.errors import NoticeProblem, NoticeRejected
from merx.payments.providers.model import (
    BillRow,
    MethodTerms,
    NoticeAnswer,
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    ProviderStatus,
    RefundState,
)


class OfflineProvider(ABC):
    """A way to pay that has no system to ask. `authorizes` says whether choosing it is the buyer's word to pay, which authorizes the payment.

    An authorized purchase is placed at once and its money confirmed later; any other waits for its money.
    """

    def __init__(
        self,
        *,
        code: str,
        label: Mapping[str, str],
        currencies: frozenset[str],
        terms: MethodTerms,
        authorizes: bool,
    ) -> None:
        self.code = code
        self.label = label
        self.currencies = currencies
        self.terms = terms
        self.authorizes = authorizes
        self.bill_code = ""
        self.bill_zone: tzinfo = UTC
        self.acknowledgement = NoticeAnswer(status=204, media_type="text/plain", body=b"")
        self.refusal = NoticeAnswer(status=400, media_type="text/plain", body=b"no notices are sent here")

    @abstractmethod
    def instructions(self, *, number: str, amount: Money) -> dict[str, str]:
        """What the payer must know, by field."""

    async def start(self, request: PaymentRequest) -> ProviderAction:
        """Say how to pay."""
        told = self.instructions(number=request.number, amount=request.amount)
        return ProviderAction(kind="instructions", instructions=told)

    async def query(self, number: str) -> ProviderState:
        """Nobody to ask: it waits until staff confirm it."""
        return self._state(number, ProviderStatus.WAITING)

    async def close(self, number: str) -> ProviderState:
        """Closed by our own word; money that still comes is confirmed by staff like any other."""
        return self._state(number, ProviderStatus.CLOSED)

    async def refund(self, *, number: str, refund_number: str, amount: Money, reason: str = "") -> bool:  # noqa: ARG002 - the contract of all providers
        """Accepted: people pay it back and say so."""
        return False

    async def refund_state(self, *, number: str, refund_number: str, amount: Money) -> RefundState:  # noqa: ARG002 - the contract of all providers
        """It is being paid back until staff say that it was."""
        return RefundState.PROCESSING

    async def bill(self, day: date) -> list[BillRow]:  # noqa: ARG002 - the contract of all providers
        """There is no bill: what staff confirmed is the account of it."""
        return []

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> ProviderNotice:  # noqa: ARG002 - the contract of all providers
        """Nobody sends notices, so whoever does is not believed. Raises NoticeRejected."""
        raise NoticeRejected(NoticeProblem.MALFORMED, "an offline method has no notices")

    def parse_return(self, query_string: str) -> str | None:  # noqa: ARG002 - the contract of all providers
        """No browser returns from anywhere."""
        return None

    async def aclose(self) -> None:  # noqa: B027 - a whole method: there is nothing to close
        """Nothing is open."""

    def _state(self, number: str, status: ProviderStatus) -> ProviderState:
        return ProviderState(
            status=status, number=number, provider_reference=None, amount=None, paid_at=None, raw_status=status.value
        )  # fmt: skip
