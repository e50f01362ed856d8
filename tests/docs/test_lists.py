"""Every setting and every dependency has its line."""

import json
import re
import tomllib
from pathlib import Path

from merx.configuration import SECTIONS
from merx.infra.settings import CONFIG_FILE, OWN, settings_of

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SETTINGS = settings_of((*OWN, *SECTIONS))
DEPENDENCIES = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")


def _packages(lines: list[object]) -> set[str]:
    """The names of requirement lines; references to other groups are left out."""
    return {re.split(r"[<>=!~\[; ]", line)[0] for line in lines if isinstance(line, str)}


def test_every_setting_has_its_line_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(MERX_\w+)` \| ([^|]+) \|", OPERATIONS, re.MULTILINE))
    assert sorted(rows) == sorted(SETTINGS)
    defaults = {name: each.default for name, each in SETTINGS.items() if each.default is not None}
    assert [name for name, default in defaults.items() if f"`{default}`" not in rows[name]] == []


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    known = set(SETTINGS) | {CONFIG_FILE, "MERX_NAME", "MERX_PEBBLE_KEY"}
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    named = {
        name
        for page in pages
        for name in re.findall(r"\bMERX_[A-Z][A-Z_]*[A-Z]\b(?!_)", page.read_text(encoding="utf-8"))
    }
    assert {name for name in named if not name.startswith("MERX_TEST_")} - known == set()


def test_every_dependency_has_its_line_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = _packages(project["project"]["dependencies"])
    for group in project["dependency-groups"].values():
        wanted |= _packages(group)
    assets = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))
    wanted |= set(assets.get("dependencies", {})) | set(assets.get("devDependencies", {}))
    assert set(re.findall(r"^\| `([^`]+)` \|", DEPENDENCIES, re.MULTILINE)) == wanted


def test_every_line_of_a_dependency_is_whole() -> None:
    rows = [line for line in DEPENDENCIES.splitlines() if line.startswith("| `")]
    assert [row for row in rows if not all(cell.strip() for cell in row.strip("|").split("|"))] == []
    assert {row.count("|") for row in rows} == {6}


def test_every_security_event_has_its_line_and_no_other() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "merx").rglob("*.py"))
    written = set(re.findall(r'security_event\(\s*"(\w+)"', source))
    section = OPERATIONS.partition("### Security events\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == written
