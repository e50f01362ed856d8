"""Bank cards as the settings have them."""

from collections.abc import Iterator

import httpx

from merx.infra.settings import Settings
from merx.payments.providers.card.provider import CardProvider, card_checkout_address
from merx.payments.providers.card.settings import CardSettings
from merx.payments.providers.family import Family


def _providers(settings: Settings) -> Iterator[CardProvider]:
    """Bank cards, when a key of the card API is given."""
    own = settings.of(CardSettings)
    if own.card_secret_key is None:
        return
    assert own.card_webhook_secrets is not None
    yield CardProvider(
        base_url=own.card_base_url,
        secret_key=own.card_secret_key,
        webhook_secrets=own.card_webhook_secrets,
        api_version=own.card_api_version,
        currencies=frozenset(settings.shop.currencies),
        http=httpx.AsyncClient(),
        capture=own.card_capture,
    )


def _pages(settings: Settings) -> Iterator[str]:
    own = settings.of(CardSettings)
    if own.card_secret_key is not None:
        yield card_checkout_address(own.card_base_url)


FAMILY = Family(settings=(CardSettings,), providers=_providers, pages=_pages)
