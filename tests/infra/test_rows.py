"""Columns of a struct: written once, read by name."""

from datetime import UTC, datetime
from typing import Any, Literal, cast
from uuid import UUID

import msgspec

from merx.infra.db import Record
from merx.infra.rows import Columns


class Part(msgspec.Struct, frozen=True):
    """What is stored as JSON."""

    sku: str


class Thing(msgspec.Struct, frozen=True):
    """One field of each kind."""

    id: UUID
    state: Literal["new", "old"]
    units: int
    label: str
    seen_at: datetime | None
    parts: tuple[Part, ...] = ()
    colours: list[str] | None = None
    notes: list[str] = []


THING = Columns(Thing, json=("label",), int4=("units",), arrays=("colours",), without=("notes",))
A_THING = Thing(UUID(int=1), "new", 2, '{"en": "Pot"}', None, (Part("POT"),))


def test_the_names_and_types_follow_the_fields() -> None:
    assert THING.of("t") == "t.id, t.state, t.units, t.label, t.seen_at, t.parts, t.colours"
    assert THING.unnest("t", 3) == (
        "unnest($3::uuid[], $4::text[], $5::int[], $6::jsonb[], $7::timestamptz[], $8::jsonb[], $9::jsonb[]) "
        "AS t (id, state, units, label, seen_at, parts, colours)"
    )


def test_rows_become_arrays_column_by_column() -> None:
    ids, states, units, labels, seen, parts, _colours = THING.arrays([A_THING, A_THING])
    assert (ids, states, units) == ((UUID(int=1),) * 2, ("new",) * 2, (2, 2))
    assert (labels, seen) == (('{"en": "Pot"}',) * 2, (None, None))
    assert parts == ['[{"sku":"POT"}]'] * 2
    assert THING.arrays([]) == [()] * len(THING)


def test_a_row_is_read_by_name_whatever_its_order() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    row: dict[str, Any] = {
        "extra": 1, "parts": '[{"sku": "CUP"}]', "seen_at": now, "label": "{}", "units": 3, "state": "old",
        "id": UUID(int=2), "colours": ["red"],
    }  # fmt: skip
    assert THING.read(cast(Record, row), notes=["fragile"]) == Thing(
        UUID(int=2), "old", 3, "{}", now, (Part("CUP"),), ["red"], ["fragile"]
    )


def test_one_column_is_a_row_too() -> None:
    part = Columns(Part)
    assert part.arrays([Part("POT"), Part("CUP")]) == [("POT", "CUP")]
    assert part.read(cast(Record, {"sku": "POT", "other": 1})) == Part("POT")
