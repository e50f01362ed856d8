"""The ways to pay whose money people confirm, as the settings have them."""

from collections.abc import Iterator

from merx.infra.settings import Settings
from merx.payments.providers.family import Family
from merx.payments.providers.offline.bank_transfer import BankTransferProvider
from merx.payments.providers.offline.cash_on_delivery import CashOnDeliveryProvider
from merx.payments.providers.offline.provider import OfflineProvider
from merx.payments.providers.offline.settings import BankTransferSettings, CashOnDeliverySettings


def _providers(settings: Settings) -> Iterator[OfflineProvider]:
    """Bank transfer, when an account is given, and cash on delivery, when countries are."""
    transfer, cash = settings.of(BankTransferSettings), settings.of(CashOnDeliverySettings)
    if transfer.bank_transfer_holder is not None:
        assert transfer.bank_transfer_bank is not None
        assert transfer.bank_transfer_account is not None
        yield BankTransferProvider(
            holder=transfer.bank_transfer_holder,
            bank=transfer.bank_transfer_bank,
            account=transfer.bank_transfer_account,
            currencies=frozenset(transfer.bank_transfer_currencies),
            days=transfer.bank_transfer_days,
        )
    if cash.cash_on_delivery_countries is not None:
        yield CashOnDeliveryProvider(
            currencies=frozenset(cash.cash_on_delivery_currencies),
            countries=frozenset(cash.cash_on_delivery_countries),
        )


FAMILY = Family(settings=(BankTransferSettings, CashOnDeliverySettings), providers=_providers)
