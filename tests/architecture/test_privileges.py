"""What the application role may not do, whatever a bug asks for."""

from typing import Any

import asyncpg
import pytest

from merx.infra.db import Database

APPEND_ONLY = (
    "transfers", "movements", "payment_events", "price_versions", "events", "refund_lines", "stock_returns", "bill_rows",
)  # fmt: skip


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "UPDATE {} SET created_at = created_at", "TRUNCATE {}"])
async def test_append_only_means_append_only(db: Database, table: str, verb: str) -> None:
    async with db.connection() as connection:
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedColumnError)):
            await connection.execute(verb.format(table))


async def test_the_application_cannot_change_the_schema(db: Database) -> None:
    async with db.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE sneaked_in (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("ALTER TABLE allotments DROP CONSTRAINT allotments_never_oversold")


async def test_the_database_itself_refuses_to_oversell(owner: Any) -> None:
    await owner.execute(
        "INSERT INTO locations (id, code, name) VALUES (gen_random_uuid(), 'x', '{\"en\":\"X\"}')"
    )
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(
                "INSERT INTO allotments (id, subject_id, location_id, received, held, sold)"
                " SELECT gen_random_uuid(), gen_random_uuid(), id, 5, 3, 3 FROM locations"
            )
    finally:
        await owner.execute("DELETE FROM locations")
