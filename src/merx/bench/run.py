"""`merx bench`: measure every line against its floor, in one run, and say which reaches what it must."""

import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from merx.bench import report, store
from merx.bench.count_statements import count_statements
from merx.bench.database import BenchDatabase, durability, flush_ms, private_database
from merx.bench.engine import measure_engine
from merx.bench.floor import CLIENT_COUNTS, find_pgbench, measure_floor
from merx.bench.history import load_history
from merx.bench.load import Answered, find_wrk, run_wrk
from merx.bench.model import FULL, BenchError, Line, Machine, Requirement, Sizes
from merx.bench.notices import measure_notices
from merx.bench.slow_provider import slow_shop
from merx.bench.web import WebServer, shop_server, trivial_server, worker_memory_mb
from merx.infra.machine import cores
from merx.infra.settings import Settings

NAMES: Final = (
    "engine_orders", "http_orders", "purchase_journey", "hot_item", "product_json", "product_page", "statements",
    "memory", "growth", "notices", "slow_provider",
)  # fmt: skip
REQUIRED: Final = {
    "engine_orders": Requirement(least_ratio=2.0),
    "http_orders": Requirement(least_ratio=0.5),
    "purchase_journey": Requirement(least_ratio=0.1),
    "hot_item": Requirement(least_ratio=0.7),
    "product_json": Requirement(least_ratio=0.3),
    "product_page": Requirement(least_ratio=0.25),
    "statements_product": Requirement(most=0),
    "statements_cart_add": Requirement(most=4),
    "statements_placement": Requirement(most=12),
    "memory": Requirement(most=200),
    "growth": Requirement(least_ratio=0.8),
    "notices": Requirement(least_ratio=0.4),
    "slow_provider_page": Requirement(least_ratio=0.8),
    "slow_provider_orders": Requirement(least_ratio=0.8),
}
_ORDER_LINES: Final = frozenset({"engine_orders", "http_orders", "purchase_journey", "notices"})
_WEB_LINES: Final = frozenset(
    {"http_orders", "purchase_journey", "hot_item", "product_json", "product_page", "memory", "notices"}
)
_PAGE_LINES: Final = {"product_json": "/api/v1/products/bench-%d", "product_page": "/products/bench-%d"}
Step = tuple[str, Callable[[], Awaitable[float]]]
_READS_TO_DRAW: Final = 8  # per product and worker: one in three thousand is not met by chance
_LONGEST_RUN: Final = 120  # seconds a run of orders may take before it counts as failed


async def run_bench(
    settings: Settings, dsn: str, *, names: Sequence[str], as_json: bool, sizes: Sizes = FULL
) -> int:
    """Measure the named lines (all when none is named) on the server of `dsn` and print them.

    Everything happens in databases of its own, which are dropped afterwards. Returns 0 when every line reaches what it
    must, 1 when one does not, 2 when nothing could be measured.
    """
    unknown = [name for name in names if name not in NAMES]
    console = Console(stderr=True)
    if unknown:
        console.print(f"There is no benchmark {unknown[0]!r}. Benchmarks: {', '.join(NAMES)}.", markup=False)
        return 2
    try:
        _find_tools(settings, frozenset(names or NAMES))
        machine = await _machine(settings, dsn)
        report.print_machine(console, machine)
        with _progress(console) as progress, tempfile.TemporaryDirectory(prefix="merx-bench-") as home:
            run = _Run(settings, dsn, frozenset(names or NAMES), sizes, Path(home), progress)
            lines = await run.all_lines()
    except BenchError as error:
        console.print(f"The benchmark stopped: {error}", markup=False)
        return 2
    report.print_lines(lines, as_json=as_json)
    return 0 if all(line.ok for line in lines) else 1


def _find_tools(settings: Settings, names: frozenset[str]) -> None:
    """Find what the named lines are measured with, before minutes are spent. Raises BenchError."""
    if names & (_WEB_LINES | {"slow_provider"}):
        find_wrk()
    if names & _ORDER_LINES:
        find_pgbench(settings)


async def _machine(settings: Settings, dsn: str) -> Machine:
    version, shown = await durability(dsn)
    settings.system.home.mkdir(parents=True, exist_ok=True)
    return Machine(cores=cores(), flush_ms=flush_ms(settings.system.home), postgres=version, durability=shown)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=console, refresh_per_second=2,
    )  # fmt: skip


class _Run:
    """One run: what was asked for, and what has been measured so far."""

    def __init__(
        self,
        settings: Settings,
        dsn: str,
        names: frozenset[str],
        sizes: Sizes,
        home: Path,
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._dsn = dsn
        self._names = names
        self._sizes = sizes
        self._home = home
        self._progress = progress
        self._figures: dict[str, list[float]] = {}
        self._notes: dict[str, str] = {}

    async def all_lines(self) -> list[Line]:
        """Measure, floors and figures in turns, so that whatever else the machine does hits both."""
        sizes = self._sizes
        async with private_database(self._dsn, variants=sizes.variants, stock=sizes.stock) as database:
            if "growth" in self._names:
                await self._growth(database)
            if self._names & (_ORDER_LINES | _WEB_LINES | {"statements"}):
                await self._main_part(database)
            if "slow_provider" in self._names:
                await self._slow_provider(database)
        return self._lines()

    async def _main_part(self, database: BenchDatabase) -> None:
        async with contextlib.AsyncExitStack() as stack:
            shop = await stack.enter_async_context(self._shop(database))
            if self._names & (_ORDER_LINES | {"hot_item"}):
                await self._repeat("orders", self._order_round(database, shop))
            if shop is not None and self._names & {*_PAGE_LINES, "memory"}:
                trivial = await stack.enter_async_context(trivial_server(self._settings, home=self._home))
                steps = self._page_round(trivial, shop)
                for name, _ in steps:
                    if name in _PAGE_LINES:
                        await self._draw(shop, _PAGE_LINES[name])
                await self._repeat("pages", steps)
            if shop is not None and "memory" in self._names:
                self._note("memory", worker_memory_mb(shop.pid))
        if "statements" in self._names:
            await self._statements(database)

    @contextlib.asynccontextmanager
    async def _shop(self, database: BenchDatabase) -> AsyncIterator[WebServer | None]:
        if not self._names & _WEB_LINES:
            yield None
            return
        async with shop_server(self._settings, database.dsn, home=self._home) as shop:
            yield shop

    def _note(self, name: str, figure: float) -> None:
        self._figures.setdefault(name, []).append(figure)

    async def _repeat(self, what: str, steps: list[Step]) -> None:
        task = self._progress.add_task(what, total=self._sizes.repeats * len(steps))
        taken: dict[str, float] = {}
        for _ in range(self._sizes.repeats):
            for name, step in steps:
                self._progress.update(task, description=f"{what}: {name}")
                started = time.perf_counter()
                self._note(name, await step())
                taken[name] = taken.get(name, 0.0) + time.perf_counter() - started
                self._progress.advance(task)
        self._progress.update(task, description=what)
        for name, seconds in taken.items():
            self._tell_time(f"{what}: {name}", seconds)

    def _tell_time(self, what: str, seconds: float) -> None:
        self._progress.console.print(f"{what}: {seconds:.0f} s", highlight=False)

    # --- orders -------------------------------------------------------------------------------------------------

    def _order_round(self, database: BenchDatabase, shop: WebServer | None) -> list[Step]:
        sizes, names = self._sizes, self._names
        steps: list[Step] = []
        if names & _ORDER_LINES:
            pgbench = find_pgbench(self._settings)
            for clients in CLIENT_COUNTS:
                floor = partial(measure_floor, pgbench, database, orders=sizes.floor_orders, clients=clients)
                steps.append((f"floor_{clients}", floor))
        if "engine_orders" in names:
            steps.append(("engine_orders", partial(self._engine, database)))
        if shop is not None and names & {"http_orders", "hot_item"}:
            steps.append(("http_orders", partial(self._http_orders, database, shop)))
        if shop is not None and "hot_item" in names:
            steps.append(("hot_item", partial(self._hot_item, database, shop)))
        if shop is not None and "purchase_journey" in names:
            steps.append(("purchase_journey", partial(self._journey, shop)))
        if shop is not None and "notices" in names:
            steps.append(("notices", partial(self._apply_notices, database, shop)))
        return steps

    async def _engine(self, database: BenchDatabase) -> float:
        return await measure_engine(
            database, orders=self._sizes.engine_orders, clients=self._sizes.engine_clients,
            pool_size=self._settings.system.db_pool_size,
        )  # fmt: skip

    async def _check_out(self, shop: WebServer, *, first: int, count: int) -> Answered:
        body = f'{{"expected_total":{{"amount":{store.TOTAL},"currency":"{store.CURRENCY}"}}}}'
        return await run_wrk(
            find_wrk(), "orders", shop.url, first, count, store.CART_KIND, body,
            connections=self._sizes.connections, seconds=_LONGEST_RUN,
        )  # fmt: skip

    async def _http_orders(self, database: BenchDatabase, shop: WebServer) -> float:
        count = self._sizes.http_orders
        answered = await self._check_out(shop, first=await database.prepare_carts(count), count=count)
        if answered.completed != count:
            raise BenchError(f"{answered.refused} of {count} prepared carts were refused")
        return answered.completed / answered.seconds

    async def _hot_item(self, database: BenchDatabase, shop: WebServer) -> float:
        """Buyers served a second, placed or told that it is sold out, when half of them can get one."""
        buyers = self._sizes.hot_buyers
        first = await database.prepare_carts(buyers, hot=True)
        stock = buyers // 2
        await database.run(store.HOT_STOCK_SQL, stock)
        before = await database.value(store.TAKEN_SQL)
        answered = await self._check_out(shop, first=first, count=buyers)
        taken = await database.value(store.TAKEN_SQL) - before
        free = await database.value(store.FREE_SQL)
        await database.run(store.HOT_STOCK_SQL, self._sizes.stock)
        if (answered.completed, taken, free) != (stock, stock, 0):
            raise BenchError(
                f"of {stock} units {answered.completed} were ordered, {taken} taken, {free} are left"
            )
        self._notes["hot_item"] = f"{stock} of {stock} sold"
        return buyers / answered.seconds

    async def _journey(self, shop: WebServer) -> float:
        sizes = self._sizes
        answered = await run_wrk(
            find_wrk(), "journey", shop.url, sizes.variants // store.BLOCK, store.VARIANT_KIND, store.CURRENCY,
            threads=sizes.shoppers, connections=sizes.shoppers, seconds=sizes.journey_seconds,
        )  # fmt: skip
        return answered.completed / answered.seconds

    async def _apply_notices(self, database: BenchDatabase, shop: WebServer) -> float:
        return await measure_notices(
            database, shop, count=self._sizes.notices, connections=self._sizes.notice_connections, home=self._home
        )  # fmt: skip

    # --- pages --------------------------------------------------------------------------------------------------

    def _page_round(self, trivial: WebServer, shop: WebServer) -> list[Step]:
        asked = [name for name in _PAGE_LINES if name in self._names or "memory" in self._names]
        return [
            ("floor_page", partial(self._pages, trivial, "/bench-%d")),
            *((name, partial(self._pages, shop, _PAGE_LINES[name])) for name in asked),
        ]

    async def _draw(self, server: WebServer, pattern: str) -> None:
        """Read products at random until every worker has met, and kept, all but surely every one of them."""
        wanted = _READS_TO_DRAW * self._sizes.products_asked * cores()
        while wanted > 0:
            answered = await self._read(server, pattern)
            if not answered.completed:
                raise BenchError(f"no page of {pattern} was answered")
            wanted -= answered.completed

    async def _pages(self, server: WebServer, pattern: str) -> float:
        answered = await self._read(server, pattern)
        return answered.completed / answered.seconds

    async def _read(self, server: WebServer, pattern: str) -> Answered:
        sizes = self._sizes
        return await run_wrk(
            find_wrk(), "pages", server.url, pattern, sizes.products_asked,
            connections=sizes.page_connections, seconds=sizes.page_seconds,
        )  # fmt: skip

    # --- statements, growth -------------------------------------------------------------------------------------

    async def _statements(self, database: BenchDatabase) -> None:
        task, started = self._progress.add_task("statements", total=1), time.perf_counter()
        counted = await count_statements(self._settings, database, home=self._home)
        for name, count in counted.items():
            self._note(name, count)
        self._progress.advance(task)
        self._tell_time("statements", time.perf_counter() - started)

    async def _growth(self, database: BenchDatabase) -> None:
        sizes = self._sizes
        task = self._progress.add_task(f"growth: storing {sizes.stored_orders:,} orders", total=1)
        async with private_database(
            self._dsn, variants=sizes.variants, stock=sizes.stock, template=database
        ) as grown:
            started = time.perf_counter()
            await load_history(
                grown,
                orders=sizes.stored_orders,
                progress=lambda done, steps: self._progress.update(task, completed=done, total=steps),
            )
            self._tell_time(f"growth: storing {sizes.stored_orders:,} orders", time.perf_counter() - started)
            await self._repeat(
                "growth",
                [("growth_none", partial(self._engine, database)), ("growth", partial(self._engine, grown))],
            )

    # --- a provider that is slow ----------------------------------------------------------------------------------

    async def _slow_provider(self, database: BenchDatabase) -> None:
        """The same page and the same orders in turns, with and without buyers at the slow provider."""
        sizes = self._sizes
        async with slow_shop(
            self._settings, database, home=self._home, buyers=sizes.slow_buyers, seconds=sizes.slow_seconds
        ) as slow:
            page = partial(self._kept_pages, slow.server)
            orders = partial(self._http_orders, database, slow.server)
            steps: list[Step] = [
                ("page_alone", page), ("slow_provider_page", partial(slow.beset, page)),
                ("slow_provider_orders", partial(slow.beset, orders)), ("orders_alone", orders),
            ]  # fmt: skip
            await self._repeat("slow_provider", steps)
            self._notes["slow_provider_page"] = slow.note

    async def _kept_pages(self, server: WebServer) -> float:
        """Read what every worker has just drawn: the orders before let all kept pages grow old."""
        await self._draw(server, _PAGE_LINES["product_page"])
        return await self._pages(server, _PAGE_LINES["product_page"])

    # --- the table ----------------------------------------------------------------------------------------------

    def _lines(self) -> list[Line]:
        medians = {name: statistics.median(figures) for name, figures in self._figures.items()}
        floor = max(
            (medians[name] for name in medians if name.startswith("floor_") and name != "floor_page"),
            default=None,
        )
        floors = {
            **dict.fromkeys(_ORDER_LINES, floor),
            "hot_item": medians.get("http_orders"),
            **dict.fromkeys(_PAGE_LINES, medians.get("floor_page")),
            "growth": medians.get("growth_none"),
            "slow_provider_page": medians.get("page_alone"),
            "slow_provider_orders": medians.get("orders_alone"),
        }
        units = {
            "purchase_journey": "purchases/s",
            "notices": "notices/s",
            "hot_item": "buyers/s",
            "memory": "MB",
        }
        units |= dict.fromkeys((*_PAGE_LINES, "slow_provider_page"), "requests/s")
        return [
            Line(
                name=name,
                figure=medians[name],
                unit="statements" if name.startswith("statements") else units.get(name, "orders/s"),
                floor=floors.get(name),
                required=required,
                note=self._notes.get(name, ""),
            )
            for name, required in REQUIRED.items()
            if name in medians and _group_of(name) in self._names
        ]


def _group_of(name: str) -> str:
    """Under which name a line is asked for: some names stand for several lines."""
    return next((group for group in ("statements", "slow_provider") if name.startswith(group)), name)
