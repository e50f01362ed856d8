"""Deciding who gets what, against a model that only knows sums."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.inventory import Shortage, StockSheet

VARIANTS = [UUID(int=number) for number in range(1, 4)]
SHELVES = st.lists(st.tuples(st.sampled_from(VARIANTS), st.integers(0, 6)), max_size=7)
ORDERS = st.lists(
    st.lists(st.tuples(st.sampled_from(VARIANTS), st.integers(1, 7)), min_size=1, max_size=4), max_size=8
)


def sheet_of(shelves: list[tuple[UUID, int]]) -> tuple[StockSheet, dict[UUID, tuple[UUID, int]]]:
    """The sheet, and what is on each shelf."""
    sheet = StockSheet()
    found = {}
    for index, (variant_id, units) in enumerate(shelves):
        shelf = UUID(int=100 + index)
        sheet.add(allotment_id=shelf, variant_id=variant_id, free=units)
        found[shelf] = (variant_id, units)
    return sheet, found


@given(SHELVES, ORDERS)
def test_each_taker_gets_all_or_nothing_and_no_shelf_gives_more_than_it_has(
    shelves: list[tuple[UUID, int]], orders: list[list[tuple[UUID, int]]]
) -> None:
    sheet, found = sheet_of(shelves)
    left = Counter(
        {variant_id: sum(units for v, units in shelves if v == variant_id) for variant_id in VARIANTS}
    )
    given_away: Counter[UUID] = Counter()
    for lines in orders:
        wanted: Counter[UUID] = Counter()
        for variant_id, quantity in lines:
            wanted[variant_id] += quantity
        expected = [Shortage(v, n, left[v]) for v, n in wanted.items() if n > left[v]]
        assert sheet.shortages(lines) == expected
        if expected:
            continue
        for (variant_id, quantity), parts in zip(lines, sheet.take(lines), strict=True):
            assert sum(part for _, part in parts) == quantity
            for shelf, part in parts:
                assert part > 0
                assert found[shelf][0] == variant_id, "units of one thing are not units of another"
                given_away[shelf] += part
        left -= wanted
        assert all(sheet.available(variant_id) == left[variant_id] for variant_id in VARIANTS)
    assert all(units <= found[shelf][1] for shelf, units in given_away.items())


@given(SHELVES, st.sampled_from(VARIANTS), st.integers(1, 6))
def test_one_shelf_that_has_enough_serves_a_line_whole(
    shelves: list[tuple[UUID, int]], variant_id: UUID, quantity: int
) -> None:
    sheet, _ = sheet_of(shelves)
    if sheet.shortages([(variant_id, quantity)]):
        return
    [parts] = sheet.take([(variant_id, quantity)])
    if any(v == variant_id and units >= quantity for v, units in shelves):
        first = next(i for i, (v, units) in enumerate(shelves) if v == variant_id and units >= quantity)
        assert parts == [(UUID(int=100 + first), quantity)]
    else:
        assert len(parts) > 1


@given(SHELVES, st.integers(1, 9))
def test_units_given_back_can_be_taken(shelves: list[tuple[UUID, int]], units: int) -> None:
    sheet, found = sheet_of([*shelves, (VARIANTS[0], 0)])
    before = sheet.available(VARIANTS[0])
    sheet.give_back(allotment_id=list(found)[-1], quantity=units)
    assert sheet.available(VARIANTS[0]) == before + units
    assert not sheet.shortages([(VARIANTS[0], before + units)])


def test_two_lines_of_one_thing_are_summed_before_they_are_compared() -> None:
    sheet, _ = sheet_of([(VARIANTS[0], 3)])
    lines = [(VARIANTS[0], 2), (VARIANTS[0], 2)]
    assert sheet.shortages(lines) == [Shortage(VARIANTS[0], 4, 3)]
    assert sheet.short(Counter({VARIANTS[0]: 4, VARIANTS[1]: 1})) == VARIANTS[:2]


def test_taking_what_is_short_is_a_fault_not_a_sale() -> None:
    sheet, _ = sheet_of([(VARIANTS[0], 1)])
    with pytest.raises(AssertionError, match="not short"):
        sheet.take([(VARIANTS[0], 2)])
