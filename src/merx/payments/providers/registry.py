"""The providers a shop offers, by code."""

from collections.abc import Iterable, Iterator

from merx.payments.providers.errors import UnknownProvider
from merx.payments.providers.protocol import PaymentProvider


class ProviderRegistry:
    """The configured providers, in the order in which a checkout offers them."""

    def __init__(self, providers: Iterable[PaymentProvider]) -> None:
        self._providers = {provider.code: provider for provider in providers}

    def __iter__(self) -> Iterator[PaymentProvider]:
        return iter(self._providers.values())

    def get(self, code: str) -> PaymentProvider:
        """The provider with this code. Raises UnknownProvider."""
        provider = self._providers.get(code)
        if provider is None:
            raise UnknownProvider(provider=code[:40])
        return provider

    def taking(self, currency: str) -> list[PaymentProvider]:
        """The providers that take a currency."""
        return [provider for provider in self if currency in provider.currencies]

    async def aclose(self) -> None:
        """Release every provider's connections."""
        for provider in self:
            await provider.aclose()
