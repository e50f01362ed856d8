"""The providers of a shop, by code, each behind its guard: who can do what, and which methods can be offered."""

from collections.abc import Iterable, Iterator

from merx.payments.providers.errors import UnknownProvider
from merx.payments.providers.guard import BOUNDED, GuardedProvider, GuardRules, GuardTools, guarded
from merx.payments.providers.methods import Manner, Method, Methods, Sale, offered_methods
from merx.payments.providers.model import MethodTerms
from merx.payments.providers.protocol import ConfirmedByHand, LimitedMethod, PaymentProvider


class ProviderRegistry:
    """The configured providers, in the order in which a checkout offers their methods."""

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

    def able(self, code: str, ability: type) -> GuardedProvider:
        """The provider with this code if it keeps this contract of protocol.py. Raises UnknownProvider."""
        provider = self.get(code)
        if not provider.can(ability):
            raise UnknownProvider(provider=code[:40])
        return provider

    def who_can(self, ability: type) -> list[GuardedProvider]:
        """The providers that keep this contract of protocol.py."""
        return [provider for provider in self if provider.can(ability)]

    def codes(self, ability: type) -> list[str]:
        """The codes of the providers that keep this contract of protocol.py."""
        return [provider.code for provider in self.who_can(ability)]

    def methods(self) -> Methods:
        """What can be chosen at this moment, or could if its provider answered."""
        return {provider.code: _method(provider) for provider in self}

    def manner(self, code: str) -> Manner:
        """How a method is paid; one that the shop has no more was paid online."""
        provider = self._providers.get(code)
        return Manner.ONLINE if provider is None else _manner(provider)

    def at_the_door(self) -> list[str]:
        """The codes of the methods that are paid when the goods come."""
        return [provider.code for provider in self if _manner(provider) is Manner.DOOR]

    def offered(self, currency: str, *, sellers: int, country: str | None) -> list[Method]:
        """The methods by which a purchase of so many sellers to this country may be paid now."""
        return offered_methods(self.methods(), Sale(currency, sellers, country))

    def is_down(self, code: str) -> bool:
        """Whether the provider of this method does not answer at the moment, as far as this process knows."""
        provider = self._providers.get(code)
        return provider is not None and provider.is_down

    async def aclose(self) -> None:
        """Release every provider's connections."""
        for provider in self:
            await provider.aclose()


def _method(provider: GuardedProvider) -> Method:
    inner = provider.inner
    return Method(
        code=provider.code,
        label=provider.label,
        currencies=provider.currencies,
        terms=inner.terms if isinstance(inner, LimitedMethod) else MethodTerms(),
        manner=_manner(provider),
        is_down=provider.is_down,
    )


def _manner(provider: GuardedProvider) -> Manner:
    if not isinstance(provider.inner, ConfirmedByHand):
        return Manner.ONLINE
    return Manner.DOOR if provider.inner.authorizes else Manner.TRANSFER
