"""Bank cards as the settings have them."""

from collections.abc import Iterator

import httpx

from merx.infra.settings import Settings
from merx.payments.providers.card.provider import CardProvider


def from_settings(settings: Settings) -> Iterator[CardProvider]:
    """Bank cards, when a key of the card API is given."""
    if settings.card_secret_key is None:
        return
    assert settings.card_webhook_secrets is not None
    yield CardProvider(
        base_url=settings.card_base_url,
        secret_key=settings.card_secret_key,
        webhook_secrets=settings.card_webhook_secrets,
        api_version=settings.card_api_version,
        currencies=frozenset(settings.currencies),
        http=httpx.AsyncClient(),
        capture=settings.card_capture,
    )
