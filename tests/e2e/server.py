"""One real shop for all workers of a test run: the first that needs it starts it, the last that leaves stops it."""

import contextlib
import fcntl
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
from PIL import Image, ImageDraw
from tests.world.ports import simulators_on

from merx.demo.content import read_products, read_shop
from merx.demo.fetch import SHA256

_START_SECONDS = 120
_STOP_SECONDS = 30
_STARTED: list[subprocess.Popen[bytes]] = []  # kept: another worker may need it longer than this one


class RunningShop(msgspec.Struct, frozen=True):
    """Where the shop is. `url` and `mail_url` have no slash at the end."""

    home: str
    url: str
    mail_url: str
    pid: int
    environment: dict[str, str]

    def merx(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a merx command on the same home folder, as a person at the same machine would."""
        return subprocess.run(
            [sys.executable, "-m", "merx", *arguments],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


class _Shared(msgspec.Struct):
    """What the workers of a run tell each other."""

    users: int
    shop: RunningShop


@contextlib.contextmanager
def shared_shop(folder: Path, *, real_photographs: bool = False) -> Iterator[RunningShop]:
    """The shop of everybody who names the same `folder`; running until the last of them is done."""
    state = folder / "e2e-shop.json"
    with _locked(folder / "e2e-shop.lock"):
        if state.exists():
            shared = msgspec.json.decode(state.read_bytes(), type=_Shared)
        else:
            shared = _Shared(users=0, shop=_start(real_photographs=real_photographs))
        shared.users += 1
        state.write_bytes(msgspec.json.encode(shared))
    try:
        yield shared.shop
    finally:
        with _locked(folder / "e2e-shop.lock"):
            shared = msgspec.json.decode(state.read_bytes(), type=_Shared)
            shared.users -= 1
            state.write_bytes(msgspec.json.encode(shared))
            if shared.users == 0:
                state.unlink()
                _stop(shared.shop)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(*, real_photographs: bool) -> RunningShop:
    # Not below pytest's own folder: PostgreSQL may run as another user, who must be let through.
    folder = Path(tempfile.mkdtemp(prefix="merx-e2e-"))
    folder.chmod(0o711)
    home = folder / "home"
    if not real_photographs:
        _draw_pictures(home / "cache")
    environment = simulators_on(home, workers=1)
    said = folder / "output"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "merx", "serve", "--demo"],
            env={name: value for name, value in os.environ.items() if not name.startswith("MERX_")} | environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )  # fmt: skip
    _STARTED.append(process)
    try:
        _wait_until_ready(process, said)
    except AssertionError:
        process.kill()
        shutil.rmtree(folder)
        raise
    return RunningShop(
        home=str(home),
        url=f"http://localhost:{environment['MERX_PORT']}",
        mail_url=f"http://localhost:{environment['MERX_SIMULATOR_MAIL_HTTP_PORT']}",
        pid=process.pid,
        environment=environment,
    )


def _wait_until_ready(process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while "Merx is ready" not in (words := said.read_text(encoding="utf-8", errors="replace")):
        assert process.poll() is None, words
        assert time.monotonic() < deadline, words
        time.sleep(0.05)


def _stop(shop: RunningShop) -> None:
    """End it as Ctrl-C does. The process may be another worker's child, and that worker gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(shop.pid)
        process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "the shop does not stop"
            time.sleep(0.05)
    shutil.rmtree(Path(shop.home).parent)


def _draw_pictures(cache: Path) -> None:
    """Small pictures where the fetched photographs would lie: no network, and prepared in no time."""
    folder = cache / f"demo-pictures-{SHA256[:12]}"
    folder.mkdir(parents=True)
    products = [product for seller in read_shop().sellers for product in read_products(seller)]
    for index, product in enumerate(products):
        (folder / product.picture.file).write_bytes(a_picture(index))


def a_picture(number: int) -> bytes:
    """A PNG of 64 by 80 pixels that differs from every other number's."""
    image = Image.new("RGB", (64, 80), (40 + 3 * (number % 60), 120, 200 - 3 * (number % 60)))
    ImageDraw.Draw(image).ellipse((8, 16, 56, 64), fill=(250, 240 - 2 * (number % 60), 210))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
