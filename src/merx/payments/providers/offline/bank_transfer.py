"""Bank transfer: the buyer pays into our account and names our number; staff confirm what the bank shows."""

from datetime import timedelta
from typing import Final

from merx.kit.money import Money
from merx.payments.providers.model import MethodTerms
from merx.payments.providers.offline.provider import OfflineProvider

BANK_TRANSFER: Final = "bank_transfer"


class BankTransferProvider(OfflineProvider):
    """A bank account to pay into, and some days for the money to arrive."""

    def __init__(
        self, *, holder: str, bank: str, account: str, currencies: frozenset[str], days: int
    ) -> None:
        super().__init__(
            code=BANK_TRANSFER,
            label={"zh-CN": "银行转账", "en": "Bank transfer"},
            currencies=currencies,
            terms=MethodTerms(deadline=timedelta(days=days)),
            authorizes=False,
        )
        self._account = {"holder": holder, "bank": bank, "account": account}

    def instructions(self, *, number: str, amount: Money) -> dict[str, str]:
        """Holder, bank, account, amount, currency, and the reference to name."""
        return {
            **self._account,
            "amount": str(amount.decimal()),
            "currency": amount.currency,
            "reference": number,
        }
