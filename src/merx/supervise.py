"""The process tree of `merx serve`: PostgreSQL, simulators, job worker and web server, started and stopped in order.

Every child is in a process group of its own, so Ctrl-C reaches only this process, which stops the others one after
another. A child that dies is started again. On Linux children end when this process is killed.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from merx.infra.logging import get_logger
from merx.infra.migrate import migrate
from merx.infra.postgres import EmbeddedPostgres
from merx.infra.postgres.errors import AlreadyRunningError
from merx.infra.processes import child_setup, kill_group
from merx.infra.settings import Settings

log = get_logger(__name__)

_POLL = 0.1
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_STEADY_SECONDS = 10.0
_DEATHS_BEFORE_READY = 3
_READY_SECONDS = 120.0
_STOP_SECONDS = 20.0
_OOM_SCORE = 300  # when memory runs out the kernel ends one of ours before PostgreSQL


class ServeError(Exception):
    """The shop cannot be started; the message says why and what to do."""


class Child:
    """A process that is kept running until it is stopped."""

    def __init__(self, name: str, arguments: list[str], *, environment: dict[str, str]) -> None:
        """`arguments` are those of the `merx` command."""
        self.name = name
        self.deaths = 0
        self._command = [sys.executable, "-m", "merx", *arguments]
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the process; from the main thread, because it dies with its creator."""
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=child_setup(signal.SIGTERM, oom_score=_OOM_SCORE),
        )

    async def finish(self) -> int:
        """Wait for the end of a process that ends by itself and return its exit code."""
        while self._process is not None and self._process.poll() is None:
            await asyncio.sleep(_POLL)
        return self._process.returncode if self._process is not None else 0

    async def keep_running(self) -> None:
        """Start the process again whenever it dies, until `stop`; sooner at first, later when it keeps dying."""
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE
        while self._is_wanted():
            started = loop.time()
            code = await self.finish()
            if self._process is None or not self._is_wanted():
                return
            self.deaths += 1
            log.warning("process_died", name=self.name, pid=self._process.pid, exit_code=code)
            kill_group(
                self._process.pid, signal.SIGKILL
            )  # what it started and left behind, such as web workers
            if loop.time() - started > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if self._is_wanted():
                self.start()
                log.info("process_restarted", name=self.name, pid=self.pid)

    def _is_wanted(self) -> bool:
        return not self._stopping

    async def stop(self) -> None:
        """Ask the process to end, and end its whole group after 20 seconds."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.finish(), _STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the process and everything in its group now."""
        self._stopping = True
        if self._process is not None:
            kill_group(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Running(msgspec.Struct, frozen=True):
    """What MERX_HOME/serve.json tells about a running shop."""

    pid: int
    public_url: str


class Shop:
    """One running shop: what is started, in order, and stopped in the opposite order."""

    def __init__(self, settings: Settings, *, demo: bool, say: Callable[[str], None]) -> None:
        """`say` shows one line of progress to a person."""
        self._settings = settings
        self._demo = demo
        self._say = say
        self._postgres: EmbeddedPostgres | None = None
        self._children: list[Child] = []
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start everything and return when the shop answers. Raises ServeError, PostgresError or MigrationError."""
        settings = self._settings
        self._require_free_ports()
        dsn = settings.system.database_url or await self._start_postgres()
        applied = await migrate(dsn, progress=lambda name: self._say(f"Migrating the database: {name}"))
        log.info("database_ready", migrations_applied=len(applied))
        environment = self._child_environment(dsn)
        if settings.system.simulators:
            simulators = self._start_child("simulators", environment)
            for port in settings.simulator_ports().values():
                await self._until_ready(simulators, _accepts("127.0.0.1", port))
        if self._demo:
            await self._load_demo(environment)
        self._start_child("worker", environment)
        web = self._start_child("web", environment)
        await self._until_ready(web, _is_healthy(settings))

    async def stop(self) -> None:
        """Stop everything in the opposite order of starting."""
        for keeper in self._keepers:
            keeper.cancel()
        for child in reversed(self._children):
            await child.stop()
        if self._postgres is not None:
            await self._postgres.stop()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def kill_children(self) -> None:
        """Somebody is in a hurry: end the children now (PostgreSQL still stops cleanly)."""
        for child in self._children:
            child.kill()

    async def _start_postgres(self) -> str:
        server = EmbeddedPostgres(
            home=self._settings.system.home, bin_dir=self._settings.system.postgres_bin_dir, log=log
        )
        told = False
        while True:
            try:
                dsn = await server.start()
                break
            except AlreadyRunningError:
                # No other `merx serve` (that is checked first): a command such as `merx verify` that will end.
                if not told:
                    self._say("Waiting for another merx command that uses the database")
                    told = True
                await asyncio.sleep(_POLL)
        self._postgres = server
        self._keep(server.watch())
        return dsn

    def _child_environment(self, dsn: str) -> dict[str, str]:
        return {
            **os.environ,
            "MERX_HOME": str(self._settings.system.home),
            "MERX_DATABASE_URL": dsn,
            "MERX_SIMULATORS": "true" if self._settings.system.simulators else "false",
            "PYTHONUNBUFFERED": "1",
        }

    def _start_child(self, name: str, environment: dict[str, str]) -> Child:
        child = Child(name, [name], environment=environment)
        self._children.append(child)
        child.start()
        self._keep(child.keep_running())
        return child

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        self._keepers.append(asyncio.create_task(work))

    async def _load_demo(self, environment: dict[str, str]) -> None:
        """Load the demo shop in a process of its own, so that its memory is free again afterwards."""
        loader = Child("demo", ["demo"], environment=environment)
        self._children.append(loader)
        loader.start()
        code = await loader.finish()
        self._children.remove(loader)
        if code != 0:
            msg = "the demo shop could not be loaded; the reason is above"
            raise ServeError(msg)

    async def _until_ready(self, child: Child, probe: Callable[[], Coroutine[None, None, bool]]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _READY_SECONDS
        while not await probe():
            if child.deaths >= _DEATHS_BEFORE_READY or loop.time() > deadline:
                msg = f"the {child.name} process does not start; the reason is above"
                raise ServeError(msg)
            await asyncio.sleep(_POLL)

    def _require_free_ports(self) -> None:
        settings = self._settings
        wanted = [("MERX_PORT", settings.web.host, settings.web.port)]
        wanted += [(variable, "127.0.0.1", port) for variable, port in settings.simulator_ports().items()]
        for variable, host, port in wanted:
            try:
                family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[
                    0
                ]
                with socket.socket(family, kind, protocol) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(address)
            except OSError as error:
                msg = (
                    f"port {port} of {host} cannot be used ({error.strerror}): set {variable} to a free port"
                )
                raise ServeError(msg) from error


async def serve(
    settings: Settings, *, demo: bool, say: Callable[[str], None], ready: Callable[[], None]
) -> None:
    """Run the shop until SIGINT or SIGTERM. `ready` is called once, when it answers.

    Raises ServeError, PostgresError or MigrationError when it cannot be started.
    """
    stop = asyncio.Event()
    shop = Shop(settings, demo=demo, say=say)

    def on_signal() -> None:
        if stop.is_set():
            shop.kill_children()
        stop.set()

    loop = asyncio.get_running_loop()
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(how, on_signal)
    async with _only_shop_of(settings):
        stopped = asyncio.create_task(stop.wait())
        starting = asyncio.create_task(shop.start())
        try:
            await asyncio.wait({stopped, starting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                ready()
                await stopped
            say("Stopping")
        finally:
            starting.cancel()
            stopped.cancel()
            await asyncio.gather(starting, stopped, return_exceptions=True)
            await shop.stop()


@contextlib.asynccontextmanager
async def _only_shop_of(settings: Settings) -> AsyncIterator[None]:
    """Refuse a second shop on the same home folder; the kernel frees the lock however this process ends."""
    settings.system.home.mkdir(parents=True, exist_ok=True)
    path = settings.system.home / "serve.json"  # holds the lock and tells about its holder
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServeError(_already_running(path)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(
            descriptor, msgspec.json.encode(Running(pid=os.getpid(), public_url=settings.web.public_url)), 0
        )
        yield
    finally:
        os.close(descriptor)


def _already_running(path: Path) -> str:
    try:
        running = msgspec.json.decode(path.read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return f"Merx already runs with the home folder {path.parent}"
    return (
        f"Merx already runs with the home folder {path.parent}: {running.public_url} (process {running.pid})"
    )


def _reachable_host(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _accepts(host: str, port: int) -> Callable[[], Coroutine[None, None, bool]]:
    async def probe() -> bool:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 5)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    return probe


def _is_healthy(settings: Settings) -> Callable[[], Coroutine[None, None, bool]]:
    host = _reachable_host(settings.web.host)
    question = f"GET /health HTTP/1.1\r\nHost: {urlsplit(settings.web.public_url).netloc}\r\nConnection: close\r\n\r\n"

    async def probe() -> bool:
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(host, settings.web.port), 5)
            try:
                writer.write(question.encode())
                status = (await asyncio.wait_for(reader.readline(), 10)).split()
                # Anything but a fault: a proxy in front may be the only host that is answered.
                return len(status) > 1 and status[1] < b"500"
            finally:
                writer.close()
        except (OSError, TimeoutError):
            return False

    return probe
