"""Every SQL statement of the source, prepared against the migrated schema: a wrong column fails in seconds."""

import importlib
import pkgutil
from typing import Any

import pytest

import merx
from merx.infra.db import Sql

SKIPPED = ("merx.__main__", "merx.bench")


def _statements() -> list[tuple[str, Sql]]:
    found: dict[int, tuple[str, Sql]] = {}
    for module_info in pkgutil.walk_packages(merx.__path__, "merx."):
        if module_info.name.startswith(SKIPPED):
            continue
        module = importlib.import_module(module_info.name)
        for name, value in vars(module).items():
            if isinstance(value, Sql):
                found.setdefault(id(value), (f"{module_info.name}.{name}", value))
    return sorted(found.values(), key=lambda each: each[0])


STATEMENTS = _statements()


def test_there_are_statements_to_check() -> None:
    assert len(STATEMENTS) > 100


@pytest.mark.parametrize("sql", [sql for _, sql in STATEMENTS], ids=[name for name, _ in STATEMENTS])
async def test_a_statement_prepares(owner: Any, sql: Sql) -> None:
    await owner.prepare(sql.text)
