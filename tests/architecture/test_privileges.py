"""What the application role may not do, whatever a bug asks for."""

from typing import Any

import asyncpg
import pytest

from merx.infra.db import Database

READ_ONLY = {"schema_migrations"}
APPEND_ONLY = {
    "transfers", "movements", "payment_events", "price_versions", "events", "refund_lines", "stock_returns", "bill_rows", "order_adjustments",
    "coupons",
}  # fmt: skip
"""A row that was written stays as it is."""
NEVER_REWRITTEN = {"platform_staff"}
"""A row may go, but not become another."""
NEVER_DELETED = {
    "accounts", "allotments", "bills", "differences", "dispute_moves", "disputes", "fulfilment_lines", "fulfilments",
    "holds", "idempotency_keys", "order_lines", "orders", "payments", "promotions", "provider_notices", "purchase_addresses",
    "purchases", "refund_attempts", "refunds", "replacements", "return_lines", "returns",
}  # fmt: skip
"""A row may become another, but not go."""
FREE = {
    "account_emails", "addresses", "balances", "balances_cursor", "cart_lines", "carts", "categories", "data_keys",
    "delivery_rates", "leases", "locations", "mails", "media", "notifications", "parked_deliveries", "prices",
    "product_categories", "product_media", "product_reviews", "products", "rate_limits", "seller_members",
    "seller_reviews", "sellers", "sessions", "subscription_cursors", "variants",
}  # fmt: skip
DECLARED = (READ_ONLY, APPEND_ONLY, NEVER_REWRITTEN, NEVER_DELETED, FREE)
# A column that a statement may name: neither generated nor an identity.
_COLUMNS = """
SELECT c.relname, min(a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
   AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
 GROUP BY c.relname ORDER BY c.relname
"""


async def test_every_table_is_declared_once(owner: Any) -> None:
    declared = sorted(table for tables in DECLARED for table in tables)
    assert declared == [row[0] for row in await owner.fetch(_COLUMNS)]


async def _refused(db: Database, statement: str) -> bool:
    """Whether the application role may not do this. Any other error is the test's own, and is raised."""
    async with db.connection() as connection:
        begun = connection.transaction()
        await begun.start()
        try:
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            return True
        finally:
            await begun.rollback()
    return False


async def test_a_table_refuses_what_it_is_declared_to_refuse(db: Database, owner: Any) -> None:
    columns = dict(await owner.fetch(_COLUMNS))
    fixed = READ_ONLY | APPEND_ONLY | NEVER_REWRITTEN
    kept = READ_ONLY | APPEND_ONLY | NEVER_DELETED
    updated = {t for t, name in columns.items() if await _refused(db, f"UPDATE {t} SET {name} = {name}")}
    deleted = {t for t in columns if await _refused(db, f"DELETE FROM {t}")}
    truncated = {t for t in columns if await _refused(db, f"TRUNCATE {t} CASCADE")}
    written = {
        t for t, name in columns.items()
        if await _refused(db, f"INSERT INTO {t} ({name}) SELECT {name} FROM {t} WHERE false")
    }  # fmt: skip
    assert updated == fixed
    assert deleted == kept
    assert truncated == set(columns)
    assert written == READ_ONLY


async def test_not_even_one_column_of_a_fixed_table_can_be_changed(owner: Any) -> None:
    """A grant on a single column would not be seen by changing another."""
    open_ = await owner.fetch(
        """SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
              AND has_any_column_privilege('merx_app', oid, 'UPDATE')"""
    )
    assert {row[0] for row in open_} & (READ_ONLY | APPEND_ONLY | NEVER_REWRITTEN) == set()


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
