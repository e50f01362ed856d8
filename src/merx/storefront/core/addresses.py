"""Addresses as forms and as lines on a page. Pure."""

from collections.abc import Collection
from functools import lru_cache

from merx.accounts import PostalAddress, SavedAddress
from merx.infra.templates import babel_locale
from merx.storefront.core.forms import AddressForm, CheckoutForm
from merx.storefront.core.views import AddressView

FIELDS = frozenset({"name", "phone", "email", "country", "region", "city", "postal_code", "line1", "line2"})


_LARGEST_FIRST = frozenset({"CN", "HK", "MO", "TW", "JP", "KR"})
"""Where an address is written from the country down to the door."""


@lru_cache(maxsize=8)
def all_countries(locale: str) -> tuple[tuple[str, str], ...]:
    """Every country and region that CLDR names, by its name in the locale; ISO codes only, no groups."""
    territories = babel_locale(locale).territories
    found = [
        (code, name)
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in _GROUPS
    ]
    return tuple(sorted(found, key=lambda pair: pair[1]))


_GROUPS = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "XK"})
"""Codes that are not of a country: groups of them, tests, unknown, and one that ISO leaves to its users."""


def countries(locale: str, served: Collection[str]) -> tuple[tuple[str, str], ...]:
    """The countries that something is delivered to."""
    return tuple(pair for pair in all_countries(locale) if pair[0] in served)


def country_name(code: str, locale: str) -> str:
    """A country's name, or its code when CLDR has none."""
    return str(babel_locale(locale).territories.get(code, code))


def address_lines(address: PostalAddress, locale: str) -> tuple[str, ...]:
    """The address in the order in which its country writes it."""
    country = country_name(address.country, locale)
    lines: tuple[str, ...]
    if address.country in _LARGEST_FIRST:
        lines = (
            country,
            f"{address.region} {address.city}".strip(),
            address.line1,
            address.line2,
            address.postal_code,
        )
    else:
        town = ", ".join(
            part for part in (address.city, f"{address.region} {address.postal_code}".strip()) if part
        )
        lines = (address.line1, address.line2, town, country)
    return tuple(line for line in lines if line)


def address_view(saved: SavedAddress, locale: str) -> AddressView:
    """A saved address to look at."""
    address = saved.address
    return AddressView(
        address_id=str(saved.id),
        recipient=address.name,
        phone=address.phone,
        lines=address_lines(address, locale),
        is_default=saved.is_default,
    )


def typed_address(form: AddressForm | CheckoutForm) -> PostalAddress:
    """The address of the fields, as typed: nothing is checked yet."""
    return PostalAddress(
        name=form.name,
        phone=form.phone,
        line1=form.line1,
        line2=form.line2,
        city=form.city,
        region=form.region,
        postal_code=form.postal_code,
        country=form.country,
        email=form.email if isinstance(form, CheckoutForm) else "",
    )
