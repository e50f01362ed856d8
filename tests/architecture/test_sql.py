"""Every SQL statement of the source, prepared against the migrated schema: a wrong column fails in seconds."""

from typing import Any

import pytest
from tests.world.source import instances

from merx.infra.db import Sql

STATEMENTS = instances(Sql)


def test_there_are_statements_to_check() -> None:
    assert len(STATEMENTS) > 100


@pytest.mark.parametrize("sql", [sql for _, sql in STATEMENTS], ids=[name for name, _ in STATEMENTS])
async def test_a_statement_prepares(owner: Any, sql: Sql) -> None:
    await owner.prepare(sql.text)
