"""The forms of language and currency."""

import msgspec

from merx.storefront.core.forms import Path, Short


class PreferencesForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another language or another currency, and the page to come back to."""

    return_to: Path = "/"
    locale: Short | None = None
    currency: Short | None = None
