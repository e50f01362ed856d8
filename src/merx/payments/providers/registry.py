"""The providers a shop offers, by code, each behind its guard."""

from collections.abc import Iterable, Iterator

from merx.payments.providers.errors import UnknownProvider
from merx.payments.providers.guard import BOUNDED, GuardedProvider, GuardRules, GuardTools, guarded
from merx.payments.providers.model import MethodTerms
from merx.payments.providers.offline import OfflineProvider
from merx.payments.providers.protocol import CapturingProvider, PaymentProvider


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
        self._offline = {
            code: each.inner
            for code, each in self._providers.items()
            if isinstance(each.inner, OfflineProvider)
        }

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

    def offered(self, currency: str, *, sellers: int, country: str | None) -> list[GuardedProvider]:
        """The providers that take a currency and serve a purchase of so many sellers to this country."""
        return [
            provider
            for provider in self.taking(currency)
            if provider.code not in self._offline
            or self._offline[provider.code].terms.allows(sellers=sellers, country=country)
        ]

    def terms(self) -> dict[str, MethodTerms]:
        """What the providers that ask for anything special ask for, by code."""
        return {code: provider.terms for code, provider in self._offline.items()}

    def offline(self, code: str) -> OfflineProvider | None:
        """The provider of this code if it is one whose money staff confirm."""
        return self._offline.get(code)

    def offline_codes(self) -> list[str]:
        """The codes of the providers whose money staff confirm."""
        return list(self._offline)

    def capturing_codes(self) -> list[str]:
        """The codes of the providers that capture authorized money when they are told to."""
        return [provider.code for provider in self if isinstance(provider, CapturingProvider)]

    async def aclose(self) -> None:
        """Release every provider's connections."""
        for provider in self:
            await provider.aclose()
