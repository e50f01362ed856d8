"""The floor of the order lines: pgbench, in C, writes the same rows by plain prepared statements."""

import asyncio
import os
import re
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Final

from merx.bench import store
from merx.bench.database import BenchDatabase
from merx.bench.model import BenchError
from merx.infra.postgres import PostgresError, find_bin_dir
from merx.infra.settings import Settings

CLIENT_COUNTS: Final = (16, 64)
_UUIDV7_SINCE: Final = 180_000
# What every session of the shop runs with (infra/db.py), so that neither side has better plans.
_SESSION: Final = (
    "-c role=merx_app -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off -c timezone=UTC"
)


def find_pgbench(settings: Settings) -> Path:
    """The pgbench beside PostgreSQL's programs, else in PATH. Raises BenchError."""
    try:
        own = find_bin_dir(settings.system.postgres_bin_dir) / "pgbench"
    except PostgresError:
        own = None
    if own is not None and own.is_file():
        return own
    installed = shutil.which("pgbench")
    if installed is None:
        raise BenchError(
            "pgbench was found neither beside PostgreSQL's programs nor in PATH (Debian: postgresql-contrib)"
        )
    return Path(installed)


def script(server_version: int) -> str:
    """The transaction for this server."""
    text = (files("merx.bench") / "floor.pgbench").read_text(encoding="utf-8")
    new_id = "uuidv7()" if server_version >= _UUIDV7_SINCE else "gen_random_uuid()"
    for name, value in (("NEW_ID", new_id), ("CART_KIND", store.CART_KIND), ("TOTAL", str(store.TOTAL))):
        text = re.sub(rf"\b{name}", value, text)
    return text


async def measure_floor(pgbench: Path, database: BenchDatabase, *, orders: int, clients: int) -> float:
    """Orders per second of `clients` pgbench connections over about `orders` prepared carts. Raises BenchError."""
    turns = max(1, orders // clients)
    first = await database.prepare_carts(turns * clients)
    version = database.owner.get_server_version()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "floor.pgbench"
        path.write_text(script(version.major * 10_000 + version.minor), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            pgbench, "--no-vacuum", "--protocol=prepared", f"--file={path}",
            f"--client={clients}", f"--jobs={min(clients, os.cpu_count() or 1)}", f"--transactions={turns}",
            "-D", f"first={first}", "-D", f"clients={clients}", "-D", "turn=-1", database.dsn,
            env={**os.environ, "PGOPTIONS": _SESSION},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
    return read_rate(output.decode(errors="replace"), transactions=turns * clients)


def read_rate(output: str, *, transactions: int) -> float:
    """Transactions per second from what pgbench printed. Raises BenchError unless all of them were carried out."""
    done = re.search(r"actually processed: (\d+)", output)
    rate = re.search(r"^tps = ([0-9.]+)", output, re.MULTILINE)
    if done is None or rate is None or int(done[1]) != transactions:
        raise BenchError(f"pgbench did not finish: {output.strip()[-1500:]}")
    return float(rate[1])
