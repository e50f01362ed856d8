"""Rows by name: the columns of a struct, written once for select lists, for `unnest` arguments and for reading.

A struct's fields are its columns, in their order. A new field is a new column everywhere at once, and renumbers nothing.
"""

import types
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from operator import attrgetter, itemgetter
from typing import Any, Final, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from merx.infra.db import Record

Row = TypeVar("Row", bound=msgspec.Struct)

_SQL_TYPES: Final[dict[Any, str]] = {
    UUID: "uuid",
    str: "text",
    int: "bigint",
    bool: "boolean",
    bytes: "bytea",
    datetime: "timestamptz",
}


class Columns(Generic[Row]):
    """The columns of `struct`; `json` names the fields whose text is JSON, `int4` those of the smaller integer.

    A field of a type that is no column type is stored as JSON and read with that type; those in `arrays` are only read,
    and are arrays. Fields in `without` have no column: `read` is given them, or they have a default.
    """

    def __init__(
        self,
        struct: type[Row],
        *,
        json: Sequence[str] = (),
        int4: Sequence[str] = (),
        arrays: Sequence[str] = (),
        without: Sequence[str] = (),
    ) -> None:
        hints = get_type_hints(struct)
        self.names: tuple[str, ...] = tuple(name for name in struct.__struct_fields__ if name not in without)
        self._struct = struct
        plain = {name: _without_none(hints[name]) for name in self.names}
        self._types = [
            "jsonb" if name in json else "int" if name in int4 else _sql_type(each)
            for name, each in plain.items()
        ]
        self._read = {
            name: reader
            for name, each in plain.items()
            if name not in arrays and (reader := _reader(each)) is not None
        }
        self._plain = not self._read and self.names == struct.__struct_fields__[: len(self.names)]
        self._encoded = [index for index, each in enumerate(plain.values()) if _sql_type(each) == "jsonb"]
        self._getter = _tuples(attrgetter(*self.names), len(self.names))
        self._values = _tuples(itemgetter(*self.names), len(self.names))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def joined(self) -> str:
        """The names, for INSERT INTO t (…) and for the alias of an unnest."""
        return ", ".join(self.names)

    def of(self, alias: str) -> str:
        """The select list of a table with this alias."""
        return ", ".join(f"{alias}.{name}" for name in self.names)

    def unnest(self, alias: str, first: int = 1) -> str:
        """`unnest($first::uuid[], …) AS alias (…)`: the parameters are what `arrays` gives."""
        parameters = ", ".join(f"${first + index}::{kind}[]" for index, kind in enumerate(self._types))
        return f"unnest({parameters}) AS {alias} ({self.joined})"

    def arrays(self, rows: Sequence[Row]) -> list[Sequence[Any]]:
        """The rows column by column."""
        if not rows:
            return [() for _ in self.names]
        columns: list[Sequence[Any]] = list(zip(*map(self._getter, rows), strict=True))
        for index in self._encoded:
            columns[index] = [
                None if value is None else msgspec.json.encode(value).decode() for value in columns[index]
            ]
        return columns

    def read(self, row: Record, **more: Any) -> Row:
        """The struct of a row that has these columns, among others; `more` are fields without a column."""
        values = self._values(row)
        if self._plain and not more:
            return self._struct(*values)
        fields = dict(zip(self.names, values, strict=True))
        for name, convert in self._read.items():
            if fields[name] is not None:
                fields[name] = convert(fields[name])
        return self._struct(**fields, **more)


def _tuples(getter: Callable[[Any], Any], count: int) -> Callable[[Any], tuple[Any, ...]]:
    """A getter of one name gives no tuple by itself."""
    return getter if count > 1 else lambda row: (getter(row),)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [each for each in get_args(hint) if each is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _sql_type(plain: Any) -> str:
    if get_origin(plain) is Literal or (isinstance(plain, type) and issubclass(plain, Enum)):
        return "text"
    return _SQL_TYPES.get(plain, "jsonb")


def _reader(plain: Any) -> Callable[[Any], Any] | None:
    if plain in _SQL_TYPES or get_origin(plain) is Literal:
        return None
    if isinstance(plain, type) and issubclass(plain, Enum):
        return plain
    return msgspec.json.Decoder(plain).decode
