"""Identifiers grow, numbers have their form, and cursors come back as they were or are refused."""

import base64
import re
import threading
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kit import ids
from merx.kit.ids import new_id, new_number
from merx.kit.paging import BadCursor, decode_cursor, encode_cursor


def test_ids_strictly_increase_within_a_process_also_across_threads() -> None:
    made: list[list[UUID]] = [[] for _ in range(4)]

    def make(into: list[UUID]) -> None:
        into.extend(new_id() for _ in range(5000))

    threads = [threading.Thread(target=make, args=(each,)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(each == sorted(each) for each in made)
    assert len({each for some in made for each in some}) == 20_000


def test_ids_increase_although_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr("merx.kit.ids.time.time_ns", lambda: 1_000_000_000_000)
    after = [new_id() for _ in range(100)]
    assert [before, *after] == sorted([before, *after])


def test_an_id_is_a_version_7_uuid_that_tells_its_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1_795_000_000_000
    monkeypatch.setattr(ids._State, "last", 0)
    monkeypatch.setattr("merx.kit.ids.time.time_ns", lambda: moment * 1_000_000)
    made = new_id()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == moment


def test_numbers_have_a_date_and_ten_characters_that_cannot_be_misread() -> None:
    made = {new_number("261121") for _ in range(2000)}
    assert len(made) == 2000
    assert all(re.fullmatch("261121[0-9A-HJKMNP-TV-Z]{10}", number) for number in made)


PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)


@given(PRINTABLE, st.integers(-(2**53), 2**53))
def test_a_cursor_comes_back_as_it_was(text: str, number: int) -> None:
    cursor = encode_cursor(text, number)
    assert decode_cursor(cursor, tuple[str, int]) == (text, number)
    assert re.fullmatch("[A-Za-z0-9_-]+", cursor)


@given(st.text(max_size=40) | st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_anything_else_is_refused_in_one_way(text: str) -> None:
    try:
        found = decode_cursor(text, tuple[str, int])
    except BadCursor:
        return
    assert isinstance(found[0], str)
    assert isinstance(found[1], int)


@pytest.mark.parametrize(
    "cursor", ["", "!", "null", encode_cursor("a"), encode_cursor(1, "a"), encode_cursor("a", 1, 2), "é"]
)
def test_a_cursor_of_another_shape_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(cursor, tuple[str, int])
