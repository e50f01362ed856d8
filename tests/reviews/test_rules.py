from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kit.i18n import TextTooLong, TextUnprintable
from merx.kit.ids import new_id
from merx.reviews import BadScore, Rating, TooManyPictures
from merx.reviews.rules import check_body, check_media, check_score, mask_name, rating


@pytest.mark.parametrize("score", [0, 6, -1, 2**31, 2**63, True, False])
def test_a_score_off_the_scale_is_refused(score: int) -> None:
    with pytest.raises(BadScore):
        check_score(score)


def test_one_to_five_are_scores() -> None:
    assert [check_score(score) for score in range(1, 6)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ("x" * 2001, TextTooLong),
        ("\u202eevil", TextUnprintable),
        ("nul\x00", TextUnprintable),
        ("\udfff", TextUnprintable),
    ],
)
def test_a_body_that_is_long_or_hides_something_is_refused(body: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        check_body(body)


def test_a_body_may_be_empty_or_long_and_keeps_its_lines_and_marks() -> None:
    assert check_body("") == ""
    assert check_body("很好。\r\n<b>喜欢</b>") == "很好。\n<b>喜欢</b>"
    assert check_body("好" * 2000) == "好" * 2000


def test_pictures_are_kept_once_in_order_and_six_at_most() -> None:
    ids = [new_id() for _ in range(6)]
    assert check_media([*ids, ids[0]]) == ids
    with pytest.raises(TooManyPictures):
        check_media([*ids, UUID(int=0)])


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("Anna", "A*"),
        ("Ḿ", "Ḿ*"),
        ("q\u0323\u0307x", "q\u0323\u0307*"),
        ("李", "李*"),
        ("", "*"),
    ],
)
def test_a_name_is_masked_after_its_first_letter(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_no_reviews_rate_nothing() -> None:
    assert rating(count=0, total=0) == Rating(count=0, average_tenths=0)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=50))
def test_an_average_is_within_half_a_tenth_and_rounds_half_up(scores: list[int]) -> None:
    rated = rating(count=len(scores), total=sum(scores))
    exact = Fraction(10 * sum(scores), len(scores))
    assert rated.count == len(scores)
    assert -Fraction(1, 2) <= exact - rated.average_tenths < Fraction(1, 2)
    assert 10 <= rated.average_tenths <= 50


def test_halves_round_up() -> None:
    assert rating(count=20, total=85).average_tenths == 43  # 4.25
    assert rating(count=4, total=17).average_tenths == 43  # 4.25
    assert rating(count=3, total=13).average_tenths == 43  # 4.333…
    assert rating(count=3, total=14).average_tenths == 47  # 4.666…
