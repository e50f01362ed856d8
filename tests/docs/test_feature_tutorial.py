"""The page about adding a feature: its places are there, and its lists are what the source says."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest
from tests.docs.source_facts import names_of

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "merx"
PAGE = (ROOT / "docs" / "tutorials" / "feature.md").read_text(encoding="utf-8")
FEATURE: Final = "promotions"
MOST_EXISTING: Final = 32
"""How many modules that were there already had to learn of the feature, those that only show adjustments left out."""

PLACES = re.findall(r"^\| `([^`]+\.py)` \| [^|]+ \| `(\w+)` \|$", PAGE, re.MULTILINE)
_OPENING, _NAMING, _CARRYING, _SHOWING = re.split(
    r"^## Existing modules that (?:name it|carry it|show adjustments)$", PAGE, flags=re.MULTILINE
)
MODULE = re.compile(r"^\| `([^`]+\.py)` \| [^|]+ \|$", re.MULTILINE)
NAMING, CARRYING, SHOWING = (MODULE.findall(part) for part in (_NAMING, _CARRYING, _SHOWING))


def _is_own(path: Path) -> bool:
    """A folder or a module that has the feature's name."""
    return FEATURE in path.with_suffix("").parts


def _imports_it(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = {*(node.module or "").split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            names = {part for alias in node.names for part in alias.name.split(".")}
        else:
            continue
        if FEATURE in names:
            return True
    return False


def _own() -> set[str]:
    modules = (path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))
    return {path.as_posix() for path in modules if _is_own(path)}


@pytest.mark.parametrize(("path", "symbol"), PLACES, ids=[f"{path}:{symbol}" for path, symbol in PLACES])
def test_a_place_leads_to_its_symbol(path: str, symbol: str) -> None:
    assert symbol in names_of(ast.parse((SOURCE / path).read_text(encoding="utf-8")))


def test_every_module_of_the_feature_has_its_row() -> None:
    own = {path for path in _own() if not path.endswith("__init__.py")}
    assert own <= {path for path, _ in PLACES}


def test_the_modules_that_name_the_feature_are_those_of_the_page() -> None:
    naming = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if _imports_it(path)}
    assert naming - _own() - {path for path, _ in PLACES} == set(NAMING)


def test_the_modules_that_carry_it_are_there_and_do_not_name_it() -> None:
    assert [path for path in (*CARRYING, *SHOWING) if not (SOURCE / path).is_file()] == []
    assert [path for path in (*CARRYING, *SHOWING) if _imports_it(SOURCE / path)] == []


def test_few_existing_modules_had_to_be_touched() -> None:
    assert len({*NAMING, *CARRYING}) == len(NAMING) + len(CARRYING) <= MOST_EXISTING


def test_what_else_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:src|tests)/[^`]+|[\w/]+\.(?:toml|sql))`", PAGE))
    assert [each for each in sorted(named) if not ((ROOT / each).exists() or (SOURCE / each).exists())] == []
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert [each for each in links if not (ROOT / "docs" / "tutorials" / each).exists()] == []
