"""Cash on delivery: the carrier of one seller takes the money at the door; seller or staff confirm it."""

from typing import Final

from merx.kit.money import Money
from merx.payments.providers.model import MethodTerms
from merx.payments.providers.offline.provider import OfflineProvider

CASH_ON_DELIVERY: Final = "cash_on_delivery"


class CashOnDeliveryProvider(OfflineProvider):
    """Ordering is the buyer's word to pay, which authorizes the payment. Cash is taken for a parcel, so a purchase has one seller."""

    def __init__(self, *, currencies: frozenset[str], countries: frozenset[str]) -> None:
        super().__init__(
            code=CASH_ON_DELIVERY,
            label={"zh-CN": "货到付款", "en": "Cash on delivery"},
            currencies=currencies,
            terms=MethodTerms(sellers=1, countries=countries),
            authorizes=True,
        )

    def instructions(self, *, number: str, amount: Money) -> dict[str, str]:
        """Amount and currency to have ready at the door, and the reference of the payment."""
        return {"amount": str(amount.decimal()), "currency": amount.currency, "reference": number}
