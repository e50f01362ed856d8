"""What a family of payment providers is to the rest: its settings, what it offers under them, and its pages."""

from collections.abc import Callable, Iterable

import msgspec

from merx.infra.settings import Section, Settings
from merx.payments.providers.protocol import PaymentProvider


def _no_pages(_settings: Settings) -> Iterable[str]:
    return ()


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A family of providers. `providers` offers those for which the settings say enough.

    `pages` are addresses that a form of ours may lead a payer's browser to: where the family's cashier stands.
    """

    settings: tuple[type[Section], ...]
    providers: Callable[[Settings], Iterable[PaymentProvider]]
    pages: Callable[[Settings], Iterable[str]] = _no_pages
