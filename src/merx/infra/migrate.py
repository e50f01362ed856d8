"""Schema migrations: numbered plain-SQL files, applied in order under a lock, checksummed, forward only."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg
import msgspec

APP_ROLE = "merx_app"
_LOCK = (
    7_237_848_541_218_903  # an arbitrary constant: the advisory lock of all Merx migrations in one database
)
_DDL_LOCK_TIMEOUT = "10s"  # a migration that waits longer for a table lock would stop the shop behind it
_FILE_NAME = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")
_ROLE_ATTEMPTS = 20

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer PRIMARY KEY CHECK (number > 0),
    name       text NOT NULL,
    checksum   text NOT NULL CHECK (checksum ~ '^[0-9a-f]{64}$'),
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
_PROTECT_LEDGER = """
REVOKE ALL ON schema_migrations FROM merx_app;
GRANT SELECT ON schema_migrations TO merx_app;
GRANT USAGE ON SCHEMA public TO merx_app;
"""
_APPLIED = "SELECT number, name, checksum FROM schema_migrations ORDER BY number"
_RECORD = "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)"
_ROLE_STATE = """
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'merx_app') AS made,
       EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND (rolcreaterole OR rolsuper)) AS may_make,
       CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'merx_app')
            THEN pg_has_role(current_user, 'merx_app', 'SET') ELSE false END AS may_set
"""


class MigrationError(Exception):
    """The schema cannot be brought to this version of Merx; the message says why and what to do."""


class Migration(msgspec.Struct, frozen=True):
    """One numbered SQL file."""

    number: int
    name: str
    sql: str
    checksum: str


def load_migrations(folder: Traversable | None = None) -> list[Migration]:
    """The migrations of a folder (default: those of this version of Merx) in order.

    Raises MigrationError on a misnamed file, a number used twice or a gap.
    """
    found = []
    for file in (folder or files("merx.migrations")).iterdir():
        if not file.name.endswith(".sql"):
            continue
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            msg = f"migration {file.name!r} must be named NNNN_lower_case_name.sql"
            raise MigrationError(msg)
        content = file.read_bytes()
        found.append(
            Migration(
                number=int(match[1]),
                name=match[2],
                sql=content.decode("utf-8"),
                checksum=hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest(),
            )
        )
    found.sort(key=lambda migration: migration.number)
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            msg = f"migration {migration.number:04}_{migration.name}.sql should have the number {expected:04}"
            raise MigrationError(msg)
    return found


async def migrate(
    dsn: str,
    *,
    progress: Callable[[str], None] | None = None,
    folder: Traversable | None = None,
) -> list[str]:
    """Bring the database to this version and return the names of the migrations that were applied now.

    Safe to run from several processes at once and again after a crash: each file is applied in a transaction of its
    own together with its row in `schema_migrations`. Also makes the application's role `merx_app`. Raises
    MigrationError when a file changed after it was applied, when the database is newer than this program, when a
    right is missing, or when a statement fails.
    """
    wanted = load_migrations(folder)
    try:
        connection = await asyncpg.connect(dsn, timeout=30, command_timeout=None)
    except (OSError, asyncpg.PostgresError) as error:
        msg = f"the database cannot be reached: {error}"
        raise MigrationError(msg) from error
    try:
        await _ensure_role(connection)
        applied: list[str] = []
        while (migration := await _apply_next(connection, wanted, progress)) is not None:
            applied.append(f"{migration.number:04}_{migration.name}")
        return applied
    finally:
        await connection.close(timeout=5)


async def _ensure_role(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make the application's role and let the current user switch to it; roles belong to the whole server."""
    for attempt in range(_ROLE_ATTEMPTS):
        state = await connection.fetchrow(_ROLE_STATE)
        if state is None or state["may_set"]:
            return
        if not state["made"] and not state["may_make"]:
            msg = (
                f"the database role {APP_ROLE} is missing and this user may not create it. As an administrator run: "
                f"CREATE ROLE {APP_ROLE} NOLOGIN; GRANT {APP_ROLE} TO <the user of MERX_DATABASE_URL>;"
            )
            raise MigrationError(msg)
        try:
            if not state["made"]:
                await connection.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
            await connection.execute(f"GRANT {APP_ROLE} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE")
        except asyncpg.InsufficientPrivilegeError as error:
            msg = f"this user may not use the role {APP_ROLE}. As an administrator run: GRANT {APP_ROLE} TO <user>;"
            raise MigrationError(msg) from error
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError, asyncpg.InternalServerError):
            # Another database of the same server is being migrated at this moment; look again.
            await asyncio.sleep(0.02 * (attempt + 1))
    msg = f"the database role {APP_ROLE} could not be made; other migrations kept changing it"
    raise MigrationError(msg)


async def _apply_next(
    connection: "asyncpg.Connection[asyncpg.Record]",
    wanted: list[Migration],
    progress: Callable[[str], None] | None,
) -> Migration | None:
    """Apply the first missing migration in a transaction of its own, or return None when there is none."""
    async with connection.transaction():
        # Taken in the transaction, so that a crash frees it, and before the table is made: CREATE races otherwise.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_LEDGER)
        applied = await connection.fetch(_APPLIED)
        _check_applied(wanted, [(row["number"], row["name"], row["checksum"]) for row in applied])
        if len(applied) == len(wanted):
            await connection.execute(_PROTECT_LEDGER)
            return None
        migration = wanted[len(applied)]
        label = f"{migration.number:04}_{migration.name}"
        if progress is not None:
            progress(label)
        await connection.execute(f"SET LOCAL lock_timeout = '{_DDL_LOCK_TIMEOUT}'")
        try:
            await connection.execute(migration.sql)
        except asyncpg.PostgresError as error:
            msg = f"migration {label} failed and left nothing behind: {error}{_place(migration.sql, error)}"
            raise MigrationError(msg) from error
        await connection.execute(_RECORD, migration.number, migration.name, migration.checksum)
        return migration


def _check_applied(wanted: list[Migration], applied: list[tuple[int, str, str]]) -> None:
    if len(applied) > len(wanted):
        number, name, _ = applied[len(wanted)]
        msg = f"the database has migration {number:04}_{name}, which this version of Merx does not know: use a newer one"
        raise MigrationError(msg)
    for migration, (number, name, checksum) in zip(wanted, applied, strict=False):
        if (migration.number, migration.name, migration.checksum) != (number, name, checksum):
            msg = (
                f"migration {migration.number:04}_{migration.name}.sql is not the one that was applied to this database "
                f"({number:04}_{name}, sha256 {checksum[:12]}…). An applied file never changes: restore it and write a "
                "new migration."
            )
            raise MigrationError(msg)


def _place(sql: str, error: asyncpg.PostgresError) -> str:
    """The line of the file in which a statement failed, when PostgreSQL names a position."""
    position = getattr(error, "position", None)
    return f" (line {sql.count(chr(10), 0, int(position)) + 1})" if position else ""
