"""Migrations: order, once, all or nothing, several at a time, and refusals that change nothing."""

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from merx.configuration import load_settings
from merx.infra.migrate import MigrationError, load_migrations, migrate
from merx.infra.postgres import database_url


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[str]:
    home = Path(tempfile.mkdtemp(prefix="merx-test-"))
    try:
        async with database_url(load_settings({"MERX_HOME": str(home)})) as dsn:
            yield dsn
    finally:
        shutil.rmtree(home)


@pytest.fixture
async def dsn(server: str) -> str:
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server.replace("/merx?", f"/{name}?")


def folder(tmp_path: Path, **files: str) -> Path:
    tmp_path.mkdir(exist_ok=True)
    for name, sql in files.items():
        (tmp_path / f"{name.removeprefix('m')}.sql").write_text(sql, encoding="utf-8")
    return tmp_path


async def tables(dsn: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


async def test_files_are_applied_in_order_and_only_once(dsn: str, tmp_path: Path) -> None:
    files = folder(
        tmp_path, m0001_one="CREATE TABLE a (id int)", m0002_two="ALTER TABLE a ADD b int; SELECT 1"
    )
    told: list[str] = []
    assert await migrate(dsn, folder=files, progress=told.append) == ["0001_one", "0002_two"]
    assert told == ["0001_one", "0002_two"]
    assert await migrate(dsn, folder=files) == []
    folder(tmp_path, m0003_three="CREATE TABLE c (id int)")
    assert await migrate(dsn, folder=files) == ["0003_three"]
    assert await tables(dsn) == {"a", "c", "schema_migrations"}


async def test_several_programs_that_migrate_at_once_apply_each_file_once(dsn: str, tmp_path: Path) -> None:
    files = folder(tmp_path, m0001_one="CREATE TABLE a (id int)", m0002_two="CREATE TABLE b (id int)")
    applied = await asyncio.gather(*(migrate(dsn, folder=files) for _ in range(8)))
    assert sorted(name for names in applied for name in names) == ["0001_one", "0002_two"]


async def test_a_file_that_fails_leaves_nothing_and_names_its_line(dsn: str, tmp_path: Path) -> None:
    files = folder(
        tmp_path, m0001_one="CREATE TABLE a (id int)", m0002_two="CREATE TABLE b (id int);\n\nSELECT nope"
    )
    with pytest.raises(
        MigrationError, match=r'0002_two failed and left nothing behind: .*"nope".*\(line 3\)'
    ):
        await migrate(dsn, folder=files)
    assert await tables(dsn) == {"a", "schema_migrations"}
    (tmp_path / "0002_two.sql").write_text("CREATE TABLE b (id int)", encoding="utf-8")
    assert await migrate(dsn, folder=files) == ["0002_two"]


async def test_a_file_that_changed_after_it_was_applied_is_refused(dsn: str, tmp_path: Path) -> None:
    files = folder(tmp_path, m0001_one="CREATE TABLE a (id int)")
    await migrate(dsn, folder=files)
    folder(tmp_path, m0001_one="CREATE TABLE a (id bigint)", m0002_two="CREATE TABLE b (id int)")
    with pytest.raises(MigrationError, match=r"0001_one\.sql is not the one that was applied"):
        await migrate(dsn, folder=files)
    assert await tables(dsn) == {"a", "schema_migrations"}


async def test_a_database_of_a_newer_version_is_refused(dsn: str, tmp_path: Path) -> None:
    newer = folder(tmp_path / "new", m0001_one="SELECT 1", m0002_two="SELECT 2")
    older = folder(tmp_path / "old", m0001_one="SELECT 1")
    await migrate(dsn, folder=newer)
    with pytest.raises(
        MigrationError, match="has migration 0002_two, which this version of Merx does not know"
    ):
        await migrate(dsn, folder=older)


async def test_the_application_role_may_read_but_not_write_what_was_applied(dsn: str, tmp_path: Path) -> None:
    files = folder(tmp_path, m0001_one="GRANT ALL ON ALL TABLES IN SCHEMA public TO merx_app")
    await migrate(dsn, folder=files)
    connection = await asyncpg.connect(dsn, server_settings={"role": "merx_app"})
    try:
        assert await connection.fetchval("SELECT name FROM schema_migrations") == "one"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM schema_migrations")
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["m0001_one", "m0003_three"], "0003_three.sql should have the number 0002"),
        (["m0001_one", "m0001_other"], "should have the number 0002"),
        (["m1_one"], "must be named NNNN_lower_case_name.sql"),
    ],
)
def test_misnumbered_files_are_refused(tmp_path: Path, names: list[str], complaint: str) -> None:
    with pytest.raises(MigrationError, match=complaint):
        load_migrations(folder(tmp_path, **dict.fromkeys(names, "SELECT 1")))


async def test_an_unreachable_database_is_a_clear_refusal(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="the database cannot be reached"):
        await migrate(f"postgresql://merx@/merx?host={tmp_path}", folder=folder(tmp_path))
