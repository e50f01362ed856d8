"""The source itself: every value of a kind that a module of it holds."""

import importlib
import pkgutil
from typing import TypeVar

import merx

T = TypeVar("T")

# Importing the first starts the program; the second is a program of its own.
SKIPPED = ("merx.__main__", "merx.bench")


def instances(kind: type[T]) -> list[tuple[str, T]]:
    """Each instance of `kind` that is a module's name, once, under the name it has first; in order of the names."""
    found: dict[int, tuple[str, T]] = {}
    for module_info in pkgutil.walk_packages(merx.__path__, "merx."):
        if module_info.name.startswith(SKIPPED):
            continue
        for name, value in vars(importlib.import_module(module_info.name)).items():
            if isinstance(value, kind):
                found.setdefault(id(value), (f"{module_info.name}.{name}", value))
    return sorted(found.values(), key=lambda each: each[0])
