"""Pure rules of sellers."""

import re
from typing import Final, get_args

from merx.kit.i18n import Text, TextMissing, check_locale, clean_text
from merx.sellers.errors import BadDeliveryRate, BadSellerCode
from merx.sellers.model import DeliveryMethod, DeliveryRate

SHIPPING_MOST: Final = 1_000_000_000
"""Highest charge for one delivery, in minor units; the database checks the same."""
RETURN_ADDRESS_MOST: Final = 500
"""Characters of a return address."""
_CODE_MOST: Final = 63
_CODE = re.compile(r"[a-z0-9][a-z0-9-]*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_FREE_FROM_MOST: Final = 100_000_000_000_000


def check_code(code: str) -> str:
    """Return the code when it can be part of an address. Raises BadSellerCode."""
    if len(code) > _CODE_MOST or not _CODE.fullmatch(code):
        raise BadSellerCode(field="code", most=_CODE_MOST)
    return code


def check_seller_name(name: Text) -> Text:
    """Return the translated name cleaned. Raises TextRefused, UnknownLocale."""
    if not name:
        raise TextMissing(field="name")
    return {check_locale(locale): clean_text("name", text, limit=80) for locale, text in name.items()}


def check_return_address(address: str) -> str | None:
    """The address as it is printed on a label, line by line; None for nothing. Raises TextRefused."""
    return (
        clean_text("return_address", address, limit=RETURN_ADDRESS_MOST, required=False, lines=True) or None
    )


def check_rate(rate: DeliveryRate) -> DeliveryRate:
    """Return the rate when the database would take it. Raises BadDeliveryRate."""
    facts = {
        "method": rate.method in get_args(DeliveryMethod),
        "currency": bool(_CURRENCY.fullmatch(rate.currency)),
        "amount": 0 <= rate.amount <= SHIPPING_MOST,
        "free_from": rate.free_from is None or 0 < rate.free_from <= _FREE_FROM_MOST,
        "countries": bool(rate.countries) and all(_COUNTRY.fullmatch(country) for country in rate.countries),
    }
    for field, holds in facts.items():
        if not holds:
            raise BadDeliveryRate(field=field)
    return rate
