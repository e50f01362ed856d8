"""The families of payment providers: one folder each, and one line here."""

from typing import Final

from merx.infra.settings import Section, Settings
from merx.payments.providers import alipay, card, offline, wechat
from merx.payments.providers.family import Family
from merx.payments.providers.guard import RESILIENT
from merx.payments.providers.registry import ProviderRegistry

FAMILIES: Final[tuple[Family, ...]] = (
    alipay.FAMILY,
    wechat.FAMILY,
    card.FAMILY,
    offline.FAMILY,
)
"""In the order in which a checkout offers them."""


def payment_providers(settings: Settings) -> ProviderRegistry:
    """Every provider for which the settings say enough."""
    return ProviderRegistry(
        (provider for family in FAMILIES for provider in family.providers(settings)), rules=RESILIENT
    )


def payment_pages(settings: Settings) -> list[str]:
    """The addresses of the providers' own pages, to which a payer goes from ours."""
    return [page for family in FAMILIES for page in family.pages(settings)]


def provider_settings() -> list[type[Section]]:
    """What the families are set by."""
    return [section for family in FAMILIES for section in family.settings]
