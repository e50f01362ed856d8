"""One filled view for every page, beside its feature: the tests draw them, and so can a person who works on a template.

Every module here that has `pages` is one feature's; `core` is what they are made of.
"""

import importlib
import pkgutil
from functools import cache

from tests.storefront.samples.core import Pages, chrome


@cache
def pages(locale: str, currency: str) -> Pages:
    """Every page by a name: its template and its view. Two samples of one name are an error."""
    found: Pages = {}
    for module in pkgutil.iter_modules(__path__):
        feature = importlib.import_module(f"{__name__}.{module.name}")
        for name, sample in feature.pages(locale, currency).items() if hasattr(feature, "pages") else ():
            assert name not in found, name
            found[name] = sample
    return found


__all__ = ["Pages", "chrome", "pages"]
