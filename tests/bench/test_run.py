"""Every line at tiny size, on the real server, web processes and tools. No figure is asserted: only that it is measured."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from merx.bench import NAMES, run_bench
from merx.bench.database import BenchDatabase, durability, flush_ms, private_database, with_database
from merx.bench.engine import measure_engine
from merx.bench.floor import find_pgbench, measure_floor
from merx.bench.history import load_history
from merx.bench.model import Sizes
from merx.configuration import load_settings
from merx.infra.settings import Settings

TINY = Sizes(
    repeats=1,
    variants=48,
    floor_orders=128,
    engine_orders=256,
    engine_clients=64,
    http_orders=128,
    hot_buyers=100,
    connections=16,
    notices=64,
    notice_connections=8,
    shoppers=4,
    journey_seconds=1,
    page_seconds=3,
    page_connections=4,
    products_asked=10,
    stored_orders=100,
    slow_buyers=8,
    slow_seconds=3.0,
)

pytestmark = pytest.mark.slow
needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"MERX_HOME": str(tmp_path), "MERX_WEB_WORKERS": "1"})


@pytest.fixture
async def database(server_dsn: str) -> AsyncIterator[BenchDatabase]:
    async with private_database(server_dsn, variants=TINY.variants, stock=TINY.stock) as database:
        yield database


async def counts(database: BenchDatabase) -> dict[str, int]:
    tables = (
        "purchases", "purchase_addresses", "orders", "order_lines", "holds", "payments", "transfers", "events",
        "idempotency_keys",
    )  # fmt: skip
    found = {table: await database.owner.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
    found["hold movements"] = await database.owner.fetchval(
        "SELECT count(*) FROM movements WHERE kind = 'hold'"
    )
    found["held"] = await database.owner.fetchval("SELECT sum(held) FROM allotments")
    found["completed carts"] = await database.owner.fetchval(
        "SELECT count(*) FROM carts WHERE state = 'completed'"
    )
    return found


WRITTEN = {
    "purchases": 1, "purchase_addresses": 1, "orders": 1, "order_lines": 2, "holds": 2, "payments": 1, "transfers": 3,
    "events": 1, "idempotency_keys": 1, "hold movements": 2, "held": 2, "completed carts": 1,
}  # fmt: skip


async def test_the_engine_writes_these_rows_for_each_order(database: BenchDatabase) -> None:
    rate = await measure_engine(database, orders=16, clients=4, pool_size=2)
    assert rate > 0
    assert await counts(database) == {name: 16 * rows for name, rows in WRITTEN.items()}


async def test_the_floor_writes_the_same_rows(database: BenchDatabase, settings: Settings) -> None:
    rate = await measure_floor(find_pgbench(settings), database, orders=16, clients=4)
    assert rate > 0
    assert await counts(database) == {name: 16 * rows for name, rows in WRITTEN.items()}


COLUMNS = """
SELECT jsonb_strip_nulls(to_jsonb(p)) - '{id,number,cart_id,person_id,access_hash,expires_at,placed_at}'::text[] AS purchase,
       jsonb_strip_nulls(to_jsonb(o)) - '{id,purchase_id,number,seller_id,placed_at}'::text[] AS "order",
       (SELECT jsonb_agg(to_jsonb(l) - '{id,order_id,purchase_id,product_id,variant_id,sku,title,label}'::text[]
                         ORDER BY l.position) FROM order_lines l WHERE l.order_id = o.id) AS lines,
       (SELECT jsonb_object_agg(t.leg, t.amount) FROM transfers t WHERE t.cause_id = o.id) AS transfers,
       (SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(y)) - '{id,purchase_id,number,expires_at,created_at}'::text[])
          FROM payments y WHERE y.purchase_id = p.id) AS payments,
       (SELECT jsonb_agg(e.data - 'number') FROM events e WHERE e.subject_id = p.id) AS events,
       p.expires_at - p.placed_at AS time_to_pay
  FROM purchases p JOIN orders o ON o.purchase_id = p.id
"""


async def test_floor_and_engine_write_equal_values(database: BenchDatabase, settings: Settings) -> None:
    await measure_floor(find_pgbench(settings), database, orders=1, clients=1)
    await measure_engine(database, orders=2, clients=1, pool_size=2)
    rows = [tuple(row) for row in await database.owner.fetch(COLUMNS)]
    assert len(rows) == 3
    assert len(set(rows)) == 1
    assert json.loads(rows[0][3]) == {"sale:goods": 8832, "sale:shipping": 708, "sale:tax": 1240}


async def test_prepared_carts_have_two_lines_of_one_seller(database: BenchDatabase) -> None:
    first = await database.prepare_carts(100)
    second = await database.prepare_carts(10, hot=True)
    assert (first, second) == (1, 101)
    rows = await database.owner.fetch("""
        SELECT count(*) AS lines, count(DISTINCT v.id) AS variants, count(DISTINCT v.seller_id) AS sellers
          FROM cart_lines l JOIN variants v ON v.id = l.variant_id GROUP BY l.cart_id""")
    assert [tuple(row) for row in rows] == [(2, 2, 1)] * 110


async def test_the_past_is_made_of_paid_orders_under_the_same_constraints(
    server_dsn: str, database: BenchDatabase
) -> None:
    shape = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
               UNION ALL SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid)
                 FROM pg_index WHERE indrelid >= 16384 ORDER BY 1, 2, 3"""
    before = [tuple(row) for row in await database.owner.fetch(shape)]
    async with private_database(
        server_dsn, variants=TINY.variants, stock=TINY.stock, template=database
    ) as grown:
        await load_history(grown, orders=30)
        after = [tuple(row) for row in await grown.owner.fetch(shape)]
        stored = await counts(grown)
        states = await grown.owner.fetch("SELECT DISTINCT state, payment_status FROM orders")
        owed = await grown.owner.fetchval("""
            SELECT sum(CASE WHEN debit_kind = 'customer_receivable' THEN amount ELSE -amount END) FROM transfers
             WHERE 'customer_receivable' IN (debit_kind, credit_kind)""")
        assert await measure_engine(grown, orders=8, clients=4, pool_size=2) > 0
    assert after == before
    assert (stored["purchases"], stored["order_lines"], stored["transfers"], stored["events"]) == (
        30,
        60,
        120,
        60,
    )
    assert [tuple(row) for row in states] == [("placed", "paid")]
    assert owed == 0


async def test_private_databases_are_dropped(server_dsn: str, database: BenchDatabase) -> None:
    async with private_database(server_dsn, variants=24, stock=1) as short_lived:
        name = await short_lived.owner.fetchval("SELECT current_database()")
    left = await database.owner.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name)
    assert left == 0


async def test_durability_is_shown(server_dsn: str, tmp_path: Path) -> None:
    version, shown = await durability(server_dsn)
    assert version
    assert shown == {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
    assert flush_ms(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []


async def test_a_server_that_does_not_wait_for_the_disk_is_refused(
    database: BenchDatabase, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await database.owner.execute(
        f'ALTER DATABASE "{await database.owner.fetchval("SELECT current_database()")}" SET synchronous_commit = off'
    )
    assert await run_bench(settings, database.dsn, names=["engine_orders"], as_json=True, sizes=TINY) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "synchronous_commit is 'off'" in " ".join(shown.err.split())


async def test_an_unknown_benchmark_is_refused_with_the_known_ones(
    server_dsn: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run_bench(settings, server_dsn, names=["engine"], as_json=False, sizes=TINY) == 2
    assert "engine_orders" in capsys.readouterr().err


@needs_wrk
async def test_every_line_is_measured(
    server_dsn: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await run_bench(settings, server_dsn, names=[], as_json=True, sizes=TINY)
    told = capsys.readouterr()
    assert code != 2, told.err
    lines = json.loads(told.out)
    expected = {name for name in NAMES if name not in {"statements", "slow_provider"}}
    expected |= {"statements_product", "statements_cart_add", "statements_placement"}
    expected |= {"slow_provider_page", "slow_provider_orders"}
    assert set(lines) == expected
    for name, line in lines.items():
        assert set(line) == {"figure", "unit", "floor", "ratio", "required", "ok"}
        assert line["figure"] > 0 or name == "statements_product"
    assert lines["statements_product"]["figure"] == 0
    assert lines["statements_cart_add"]["figure"] <= 4
    assert lines["statements_placement"]["figure"] <= 12
    assert code == (0 if all(line["ok"] for line in lines.values()) else 1)


def test_the_address_of_another_database_keeps_the_server() -> None:
    assert with_database("postgresql://u@/merx?host=/s", "x") == "postgresql://u@/x?host=/s"
    assert with_database("postgresql://u:p@h:5432/merx", "x") == "postgresql://u:p@h:5432/x"
