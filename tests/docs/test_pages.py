"""The pages themselves: links lead somewhere, both READMEs say the same, nothing of a private machine is named."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from tests.docs.source_facts import commands

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
PICTURE = re.compile(r"!\[[^\]]+\]\(([^)\s]+)\)")
PRIVATE = ("work", "root", "home", "tmp")
FORBIDDEN = re.compile(rf"/(?:{'|'.join(PRIVATE)})/|(?:npmjs|pypi)\W(?:org|com)|helper\Wsession")


def _prose(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """The anchors that headings of a page make."""
    headings = re.findall(r"^#+ (.+)$", _prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _headings(text: str) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", _prose(text), re.MULTILINE)]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    broken = []
    for target, anchor in LINK.findall(_prose(page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        file = (page.parent / target) if target else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_pictures_of_a_page_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [name for name in PICTURE.findall(text) if not (page.parent / name).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_begins_with_its_one_title(page: Path) -> None:
    levels = _headings(page.read_text(encoding="utf-8"))
    assert levels[:1] == [1]
    assert levels.count(1) == 1
    assert [b for a, b in pairwise(levels) if b > a + 1] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_names_no_private_machine_and_no_registry(page: Path) -> None:
    assert FORBIDDEN.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_make_targets_of_a_page_exist(page: Path) -> None:
    targets = set(
        re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(
        re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)
    )
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_of_a_page_exist(page: Path) -> None:
    known = set(commands())
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)(merx (?:catalog |staff )?[a-z]+)\b", text, re.MULTILINE))
    assert named - known == set()


def test_the_chinese_readme_has_the_same_headings() -> None:
    assert _headings(CHINESE) == _headings(ENGLISH)


def test_the_chinese_readme_has_the_same_commands_addresses_and_links() -> None:
    block = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    code = re.compile(r"`([^`\n]+)`")
    assert block.findall(CHINESE) == block.findall(ENGLISH)
    assert sorted(code.findall(_prose(CHINESE))) == sorted(code.findall(_prose(ENGLISH)))
    assert PICTURE.findall(CHINESE) == PICTURE.findall(ENGLISH)
    others = {"README.md", "README.zh-CN.md"}
    links = [
        [target for target, _ in LINK.findall(text) if target not in others] for text in (CHINESE, ENGLISH)
    ]
    assert links[0] == links[1]


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_a_readme_names_every_package_command_and_target(text: str) -> None:
    source = ROOT / "src" / "merx"
    packages = {
        path.stem
        for path in source.iterdir()
        if (path.suffix == ".py" and not path.stem.startswith("__")) or (path / "__init__.py").is_file()
    }
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    wanted = packages | set(commands()) | {f"make {target}" for target in targets if target != "help"}
    assert [name for name in sorted(wanted) if f"`{name}`" not in text] == []


@pytest.mark.parametrize("folder", ["docs", "docs/adr"])
def test_every_page_is_listed_in_its_folder(folder: str) -> None:
    index = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    pages = [page.name for page in (ROOT / folder).glob("*.md") if page.name != "README.md"]
    assert [name for name in sorted(pages) if f"({name})" not in index] == []
