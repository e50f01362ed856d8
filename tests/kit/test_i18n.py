import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kit.i18n import LOCALES, TextRefused, UnknownLocale, check_locale, clean_text, pick


def test_a_text_is_picked_in_the_language_else_in_english_else_in_any() -> None:
    both = {"zh-CN": "背包", "en": "Backpack"}
    assert pick(both, "zh-CN") == "背包"
    assert pick(both, "en") == "Backpack"
    assert pick(both, "fr") == "Backpack"
    assert pick({"zh-CN": "背包"}, "en") == "背包"
    assert pick({}, "en") == ""


def test_only_the_shops_languages_are_taken() -> None:
    assert [check_locale(locale) for locale in LOCALES] == ["zh-CN", "en"]
    for wrong in ("", "zh", "EN", "en\n"):
        with pytest.raises(UnknownLocale):
            check_locale(wrong)


@given(st.text(max_size=60), st.booleans())
def test_a_cleaned_text_is_bounded_normal_printable_and_stays_the_same(text: str, lines: bool) -> None:
    try:
        clean = clean_text("x", text, limit=40, required=False, lines=lines)
    except TextRefused:
        return
    assert len(clean) <= 40
    assert len(clean.encode()) <= 120
    assert clean == unicodedata.normalize("NFC", clean) == clean.strip()
    assert "\x00" not in clean
    assert "\r" not in clean
    assert lines or "\n" not in clean
    assert not {"\u202e", "\u2066", "\u200b", "\ufeff"} & set(clean)
    assert clean_text("x", clean, limit=40, required=False, lines=lines) == clean


def test_lines_and_tabs_of_a_long_text_are_kept_plain() -> None:
    assert clean_text("body", " one\r\n\ttwo\rthree\n", limit=40, lines=True) == "one\n two\nthree"


def test_joiners_that_spell_words_and_emoji_are_kept() -> None:
    assert clean_text("name", "می\u200cخواهم 👩\u200d🚀", limit=40) == "می\u200cخواهم 👩\u200d🚀"
