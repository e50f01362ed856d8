"""The providers a shop offers, by code, each behind its guard."""

from collections.abc import Iterable, Iterator

from merx.payments.providers.errors import UnknownProvider
from merx.payments.providers.guard import BOUNDED, GuardedProvider, GuardRules, GuardTools, guarded
from merx.payments.providers.protocol import PaymentProvider


class ProviderRegistry:
    """The configured providers, in the order in which a checkout offers them."""

    def __init__(
        self,
        providers: Iterable[PaymentProvider],
        *,
        rules: GuardRules = BOUNDED,
        tools: GuardTools | None = None,
    ) -> None:
        """`rules` say how patient the guards are; a shop that sells uses `RESILIENT`."""
        self._providers = {provider.code: guarded(provider, rules, tools) for provider in providers}

    def __iter__(self) -> Iterator[GuardedProvider]:
        return iter(self._providers.values())

    def get(self, code: str) -> GuardedProvider:
        """The provider with this code, also while it is down. Raises UnknownProvider."""
        provider = self._providers.get(code)
        if provider is None:
            raise UnknownProvider(provider=code[:40])
        return provider

    def taking(self, currency: str) -> list[GuardedProvider]:
        """The providers that take a currency and are not down: what can be offered now."""
        return [provider for provider in self if currency in provider.currencies and not provider.is_down]

    def down(self) -> frozenset[str]:
        """The codes of the providers that do not answer at the moment, as far as this process knows."""
        return frozenset(provider.code for provider in self if provider.is_down)

    async def aclose(self) -> None:
        """Release every provider's connections."""
        for provider in self:
            await provider.aclose()
