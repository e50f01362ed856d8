"""Finds every translatable text: the strings of the templates, the messages of the error classes and marked texts."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parent.parent
FOLDER = Path(__file__).parent
DOMAIN = "merx"
LOCALES = ("zh_CN", "en")
SOURCE_LOCALE = "en"

_METHODS = [
    ("storefront/templates/**.html", "jinja2"),
    ("simulators/**.py", "ignore"),
    ("translations/**.py", "ignore"),
    ("**.py", f"{__name__}:error_messages"),
]
_OPTIONS = {"storefront/templates/**.html": {"trimmed": "true", "silent": "false"}}


def error_messages(
    file: BinaryIO,
    keywords: Iterable[str],  # noqa: ARG001 - the names of these parameters are Babel's
    comment_tags: Iterable[str],  # noqa: ARG001
    options: dict[str, Any],  # noqa: ARG001
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Babel extraction method: each `message = "…"` of a class with a `code`, and each `message_text("…")` and `marked("…")`."""
    for node in ast.walk(ast.parse(file.read())):
        match node:
            case ast.Call(
                func=ast.Name(id="message_text" | "marked"), args=[ast.Constant(value=str(text)), *_]
            ):
                yield node.lineno, "gettext", text, []
        if isinstance(node, ast.ClassDef):
            fields = dict(_text_fields(node))
            if "code" in fields and "message" in fields:
                line, text = fields["message"]
                yield line, "gettext", text, []


def _text_fields(node: ast.ClassDef) -> Iterator[tuple[str, tuple[int, str]]]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, (statement.lineno, value.value)


def extract() -> Catalog:
    """All texts of the sources as a template catalogue, in the order of their places."""
    template = Catalog(domain=DOMAIN, fuzzy=False)
    found = extract_from_dir(PACKAGE, method_map=_METHODS, options_map=_OPTIONS)
    for filename, _line, message, comments, context in sorted(found, key=lambda item: (item[0], item[1])):
        template.add(message, None, [(Path(filename).as_posix(), 0)], auto_comments=comments, context=context)
    return template


def read_catalogue(locale: str) -> Catalog:
    """The committed catalogue of a locale such as `zh_CN`; empty when there is none yet."""
    path = _path(locale)
    if not path.exists():
        return Catalog(locale=locale, domain=DOMAIN, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale, domain=DOMAIN)


def update() -> dict[str, int]:
    """Bring the catalogues up to date. Returns, by locale, how many entries a translator has still to write."""
    template = extract()
    missing = {}
    for locale in LOCALES:
        catalogue = read_catalogue(locale)
        template.creation_date = catalogue.creation_date  # no change of texts, no change of the file
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        catalogue.project, catalogue.version, catalogue.fuzzy = "Merx", "1", False
        for message in catalogue:
            if message.id and locale == SOURCE_LOCALE:
                message.string = message.id
        catalogue.header_comment = f"# Texts of Merx: {locale}"
        _path(locale).parent.mkdir(parents=True, exist_ok=True)
        with _path(locale).open("wb") as file:
            write_po(file, catalogue, width=110, no_location=True, omit_header=False)
        missing[locale] = sum(1 for message in catalogue if message.id and not filled(message.string))
    return missing


def filled(text: str | tuple[str, ...] | list[str] | None) -> bool:
    """Whether a translation has all of its forms."""
    return bool(text) if text is None or isinstance(text, str) else all(text)


def _path(locale: str) -> Path:
    return FOLDER / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


def main() -> int:
    """Update the catalogues and say what is missing; 1 when something is."""
    missing = update()
    for locale, count in missing.items():
        sys.stdout.write(f"{locale}: {count} to translate\n")
    return 1 if any(missing.values()) else 0
