"""Whose each table is, and who reads it: its owner writes it, packages above may read it, nobody else does.

Nothing is declared: the owner of a table is the one package that writes it. What a statement touches is asked of
PostgreSQL, which notes the dependencies of a function whose body the statement is.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from tests.world.source import instances

from merx.infra.db import Sql

ROOT = Path(__file__).parents[2]
STATEMENTS = instances(Sql)
READ_ALL: Final = {"queries", "verify"}
"""They look at everything and write nothing."""
UNWRITTEN: Final = {"schema_migrations"}
"""Its rows come from the migrations themselves, as another role."""
EXCEPTIONS: Final[dict[str, set[str]]] = {}
"""Statements that read upward nevertheless, each with its reason. There is none."""

_WRITE = re.compile(
    r"\b(?:INSERT INTO|DELETE FROM|MERGE INTO|(?<!FOR )(?<!KEY )(?<!DO )UPDATE)(?: ONLY)?\s+(\w+)",
    re.IGNORECASE,
)
_TABLES = """
SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
_TOUCHED = """
SELECT p.proname, array_agg(DISTINCT c.relname::text)
  FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
  JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
 WHERE p.proname LIKE 'touching\\_%' AND p.pronamespace = pg_my_temp_schema()
 GROUP BY p.proname
"""


class Use(msgspec.Struct, frozen=True):
    """The tables that one statement touches, and those of them that it writes."""

    name: str
    touched: frozenset[str]
    written: frozenset[str]

    @property
    def package(self) -> str:
        return self.name.split(".")[1]


@pytest.fixture
async def uses(owner: Any) -> list[Use]:
    transaction = owner.transaction()
    await transaction.start()
    try:
        for number, (_, sql) in enumerate(STATEMENTS):
            prepared = await owner.prepare(sql.text)
            types = ", ".join(each.name for each in prepared.get_parameters())
            await owner.execute(
                f"CREATE FUNCTION pg_temp.touching_{number}({types}) RETURNS void BEGIN ATOMIC {sql.text}; END"
            )
        touched = dict(await owner.fetch(_TOUCHED))
    finally:
        await transaction.rollback()
    return [
        Use(
            name=name,
            touched=frozenset(touched.get(f"touching_{number}", ())),
            written=frozenset(_WRITE.findall(sql.text)),
        )
        for number, (name, sql) in enumerate(STATEMENTS)
    ]


def ranks() -> dict[str, int]:
    """The packages by their layer: the lower stands the higher number."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return {name: rank for rank, layer in enumerate(layers) for name in re.findall(r"\w+", layer)}


def owners_of(uses: list[Use]) -> dict[str, set[str]]:
    """The packages that write each table."""
    owners: dict[str, set[str]] = {}
    for use in uses:
        for table in use.written:
            owners.setdefault(table, set()).add(use.package)
    return owners


async def test_one_package_writes_a_table(uses: list[Use], owner: Any) -> None:
    owners = owners_of(uses)
    assert {table: who for table, who in owners.items() if len(who) > 1} == {}
    assert sorted({*owners, *UNWRITTEN}) == [row[0] for row in await owner.fetch(_TABLES)]
    assert {who for each in owners.values() for who in each} & READ_ALL == set()


async def test_a_package_reads_only_its_own_tables_and_those_below_it(uses: list[Use]) -> None:
    rank, owners = ranks(), owners_of(uses)
    upward = {
        use.name: wrong
        for use in uses
        if use.package not in READ_ALL
        and (
            wrong := {
                table
                for table in use.touched - UNWRITTEN
                for owner in owners[table]
                if owner != use.package and rank[owner] <= rank[use.package]
            }
        )
    }
    assert upward == EXCEPTIONS


async def test_what_is_written_is_read_from_the_statement_itself(uses: list[Use]) -> None:
    """The pattern that finds writes names tables and nothing else, or the owners are wrong."""
    assert {use.name: use.written - use.touched for use in uses if use.written - use.touched} == {}
