"""Texts in languages: picking a translation, and Unicode hygiene of what people type."""

import unicodedata
from collections.abc import Mapping
from typing import Final

from merx.kit.errors import Invalid

LOCALES: Final = ("zh-CN", "en")
_SECOND_CHOICE: Final = "en"

Text = dict[str, str]
"""A text by locale, e.g. {"zh-CN": "背包", "en": "Backpack"}."""

_JOINERS: Final = "\u200c\u200d"
"""Invisible, but part of correct spelling (Persian, Indic scripts) and of emoji."""
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class TextRefused(Invalid):
    """A typed text cannot be taken; `field` in the params names which one."""

    code = "text_refused"
    message = "This text cannot be used."


class TextMissing(TextRefused):
    """A required text is empty."""

    code = "text_missing"
    message = "Fill this in."


class TextTooLong(TextRefused):
    """A text is longer than its limit."""

    code = "text_too_long"
    message = "Write at most %(limit)s characters."


class TextUnprintable(TextRefused):
    """A text holds control characters, half characters, or characters that reorder the text around them."""

    code = "text_unprintable"
    message = "Remove the invisible control characters."


class UnknownLocale(Invalid):
    """The shop does not speak this language."""

    code = "unknown_locale"
    message = "Choose one of the languages: %(locales)s."


def pick(text: Mapping[str, str], locale: str) -> str:
    """The translation for `locale`, else the English one, else any; an empty mapping gives an empty text."""
    if locale in text:
        return text[locale]
    if _SECOND_CHOICE in text:
        return text[_SECOND_CHOICE]
    return next(iter(text.values()), "")


def check_locale(locale: str) -> str:
    """Return `locale` when it is one of LOCALES. Raises UnknownLocale."""
    if locale not in LOCALES:
        raise UnknownLocale(locales=", ".join(LOCALES))
    return locale


def clean_text(field: str, text: str, *, limit: int, required: bool = True, lines: bool = False) -> str:
    """Return a typed text in NFC without outer spaces; with `lines`, line breaks are kept as one character.

    `limit` counts code points; UTF-8 may take three bytes of each. Raises TextMissing, TextTooLong, TextUnprintable.
    """
    if len(text) > 4 * limit:  # before any work on it; NFC never shortens more than that
        raise TextTooLong(field=field, limit=limit)
    if lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    if any(_refused(character) for character in text if not (lines and character == "\n")):
        raise TextUnprintable(field=field)
    clean = unicodedata.normalize("NFC", text).strip()
    if len(clean) > limit or len(clean.encode()) > 3 * limit:
        raise TextTooLong(field=field, limit=limit)
    if required and not clean.strip(_JOINERS):
        raise TextMissing(field=field)
    return clean


def _refused(character: str) -> bool:
    return unicodedata.category(character) in _REFUSED_CATEGORIES and character not in _JOINERS
