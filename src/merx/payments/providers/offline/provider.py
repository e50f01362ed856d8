"""What all offline ways to pay have in common: nobody to call, so nothing is known but what staff confirm."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from merx.kit.money import Money
from merx.payments.providers.model import MethodTerms, PaymentRequest, ProviderAction


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

    @abstractmethod
    def instructions(self, *, number: str, amount: Money) -> dict[str, str]:
        """What the payer must know, by field."""

    async def start(self, request: PaymentRequest) -> ProviderAction:
        """Say how to pay."""
        told = self.instructions(number=request.number, amount=request.amount)
        return ProviderAction(kind="instructions", instructions=told)

    async def aclose(self) -> None:  # noqa: B027 - a whole method: there is nothing to close
        """Nothing is open."""
