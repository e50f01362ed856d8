"""Texts that the code writes, in the reader's language."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from babel.support import Translations

from merx.infra.templates import load_translations


@lru_cache(maxsize=8)
def _translations(locale: str) -> Translations:
    return load_translations(locale)


def marked(text: str) -> str:
    """A text that is translated elsewhere, by `message_text`; the mark is what the catalogues find it by."""
    return text


def message_text(message: str, params: Mapping[str, Any], *, locale: str) -> str:
    """The translation of a message with its values filled in."""
    return str(_translations(locale).gettext(message)) % params
