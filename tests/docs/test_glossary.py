"""The words of the glossary are those of the source and of the pages."""

import re
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "merx"
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \| `(\w+)` \|$", re.MULTILINE)
TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = ROW.findall(TEXT)


def _translations() -> dict[str, set[str]]:
    """The Chinese forms of every text of the pages; one text may have several in different contexts."""
    found: dict[str, set[str]] = {}
    with (SOURCE / "translations" / "zh_CN" / "LC_MESSAGES" / "merx.po").open("rb") as file:
        for message in read_po(file, locale="zh_CN"):
            if isinstance(message.id, str) and isinstance(message.string, str):
                found.setdefault(message.id, set()).add(message.string)
    return found


def test_the_table_has_all_its_terms() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("|")]
    assert len(TERMS) == len(rows) - 2 * TEXT.count("| English |")
    assert len(TERMS) >= 70


def test_a_term_stands_there_once() -> None:
    words = [english for english, _, _ in TERMS]
    assert sorted(set(words)) == sorted(words)


def test_every_name_is_in_the_source() -> None:
    names: set[str] = set()
    for path in (*SOURCE.rglob("*.py"), *SOURCE.rglob("*.sql")):
        names |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    assert [name for _, _, name in TERMS if name not in names] == []


def test_the_pages_use_the_same_chinese_words() -> None:
    translations = _translations()
    compared = [(english, chinese) for english, chinese, _ in TERMS if english in translations]
    assert len(compared) >= 10
    wrong = [
        (english, chinese, translations[english])
        for english, chinese in compared
        if not translations[english] <= set(chinese.split("、"))
    ]
    assert wrong == []
