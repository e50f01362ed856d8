"""What a row means, when a bill is due, and what may be done about a difference: without a database."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from tests.world.paper import altered, payment_row

from merx.kit.ids import new_id
from merx.reconciliation import Bill, Difference, DifferenceKind, NoteMissing, Resolution, resolutions_of
from merx.reconciliation.model import Known, Verdict
from merx.reconciliation.rules import RESOLUTIONS, check_note, day_bounds, judge, next_due, pause_after

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
ROW = payment_row("M1P1", "T1", 100, fee=1, at=NOW)


def known(**changes: Any) -> Known:
    some = Known(
        "M1P1", new_id(), new_id(), None, new_id(), "alipay", True, "CNY", 100, "T1", False, False, 0
    )
    return msgspec.structs.replace(some, **changes)


@pytest.mark.parametrize(
    ("ours", "row", "verdict"),
    [
        (None, ROW, Verdict.MISSING_HERE),
        (known(), ROW, Verdict.MATCH),
        (known(written_off=True), ROW, Verdict.MATCH),
        (known(), altered(ROW, amount=1), Verdict.AMOUNT_DIFFERS),
        (known(), altered(ROW, reference="T2"), Verdict.DUPLICATE_ROW),
        (known(), altered(ROW, fee=5), Verdict.MATCH),
        (known(settled=True, fee=1), ROW, Verdict.DUPLICATE_ROW),
        (known(settled=True, fee=2), ROW, Verdict.FEE_DIFFERS),
        (known(settled=True, fee=2), altered(ROW, amount=1), Verdict.DUPLICATE_ROW),
        (known(settled=True, fee=2), altered(ROW, reference="T2"), Verdict.DUPLICATE_ROW),
        (known(done=False, reference=None), ROW, Verdict.RECORD),
        (known(done=False, reference=None), altered(ROW, amount=-1), Verdict.AMOUNT_DIFFERS),
        (known(done=False, reference=None), msgspec.structs.replace(ROW, done=False), Verdict.REFUND_PENDING),
        (known(reference=None), msgspec.structs.replace(ROW, done=False), Verdict.MATCH),
    ],
)
def test_a_row_is_judged(ours: Known | None, row: Any, verdict: Verdict) -> None:
    assert judge(row, ours) is verdict


def bill(day: int, *, due: timedelta | None, failing: timedelta | None = None) -> Bill:
    start, end = day_bounds(date(2026, 11, day), UTC)
    return Bill(
        new_id(), "alipay", ["alipay"], date(2026, 11, day), start, end, "waiting", 0,
        None if due is None else NOW + due, None if failing is None else NOW - failing, "", 0, [], None, NOW, 0, 0, 0,
    )  # fmt: skip


def test_the_oldest_bill_that_is_due_is_read() -> None:
    first, second = bill(19, due=timedelta(0)), bill(20, due=timedelta(0))
    assert next_due([first, second], now=NOW) is first
    assert next_due([], now=NOW) is None


def test_a_day_waits_for_the_one_before_it_for_three_days() -> None:
    second = bill(20, due=timedelta(0))
    assert next_due([bill(19, due=timedelta(minutes=1)), second], now=NOW) is None
    assert (
        next_due([bill(19, due=timedelta(minutes=1), failing=timedelta(days=3)), second], now=NOW) is second
    )
    failing = bill(19, due=timedelta(minutes=1), failing=timedelta(days=2, hours=23))
    assert next_due([failing, second], now=NOW) is None


def test_attempts_are_further_and_further_apart_and_never_more_than_six_hours() -> None:
    minutes = [pause_after(attempts).total_seconds() / 60 for attempts in (1, 2, 3, 6, 7, 1000)]
    assert minutes == [10, 20, 40, 320, 360, 360]


def test_a_day_is_the_providers_own() -> None:
    start, end = day_bounds(date(2026, 11, 21), timezone(timedelta(hours=8)))
    assert (start.astimezone(UTC), end - start) == (datetime(2026, 11, 20, 16, tzinfo=UTC), timedelta(days=1))


def difference(kind: DifferenceKind, **changes: Any) -> Difference:
    some = Difference(
        new_id(), new_id(), 0, "alipay", date(2026, 11, 21), kind, "payment", "M1P1", None, "T1", None, None, None,
        None, "CNY", None, 1, "CNY", 0, "open", None, None, None, "", None, None, NOW,
    )  # fmt: skip
    return msgspec.structs.replace(some, **changes)


@pytest.mark.parametrize(
    ("kind", "changes", "ways"),
    [
        (DifferenceKind.MISSING_HERE, {}, ["explain"]),
        (DifferenceKind.MISSING_HERE, {"purchase_id": new_id()}, ["book", "explain"]),
        (DifferenceKind.MISSING_THERE, {"cause_id": new_id(), "ours": 1}, ["recheck", "write_off"]),
        (DifferenceKind.AMOUNT_DIFFERS, {"cause_id": new_id(), "ours": 1}, ["recheck", "accept_theirs"]),
        (
            DifferenceKind.AMOUNT_DIFFERS,
            {"cause_id": new_id(), "purchase_id": new_id()},
            ["recheck", "book", "explain"],
        ),
        (DifferenceKind.DUPLICATE_ROW, {"purchase_id": new_id()}, ["book", "explain"]),
        (DifferenceKind.FEE_DIFFERS, {"ours": 0}, ["accept_theirs", "explain"]),
        (DifferenceKind.REFUND_PENDING, {"cause_id": new_id()}, ["recheck"]),
        (DifferenceKind.DUPLICATE_ROW, {"state": "resolved"}, []),
    ],
)
def test_a_difference_offers_what_fits(
    kind: DifferenceKind, changes: dict[str, Any], ways: list[str]
) -> None:
    assert [each.value for each in resolutions_of(difference(kind, **changes))] == ways


def test_every_kind_can_be_resolved() -> None:
    assert set(RESOLUTIONS) == set(DifferenceKind)
    assert all(RESOLUTIONS.values())


@pytest.mark.parametrize("note", ["", "   ", "x" * 2001])
def test_an_explanation_needs_words_and_not_too_many(note: str) -> None:
    with pytest.raises(NoteMissing):
        check_note(note, Resolution.EXPLAIN)


def test_a_note_is_kept_without_margins() -> None:
    assert check_note("  so \n", Resolution.EXPLAIN) == "so"
    assert check_note(" ", Resolution.WRITE_OFF) == ""
