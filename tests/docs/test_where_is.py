"""Every row of the finder leads somewhere."""

import ast
import re
from pathlib import Path

import pytest
from tests.docs.source_facts import names_of

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "merx"
ROW = re.compile(r"^\| [^|]+ \| `([^`]+)` \| (?:`([^`]+)`)? ?\|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "where-is.md").read_text(encoding="utf-8"))


def test_the_table_has_all_its_rows() -> None:
    text = (ROOT / "docs" / "where-is.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    headings = text.count("| Looking for |")
    assert len(ROWS) == len(rows) - 2 * headings
    assert len(ROWS) >= 40


@pytest.mark.parametrize(("path", "symbol"), ROWS, ids=[f"{path}:{symbol}" for path, symbol in ROWS])
def test_a_row_leads_to_its_symbol(path: str, symbol: str) -> None:
    file = ROOT / path if (ROOT / path).exists() else SOURCE / path
    assert file.is_file()
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        assert symbol in names_of(ast.parse(text))
    else:
        assert symbol in text
