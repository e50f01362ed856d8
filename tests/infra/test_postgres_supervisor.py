"""The embedded PostgreSQL: made privately, kept running, shared, and never left in a state that cannot start."""

import asyncio
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import asyncpg
import pytest

from merx.configuration import load_settings
from merx.infra.logging import get_logger
from merx.infra.postgres import EmbeddedPostgres, PostgresError, database_url, find_bin_dir
from merx.infra.postgres.configuration import ident, initdb_arguments, server
from merx.infra.postgres.errors import AlreadyRunningError
from merx.infra.postgres.installation import SHARED_STATE
from merx.infra.postgres.server import read_connection
from merx.infra.processes import is_running
from merx.infra.settings import Settings

SECONDS = 30


def reachable_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="merx-test-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture
def new_home() -> Iterator[Path]:
    folder = reachable_folder()
    yield folder / "home"
    for location in folder.rglob("postgres.location"):
        shutil.rmtree(location.read_text().strip())
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
async def made_home() -> AsyncIterator[Path]:
    folder = reachable_folder()
    async with running(folder / "home"):
        pass
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def home(made_home: Path, new_home: Path) -> Path:
    """Give a stopped cluster that was started once: copying one is quicker than making one."""
    subprocess.run(["cp", "-a", made_home, new_home], check=True)
    return new_home


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_settings({"MERX_HOME": str(home)})


@contextlib.asynccontextmanager
async def running(home: Path) -> AsyncIterator[EmbeddedPostgres]:
    postgres = embedded(home)
    await postgres.start()
    try:
        yield postgres
    finally:
        await postgres.stop()


def embedded(home: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(home=home, bin_dir=None, log=get_logger("test"))


async def ask(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def socket_dir(dsn: str) -> Path:
    return Path(unquote(dsn.partition("?host=")[2]))


async def until(happens: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await happens():
            await asyncio.sleep(0.02)


async def test_a_new_cluster_is_private_checksummed_and_off_the_network(new_home: Path) -> None:
    async with running(new_home) as postgres:
        facts = {
            "SELECT current_user::text": "merx_owner",
            "SELECT current_database()::text": "merx",
            "SHOW data_checksums": "on",
            "SHOW listen_addresses": "",
            "SHOW fsync": "on",
            "SHOW full_page_writes": "on",
            "SHOW synchronous_commit": "on",
            "SELECT datlocale FROM pg_database WHERE datname = current_database()": "C.UTF-8",
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user": False,
            "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'merx'": "merx_owner",
        }
        assert {sql: await ask(postgres.dsn, sql) for sql in facts} == facts
        assert stat.S_IMODE(socket_dir(postgres.dsn).stat().st_mode) == 0o700
        connection = read_connection(new_home)
        assert connection is not None
        data_dir = Path(connection.data_dir)
        assert data_dir == new_home / "postgres" / "data"
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE((new_home / "postgres.json").stat().st_mode) == 0o600
    assert not (new_home / "postgres.json").exists()


async def test_what_was_written_is_there_after_a_restart(home: Path) -> None:
    async with running(home) as postgres:
        await ask(postgres.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    async with running(home) as postgres:
        assert await ask(postgres.dsn, "SELECT answer FROM kept") == 42


async def test_only_users_of_the_map_may_connect(home: Path) -> None:
    async with running(home) as postgres:
        await ask(postgres.dsn, "CREATE ROLE stranger LOGIN")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(host=str(socket_dir(postgres.dsn)), user="stranger", database="merx")


async def test_a_killed_server_is_started_again_with_its_data(home: Path) -> None:
    async with running(home) as postgres:
        watching = asyncio.create_task(postgres.watch())
        await ask(postgres.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        for _ in range(3):
            killed = postgres.pid
            assert killed is not None
            os.kill(killed, signal.SIGKILL)

            async def answers() -> bool:
                with contextlib.suppress(OSError, asyncpg.PostgresError):
                    return await ask(postgres.dsn, "SELECT answer FROM kept") == 42
                return False

            await until(answers)
            assert postgres.pid not in {None, killed}
        await postgres.stop()
        await watching


async def test_a_second_supervisor_of_one_home_is_refused(home: Path) -> None:
    async with running(home) as postgres:
        with pytest.raises(AlreadyRunningError, match="already run by another merx process"):
            await embedded(home).start()
        assert await ask(postgres.dsn, "SELECT 1") == 1
        assert read_connection(home) is not None


async def test_programs_share_one_server_which_stops_after_the_last(settings: Settings) -> None:
    first_left = asyncio.Event()
    order: list[str] = []

    async def attached() -> None:
        async with database_url(settings) as dsn:
            order.append("attached")
            await first_left.wait()
            assert await ask(dsn, "SELECT 1") == 1
            order.append("attached left")

    async def owner() -> None:
        async with database_url(settings):
            second = asyncio.create_task(attached())

            async def is_attached() -> bool:
                return order == ["attached"]

            await until(is_attached)
            order.append("owner leaves")
            first_left.set()
        order.append("server stopped")
        await second

    await owner()
    assert order == ["attached", "owner leaves", "attached left", "server stopped"]
    assert read_connection(settings.system.home) is None


async def test_many_programs_that_start_at_once_agree_on_one_server(settings: Settings) -> None:
    async def program() -> object:
        async with database_url(settings) as dsn:
            return await ask(dsn, "SELECT pg_postmaster_start_time()::text")

    async with database_url(settings):
        starts = await asyncio.gather(*(program() for _ in range(6)))
    assert len(set(starts)) == 1


async def test_a_configured_database_is_used_as_it_is(tmp_path: Path) -> None:
    keys = load_settings({"MERX_HOME": str(tmp_path)})
    assert keys.system.database_url is None
    settings = load_settings({"MERX_HOME": str(tmp_path), "MERX_DATABASE_URL": "postgresql://merx@db/merx"})
    async with database_url(settings) as dsn:
        assert dsn == "postgresql://merx@db/merx"
    assert not (tmp_path / "postgres").exists()


async def test_a_lock_file_with_a_strangers_pid_does_not_prevent_a_start(home: Path) -> None:
    async with running(home) as postgres:
        connection = read_connection(home)
        assert connection is not None
        lock_file = Path(connection.data_dir) / "postmaster.pid"
        lines = lock_file.read_text().split("\n")
        await ask(postgres.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    lines[0] = str(os.getppid())  # what a reboot may leave: a living process, but not PostgreSQL
    lock_file.write_text("\n".join(lines))
    owner = lock_file.parent.stat()
    os.chown(lock_file, owner.st_uid, owner.st_gid)
    async with running(home) as postgres:
        assert await ask(postgres.dsn, "SELECT answer FROM kept") == 42


async def test_a_killed_supervisor_leaves_a_home_that_starts_at_once(home: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from merx.infra.logging import get_logger\n"
        "from merx.infra.postgres import EmbeddedPostgres\n"
        "async def main():\n"
        "    await EmbeddedPostgres(home=pathlib.Path(sys.argv[1]), bin_dir=None, log=get_logger('t')).start()\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(home), stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    async with asyncio.timeout(SECONDS):
        while (await supervisor.stdout.readline()).strip() != b"ready":
            pass
    connection = read_connection(home)
    assert connection is not None
    await ask(connection.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    supervisor.kill()
    await supervisor.wait()
    async with running(home) as postgres:
        assert await ask(postgres.dsn, "SELECT answer FROM kept") == 42
        assert not is_running(connection.pid)
        assert postgres.pid != connection.pid


async def test_the_rest_of_an_interrupted_first_start_is_replaced(home: Path) -> None:
    async with running(home) as postgres:
        assert postgres.pid is not None
        connection = read_connection(home)
    assert connection is not None
    data_dir = Path(connection.data_dir)
    data_dir.rename(data_dir.with_name("data.new"))
    (data_dir.with_name("data.new") / "PG_VERSION").unlink()
    async with running(home) as postgres:
        assert await ask(postgres.dsn, "SELECT 1") == 1
    assert not data_dir.with_name("data.new").exists()


async def test_data_of_another_major_version_are_refused_and_kept(home: Path) -> None:
    async with running(home):
        connection = read_connection(home)
    assert connection is not None
    version = Path(connection.data_dir) / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(PostgresError, match=r"was made by PostgreSQL 15, the programs are 18"):
        await embedded(home).start()
    assert version.read_text() == "15\n"
    assert read_connection(home) is None


async def test_a_folder_without_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match=r"MERX_POSTGRES_BIN_DIR: .* has no initdb"):
        await EmbeddedPostgres(home=tmp_path, bin_dir=tmp_path, log=get_logger("test")).start()
    assert not (tmp_path / "postgres").exists()


async def test_a_home_with_a_very_long_path_has_a_short_socket_address(new_home: Path) -> None:
    deep = new_home / ("x" * 60) / ("y" * 60)
    async with running(deep) as postgres:
        folder = socket_dir(postgres.dsn)
        assert len(str(folder)) < 60
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
async def test_under_root_a_home_that_others_cannot_reach_keeps_its_data_outside(new_home: Path) -> None:
    new_home.mkdir()
    new_home.parent.chmod(0o700)
    async with running(new_home) as postgres:
        await ask(postgres.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        connection = read_connection(new_home)
        assert connection is not None
        assert Path(connection.data_dir).parent.parent == SHARED_STATE
        assert Path(connection.data_dir).stat().st_uid != 0
    async with running(new_home) as postgres:
        assert await ask(postgres.dsn, "SELECT answer FROM kept") == 42


def test_the_programs_of_the_installed_package_are_found() -> None:
    assert {"initdb", "postgres", "psql"} <= {path.name for path in find_bin_dir(None).iterdir()}


@pytest.mark.parametrize(("gigabytes", "shared"), [(0.5, 128), (4, 512), (24, 2048), (512, 2048)])
def test_shared_buffers_are_an_eighth_of_memory_within_limits(gigabytes: float, shared: int) -> None:
    text = server(socket_dir=Path("/s"), memory_bytes=int(gigabytes * 1024**3), cores=2, major=18)
    assert f"shared_buffers = {shared}MB\n" in text


def test_a_folder_name_cannot_break_out_of_the_configuration() -> None:
    text = server(socket_dir=Path("/a'b\\c"), memory_bytes=2**30, cores=1, major=16)
    assert "unix_socket_directories = '/a''b\\\\c'\n" in text
    assert "io_method" not in text


def test_older_servers_are_made_without_the_built_in_locale() -> None:
    assert "--locale-provider=builtin" in initdb_arguments(18)
    assert "--locale-provider=builtin" not in initdb_arguments(16)
    assert "--data-checksums" in initdb_arguments(16)


def test_each_user_is_mapped_once_to_each_role() -> None:
    assert ident(["shop", "shop"]) == 'merx "shop" merx_owner\nmerx "shop" postgres\n'
