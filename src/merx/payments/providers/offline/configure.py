"""The ways to pay whose money people confirm, as the settings have them."""

from collections.abc import Iterator

from merx.infra.settings import Settings
from merx.payments.providers.offline.bank_transfer import BankTransferProvider
from merx.payments.providers.offline.cash_on_delivery import CashOnDeliveryProvider
from merx.payments.providers.offline.provider import OfflineProvider


def from_settings(settings: Settings) -> Iterator[OfflineProvider]:
    """Bank transfer, when an account is given, and cash on delivery, when countries are."""
    if settings.bank_transfer_holder is not None:
        assert settings.bank_transfer_bank is not None
        assert settings.bank_transfer_account is not None
        yield BankTransferProvider(
            holder=settings.bank_transfer_holder,
            bank=settings.bank_transfer_bank,
            account=settings.bank_transfer_account,
            currencies=frozenset(settings.bank_transfer_currencies or ()),
            days=settings.bank_transfer_days,
        )
    if settings.cash_on_delivery_countries is not None:
        yield CashOnDeliveryProvider(
            currencies=frozenset(settings.cash_on_delivery_currencies or ()),
            countries=frozenset(settings.cash_on_delivery_countries),
        )
