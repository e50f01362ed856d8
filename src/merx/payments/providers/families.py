"""The families of payment providers: one folder each, and one line here."""

from collections.abc import Callable, Iterable
from typing import Final

from merx.infra.settings import Settings
from merx.payments.providers import alipay, card, offline, wechat
from merx.payments.providers.guard import RESILIENT
from merx.payments.providers.protocol import PaymentProvider
from merx.payments.providers.registry import ProviderRegistry

FAMILIES: Final[tuple[Callable[[Settings], Iterable[PaymentProvider]], ...]] = (
    alipay.from_settings,
    wechat.from_settings,
    card.from_settings,
    offline.from_settings,
)
"""In the order in which a checkout offers them."""


def payment_providers(settings: Settings) -> ProviderRegistry:
    """Every provider for which the settings say enough."""
    return ProviderRegistry(
        (provider for family in FAMILIES for provider in family(settings)), rules=RESILIENT
    )
