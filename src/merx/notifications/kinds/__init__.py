"""The kinds of notification, a module for each: a file in this folder is one more kind, and needs no other line."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from merx.notifications.kind import Kind

_MODULES: Final = sorted(module.name for module in iter_modules(__path__))
KINDS: Final[dict[str, Kind[Any, Any]]] = {
    kind.name: kind for kind in (import_module(f"{__name__}.{name}").KIND for name in _MODULES)
}
"""Every kind by its name."""
