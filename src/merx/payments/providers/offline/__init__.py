"""Ways to pay without a provider's system: bank transfer and cash on delivery. People say that the money came."""

from merx.payments.providers.offline.bank_transfer import BANK_TRANSFER, BankTransferProvider
from merx.payments.providers.offline.cash_on_delivery import CASH_ON_DELIVERY, CashOnDeliveryProvider
from merx.payments.providers.offline.configure import FAMILY
from merx.payments.providers.offline.provider import OfflineProvider
from merx.payments.providers.offline.settings import BankTransferSettings, CashOnDeliverySettings

__all__ = [
    "BANK_TRANSFER",
    "CASH_ON_DELIVERY",
    "FAMILY",
    "BankTransferProvider",
    "BankTransferSettings",
    "CashOnDeliveryProvider",
    "CashOnDeliverySettings",
    "OfflineProvider",
]
