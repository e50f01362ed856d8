"""The page about the architecture: its files and functions exist, its arrows are the imports."""

import ast
import re
from pathlib import Path

import pytest
from tests.docs.source_facts import SOURCE, names_of
from tests.world.source import domain_packages

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
PLACES = re.findall(r"`([\w/]+\.py): ([\w.]+)`", PAGE)
FILES = sorted(set(re.findall(r"`([\w/]+/[\w/]+\.py)`", PAGE)))
DOMAIN = domain_packages()


@pytest.mark.parametrize(("path", "symbol"), PLACES, ids=[f"{path}:{symbol}" for path, symbol in PLACES])
def test_a_named_function_exists(path: str, symbol: str) -> None:
    assert symbol in names_of(ast.parse((SOURCE / path).read_text(encoding="utf-8")))


def test_functions_are_named() -> None:
    assert len(PLACES) >= 20


@pytest.mark.parametrize("path", FILES)
def test_a_named_file_exists(path: str) -> None:
    assert (SOURCE / path).is_file()


def test_the_arrows_of_the_domain_are_its_imports() -> None:
    drawn = {
        package: set(targets.split(" & "))
        for package, targets in re.findall(r"^        (\w+) --> ([\w &]+)$", PAGE, re.MULTILINE)
    }
    assert drawn == {package: found for package in DOMAIN if (found := _imports(package))}


def _imports(package: str) -> set[str]:
    """The other packages of the domain that a package imports."""
    text = "".join(path.read_text(encoding="utf-8") for path in (SOURCE / package).rglob("*.py"))
    return {
        name
        for name in re.findall(r"^from merx\.(\w+)", text, re.MULTILINE)
        if name in DOMAIN and name != package
    }
