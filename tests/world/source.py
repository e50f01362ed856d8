"""The source itself: every value of a kind that a module of it holds, and which packages are the domain."""

import importlib
import pkgutil
import re
import tomllib
from pathlib import Path
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


def domain_packages() -> list[str]:
    """The packages between the services of a process and infra, from the declared layers; those that exist."""
    root = Path(__file__).parents[2]
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [re.findall(r"\w+", layer) for layer in contracts[0]["layers"]]
    first = next(index for index, layer in enumerate(layers) if "services" in layer) + 1
    last = next(index for index, layer in enumerate(layers) if "infra" in layer)
    named = sorted(name for layer in layers[first:last] for name in layer)
    return [name for name in named if (root / "src" / "merx" / name).is_dir()]
