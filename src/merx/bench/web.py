"""Web processes for a run: the shop as in production, and the trivial application."""

import asyncio
import base64
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from merx.bench.model import BenchError
from merx.infra.processes import child_setup, kill_group
from merx.infra.settings import Settings
from merx.payments.providers.alipay.settings import SIMULATED_APP_ID, SIMULATED_SELLER_ID
from merx.payments.providers.wechat.settings import SIMULATED

_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 15.0
_NOWHERE: Final = "http://127.0.0.1:9"  # a purchase is placed before any provider is called


class WebServer:
    """A running web server."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.url = f"http://127.0.0.1:{port}"


def provider_keys(home: Path) -> tuple[Path, Path]:
    """The files of the private and public key with which the shop and its providers sign in this run."""
    private, public = home / "provider_private.pem", home / "provider_public.pem"
    if not private.exists():
        _write_keys(private, public)
    return private, public


def shop_environment(settings: Settings, dsn: str, *, home: Path, port: int) -> dict[str, str]:
    """The environment of a shop over `dsn` with a home folder and keys of its own, otherwise set as this one."""
    private, public = provider_keys(home)
    given = {name: value for name, value in os.environ.items() if not name.startswith("MERX_")}
    return given | {
        "MERX_HOME": str(home),
        "MERX_DATABASE_URL": dsn,
        "MERX_PORT": str(port),
        "MERX_WEB_WORKERS": str(settings.web.web_workers),
        "MERX_DB_POOL_SIZE": str(settings.system.db_pool_size),
        "MERX_MASTER_KEYS": "k1:" + _key(),
        "MERX_BLIND_INDEX_KEY": _key(),
        "MERX_LOG_LEVEL": "warning",
        "MERX_ALIPAY_GATEWAY_URL": f"{_NOWHERE}/gateway.do",
        "MERX_ALIPAY_APP_ID": SIMULATED_APP_ID,
        "MERX_ALIPAY_SELLER_ID": SIMULATED_SELLER_ID,
        "MERX_ALIPAY_PRIVATE_KEY_FILE": str(private),
        "MERX_ALIPAY_PUBLIC_KEY_FILE": str(public),
        "MERX_WECHAT_BASE_URL": _NOWHERE,
        "MERX_WECHAT_PRIVATE_KEY_FILE": str(private),
        "MERX_WECHAT_PUBLIC_KEY_FILE": str(public),
        **{f"MERX_{name.upper()}": value for name, value in SIMULATED.items()},
    }


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _write_keys(private: Path, public: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


@contextlib.asynccontextmanager
async def shop_server(
    settings: Settings, dsn: str, *, home: Path, more: Mapping[str, str] | None = None
) -> AsyncIterator[WebServer]:
    """`merx web` over `dsn`, as the shop itself runs it, on a free port; `more` is added to its environment."""
    port = free_port()
    environment = shop_environment(settings, dsn, home=home, port=port) | dict(more or {})
    async with _running(["-m", "merx", "web"], environment, port=port, log=home / "web.log") as server:
        yield server


@contextlib.asynccontextmanager
async def trivial_server(settings: Settings, *, home: Path) -> AsyncIterator[WebServer]:
    """The trivial application with as many workers as the shop."""
    port = free_port()
    command = ["-m", "merx.bench.trivial", str(port), str(settings.web.web_workers)]
    async with _running(command, dict(os.environ), port=port, log=home / "trivial.log") as server:
        yield server


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def _running(
    arguments: list[str], environment: dict[str, str], *, port: int, log: Path
) -> AsyncIterator[WebServer]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=output,
            stderr=asyncio.subprocess.STDOUT, start_new_session=True, preexec_fn=child_setup(signal.SIGTERM),
        )  # fmt: skip
    try:
        await _until_ready(process, port, log)
        yield WebServer(process.pid, port)
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        kill_group(process.pid, signal.SIGKILL)
        await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _READY_SECONDS
    while not await _answers(port):
        if process.returncode is not None or loop.time() > deadline:
            raise BenchError(f"the web server does not start: {_read(log)[-1500:].strip()}")
        await asyncio.sleep(0.1)


async def _answers(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 200")
        finally:
            writer.close()
    except (OSError, TimeoutError):
        return False


def worker_memory_mb(pid: int) -> float:
    """The resident set of the largest worker process of a web server, in MB. Raises BenchError where /proc is missing."""
    sizes = [_resident_kb(child) for child in _children(pid)]
    if not sizes:
        raise BenchError(
            "the memory of a web worker cannot be read here: there is no /proc, or no worker runs"
        )
    return max(sizes) / 1024


def _children(pid: int) -> list[int]:
    return [
        int(status.parent.name)
        for status in Path("/proc").glob("[0-9]*/status")
        if f"\nPPid:\t{pid}\n" in _read(status)
    ]


def _resident_kb(pid: int) -> int:
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # gone since
        return ""
