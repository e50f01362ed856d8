"""The catalogues are complete and say the same as the sources."""

import re

import pytest
from babel.messages.catalog import Catalog

from merx.translations import extract as translations


def keys_of(catalogue: Catalog) -> set[tuple[str, ...]]:
    return {
        (message.context or "", *([message.id] if isinstance(message.id, str) else message.id))
        for message in catalogue
        if message.id
    }


@pytest.mark.parametrize("locale", translations.LOCALES)
def test_every_text_of_the_sources_is_in_the_catalogue_and_no_other(locale: str) -> None:
    assert keys_of(translations.read_catalogue(locale)) == keys_of(translations.extract()), (
        "run `python -m merx.translations` and translate what is new"
    )


@pytest.mark.parametrize("locale", translations.LOCALES)
def test_no_entry_is_untranslated_or_fuzzy(locale: str) -> None:
    catalogue = translations.read_catalogue(locale)
    assert [m.id for m in catalogue if m.id and not translations.filled(m.string)] == []
    assert [m.id for m in catalogue if m.id and m.fuzzy] == []


@pytest.mark.parametrize("locale", translations.LOCALES)
def test_a_translation_has_the_places_of_its_text(locale: str) -> None:
    for message in translations.read_catalogue(locale):
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
        wanted = set(re.findall(r"%\((\w+)\)[sr]", " ".join(ids)))
        for text in texts:
            assert set(re.findall(r"%\((\w+)\)[sr]", text)) == wanted, text
