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


NUMBERS_OF_NO_RULE = {
    r"\bUTF-8\b": "a name",
    r"\b1 to %\(most\)s\b": "counting begins with one",
    r"\bat least 1\b": "something is more than nothing",
    r"\babove 0\b": "something is more than nothing",
    r"^0 to %\(most\)s\b": "nothing is the least",
    r"\bup to 100\b": "the whole",
    r"\b10 or 12\.5\b": "an example of how it is written",
}


def test_no_text_types_a_number_that_a_rule_decides() -> None:
    """It is a parameter of the text, filled from the rule; what else may have digits stands above, with its reason."""
    wrong = []
    for message in translations.extract():
        for text in (message.id,) if isinstance(message.id, str) else message.id:
            left = text
            for allowed in NUMBERS_OF_NO_RULE:
                left = re.sub(allowed, "", left)
            if re.search(r"\d", left):
                wrong.append(text)
    assert wrong == []


# "1" where English says "one", two noughts that make 万 (ten thousand) of millions, and 9 折, which is 10 % off.
NUMBERS_OF_A_LANGUAGE = {"1", "00", "9"}


@pytest.mark.parametrize("locale", translations.LOCALES)
def test_a_translation_types_no_number_that_its_text_does_not(locale: str) -> None:
    wrong = []
    for message in translations.read_catalogue(locale):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
        typed = set(re.findall(r"\d+", " ".join(texts))) - set(re.findall(r"\d+", " ".join(ids)))
        if message.id and typed - NUMBERS_OF_A_LANGUAGE:
            wrong.append(message.string)
    assert wrong == []
