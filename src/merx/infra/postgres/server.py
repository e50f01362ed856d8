"""The supervisor of the embedded PostgreSQL: makes the cluster, starts, watches and stops the server."""

import asyncio
import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import asyncpg
import msgspec

from merx.infra import machine
from merx.infra.postgres import configuration, installation
from merx.infra.postgres.errors import AlreadyRunningError, PostgresError
from merx.infra.processes import child_setup, exists, is_running, program_name, wait_gone

CONNECTION_FILE = "postgres.json"
OWNER_LOCK = "postgres.lock"
_POLL = 0.05
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_START_ATTEMPTS_SECONDS = 60.0
_FAST_STOP_SECONDS = 20.0
_IMMEDIATE_STOP_SECONDS = 10.0
_STATUS_LINE = 7
_LOG_TAIL = 2_000

_ROLE = "CREATE ROLE merx_owner LOGIN CREATEDB CREATEROLE"
_HAS_ROLE = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'merx_owner')"
_DATABASE = "CREATE DATABASE merx OWNER merx_owner"
_HAS_DATABASE = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'merx')"


class Log(Protocol):
    """What the supervisor needs of a logger."""

    def info(self, event: str, /, **facts: object) -> object:
        """Something happened as planned."""

    def warning(self, event: str, /, **facts: object) -> object:
        """Something happened that was mended."""


class Connection(msgspec.Struct, frozen=True):
    """How another program of this machine finds the running server (MERX_HOME/postgres.json)."""

    dsn: str
    pid: int
    bin_dir: str
    data_dir: str


def read_connection(home: Path) -> Connection | None:
    """The connection of the server that runs for this home, or None when none has announced itself."""
    try:
        return msgspec.json.decode((home / CONNECTION_FILE).read_bytes(), type=Connection)
    except (OSError, msgspec.DecodeError):
        return None


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file so that a reader or a crash sees the old or the new content; readable by its owner only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)


class EmbeddedPostgres:
    """One PostgreSQL server for one home folder, run by this process and stopped with it."""

    def __init__(self, *, home: Path, bin_dir: Path | None, log: Log) -> None:
        """Nothing is touched before `start`; `bin_dir` is the operator's own PostgreSQL, None for the installed one."""
        self._home = home
        self._configured_bin_dir = bin_dir
        self._log = log
        self._place: installation.Installation | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner_lock: int | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def dsn(self) -> str:
        """The address for the owner of the `merx` database; valid after `start`."""
        return f"postgresql://{configuration.OWNER_ROLE}@/{configuration.DATABASE}?host={quote(str(self._at.socket_dir), safe='')}"

    @property
    def _at(self) -> installation.Installation:
        if self._place is None:
            msg = "the embedded PostgreSQL was not started"
            raise PostgresError(msg)
        return self._place

    async def start(self) -> str:
        """Make the cluster if there is none, start the server, wait until it answers and return its address.

        Crash recovery may take as long as it needs. Raises AlreadyRunningError when another program runs the server
        of this home, PostgresError when it cannot run. Call it from the main thread.
        """
        self._stopping = False
        self._home.mkdir(parents=True, exist_ok=True)
        self._take_owner_lock()
        try:
            self._place = installation.prepare(self._home, self._configured_bin_dir)
            await self._end_leftover()
            if not (self._at.data_dir / "PG_VERSION").is_file():
                await self._make_cluster()
            self._check_version()
            self._write_configuration()
            await self._launch_until_ready(give_up=True)
            await self._make_database()
            self._announce()
        except BaseException:
            await self.stop()
            raise
        return self.dsn

    async def stop(self) -> None:
        """End the server: connections are closed, everything is written; after 20 s it is ended the hard way."""
        self._stopping = True
        with contextlib.suppress(FileNotFoundError):
            if self._owner_lock is not None:
                (self._home / CONNECTION_FILE).unlink()
        process = self._process
        if process is not None and process.poll() is None:
            for how, seconds in (
                (signal.SIGINT, _FAST_STOP_SECONDS),
                (signal.SIGQUIT, _IMMEDIATE_STOP_SECONDS),
            ):
                process.send_signal(how)
                if await _ended(process, seconds):
                    break
            else:
                process.kill()
                process.wait()
        self._process = None
        if self._owner_lock is not None:
            os.close(self._owner_lock)
            self._owner_lock = None

    async def watch(self) -> None:
        """Keep the server running until `stop`: when it dies it is started again, as often as needed."""
        while not self._stopping:
            process = self._process
            if process is not None and process.poll() is None:
                await asyncio.sleep(_POLL * 2)
                continue
            if process is not None:
                self._log.warning("postgres_died", pid=process.pid, exit_code=process.returncode)
            await self._launch_until_ready(give_up=False)
            if not self._stopping:
                self._announce()
                self._log.info("postgres_restarted", pid=self.pid)

    @property
    def _start_log(self) -> Path:
        """What the programs say before PostgreSQL writes its own log."""
        folder = self._home / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / "postgres-start.log"

    def _said(self) -> str:
        return self._start_log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:].strip()

    def _take_owner_lock(self) -> None:
        descriptor = os.open(self._home / OWNER_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # The kernel frees it when this process ends in whatever way.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            msg = f"the embedded PostgreSQL of {self._home} is already run by another merx process"
            raise AlreadyRunningError(msg) from None
        self._owner_lock = descriptor

    async def _end_leftover(self) -> None:
        """End a server whose supervisor was killed, and disarm a lock file that names a stranger's process.

        We hold the owner lock, so no living supervisor has this server.
        """
        lock_file = self._at.data_dir / "postmaster.pid"
        try:
            lines = lock_file.read_text(encoding="utf-8", errors="replace").split("\n")
            pid = int(lines[0])
        except (OSError, ValueError):
            return
        if not exists(pid):
            return
        name = program_name(pid)
        if not is_running(pid) or (name is not None and name != "postgres"):
            # After a reboot the pid may be anybody's, and in a container without an init process a killed server stays
            # as a zombie; PostgreSQL takes both for a living server. Our own pid tells it that the file is stale, while
            # its other check (is the old shared memory still in use?) stays in force; deleting the file would lose it.
            lines[0] = str(os.getpid())
            lock_file.write_text("\n".join(lines), encoding="utf-8")
            return
        self._log.warning("postgres_leftover_stopped", pid=pid)
        for how, seconds in ((signal.SIGINT, _FAST_STOP_SECONDS), (signal.SIGQUIT, _IMMEDIATE_STOP_SECONDS)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            if await wait_gone(pid, seconds=seconds):
                return
        msg = f"an older PostgreSQL of {self._at.data_dir} (pid {pid}) does not stop"
        raise PostgresError(msg)

    async def _make_cluster(self) -> None:
        """Make the cluster beside its final place and rename it, so that an interrupted start leaves no half one."""
        place = self._at
        self._log.info("postgres_creating", data_dir=str(place.data_dir), os_user=place.user.name)
        draft = place.data_dir.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        command = [
            str(place.bin_dir / "initdb"),
            f"--pgdata={draft}",
            *configuration.initdb_arguments(place.major),
        ]
        with self._start_log.open("wb") as output:
            process = self._spawn(command, output)
        while process.poll() is None:
            await asyncio.sleep(_POLL)
        if process.returncode != 0:
            msg = f"initdb failed: {self._said()}"
            raise PostgresError(msg)
        with (draft / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(configuration.INCLUDES)
        draft.rename(place.data_dir)

    def _check_version(self) -> None:
        made_with = (self._at.data_dir / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_with != str(self._at.major):
            msg = (
                f"{self._at.data_dir} was made by PostgreSQL {made_with}, the programs are {self._at.major}: "
                f"set MERX_POSTGRES_BIN_DIR to PostgreSQL {made_with}, or move the data with pg_upgrade"
            )
            raise PostgresError(msg)

    def _write_configuration(self) -> None:
        place = self._at
        me = pwd.getpwuid(os.geteuid()).pw_name
        contents = {
            "pg_hba.conf": configuration.HBA,
            "pg_ident.conf": configuration.ident([me, place.user.name]),
            "merx.conf": configuration.server(
                socket_dir=place.socket_dir,
                memory_bytes=machine.memory_bytes(),
                cores=machine.cores(),
                major=place.major,
            ),
        }
        for name, content in contents.items():
            write_atomically(place.data_dir / name, content.encode())
            os.chown(place.data_dir / name, place.user.uid, place.user.gid)

    async def _launch_until_ready(self, *, give_up: bool) -> None:
        """Launch until a server is ready. One that exits is launched again: orphaned backends may need to leave first.

        With `give_up` it raises PostgresError when launching has failed for a minute; a server that stays up and
        recovers is waited for without limit.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_ATTEMPTS_SECONDS
        pause = _FIRST_PAUSE
        while not self._stopping:
            with self._start_log.open("wb") as output:
                process = self._spawn(
                    [str(self._at.bin_dir / "postgres"), "-D", str(self._at.data_dir)], output
                )
            self._process = process  # `stop` may take it away while this waits
            while process.poll() is None:
                if self._is_ready(process.pid):
                    return
                await asyncio.sleep(_POLL)
            said = self._said()
            if give_up and (loop.time() > deadline or not _may_pass(said)):
                msg = f"PostgreSQL does not start: {said or self._last_log_lines()}"
                raise PostgresError(msg)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = (
                (self._at.data_dir / "postmaster.pid")
                .read_text(encoding="utf-8", errors="replace")
                .split("\n")
            )
        except OSError:
            return False
        return len(lines) > _STATUS_LINE and lines[0] == str(pid) and lines[_STATUS_LINE].strip() == "ready"

    def _last_log_lines(self) -> str:
        logs = sorted((self._at.data_dir / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        return (
            logs[-1].read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:].strip()
            if logs
            else "no message"
        )

    def _spawn(self, command: list[str], output: object) -> "subprocess.Popen[bytes]":
        user = self._at.user
        as_user = {} if user.is_me else {"user": user.uid, "group": user.gid, "extra_groups": [user.gid]}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            command,
            cwd=self._at.data_dir.parent,
            env={"PATH": f"{self._at.bin_dir}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C reaches the supervisor, which stops things in order. SIGINT is PostgreSQL's
            # fast and clean shutdown, so even a killed supervisor leaves a consistent, stopped cluster behind.
            start_new_session=True,
            umask=0o077,
            preexec_fn=child_setup(signal.SIGINT),
            **as_user,
        )

    async def _make_database(self) -> None:
        """Make the owner's role and database when missing (a crash between the two is mended by the next start)."""
        connection = await asyncpg.connect(
            host=str(self._at.socket_dir),
            user=configuration.SUPERUSER,
            database="postgres",
            timeout=60,
        )
        try:
            if not await connection.fetchval(_HAS_ROLE):
                await connection.execute(_ROLE)
            if not await connection.fetchval(_HAS_DATABASE):
                await connection.execute(_DATABASE)
        finally:
            await connection.close(timeout=5)

    def _announce(self) -> None:
        if self._process is None:
            return
        connection = Connection(
            dsn=self.dsn,
            pid=self._process.pid,
            bin_dir=str(self._at.bin_dir),
            data_dir=str(self._at.data_dir),
        )
        write_atomically(self._home / CONNECTION_FILE, msgspec.json.encode(connection))


def _may_pass(said: str) -> bool:
    """Whether a refusal to start may go away by itself: remains of a killed server that are still leaving."""
    return "lock file" in said or "shared memory block" in said or "still in use" in said


async def _ended(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while process.poll() is None:
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(_POLL)
    return True
