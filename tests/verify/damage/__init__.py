"""Ways to damage a lived-in shop: each breaks one invariant, and says which rows the check must name.

Run as the owner of the schema in a transaction that is rolled back. `before` lifts what protects the data; `sql` does
the damage and returns the keys of the rows that are broken by it, all of them. Some damage cannot but break a second
invariant, which `also` admits. Every module here with `DAMAGES` is that of one family of checks; `core` is shared.
"""

import importlib
import pkgutil

from tests.verify.damage.core import Damage

DAMAGES: list[Damage] = [
    damage
    for module in pkgutil.iter_modules(__path__)
    for damage in getattr(importlib.import_module(f"{__name__}.{module.name}"), "DAMAGES", ())
]
__all__ = ["DAMAGES", "Damage"]
