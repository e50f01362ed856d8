"""`merx serve` as a person runs it: starts, survives the death of any of its processes, and stops without remains."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tests.world.ports import simulators_on

START_SECONDS = 120
SECONDS = 60


class Shop:
    """A shop that was started as a program of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MERX_")
        } | simulators_on(home, workers=2)
        self.port = int(self.environment["MERX_PORT"])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> psutil.Process:
        output = (self.home.parent / "output").open("wb")
        with output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "merx", "serve"],
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until(lambda: "Merx is ready" in self.said() or self.process_ended(), seconds=START_SECONDS)
        assert not self.process_ended(), self.said()
        return psutil.Process(self.process.pid)

    def process_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def said(self) -> str:
        return (self.home.parent / "output").read_text(encoding="utf-8", errors="replace")

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status < 500
        except OSError:
            return False
        finally:
            connection.close()

    def merx(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "merx", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip() if done.returncode == 0 else done.stderr.strip()


def until(happens: Callable[[], object], *, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def part(serve: psutil.Process, name: str) -> psutil.Process | None:
    for child in serve.children():
        with contextlib.suppress(psutil.Error):
            command = child.cmdline()
            if command[-1:] == [name] or (name == "postgres" and "-D" in command):
                return child
    return None


def kill_part(serve: psutil.Process, name: str) -> None:
    """Kill one part and wait until another process has taken its place."""
    killed = part(serve, name)
    assert killed is not None
    killed.kill()
    until(lambda: (found := part(serve, name)) is not None and found.pid != killed.pid)


@pytest.fixture
def shop() -> Iterator[Shop]:
    folder = Path(tempfile.mkdtemp(prefix="merx-test-"))
    folder.chmod(0o711)
    shop = Shop(folder / "home")
    yield shop
    if shop.process is not None and shop.process.poll() is None:
        shop.process.send_signal(signal.SIGTERM)
        shop.process.wait(SECONDS)
    shutil.rmtree(folder)


@pytest.mark.slow
def test_every_killed_part_comes_back_and_a_stop_leaves_no_process(shop: Shop) -> None:
    serve = shop.start()
    assert shop.process is not None
    for name in ("worker", "simulators", "postgres", "web"):
        kill_part(serve, name)
    until(shop.answers)
    until(lambda: shop.merx("psql", "-Atc", "SELECT 42") == "42")
    everything = [serve, *serve.children(recursive=True)]
    shop.process.send_signal(signal.SIGINT)
    assert shop.process.wait(SECONDS) == 0
    until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in everything))
    assert not (shop.home / "postgres.json").exists()


@pytest.mark.slow
def test_web_workers_killed_one_after_another_never_close_the_shop(shop: Shop) -> None:
    serve = shop.start()
    web = part(serve, "web")
    assert web is not None
    for _ in range(4):
        worker = web.children()[0]
        worker.kill()
        until(lambda: len(web.children()) == 2 and worker not in web.children())  # noqa: B023
        until(shop.answers)  # the other worker may still be starting itself
    assert part(serve, "web") == web


@pytest.mark.slow
def test_a_killed_supervisor_takes_its_processes_along_and_the_next_start_works(shop: Shop) -> None:
    serve = shop.start()
    assert shop.process is not None
    everything = serve.children(recursive=True)
    shop.process.kill()
    shop.process.wait()
    until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in everything))
    shop.start()
    assert shop.answers()


@pytest.mark.slow
def test_a_second_shop_on_the_same_home_is_refused_with_the_address_of_the_first(shop: Shop) -> None:
    serve = shop.start()
    refusal = shop.merx("serve")
    assert f"Merx already runs with the home folder {shop.home}: http://localhost:{shop.port}" in refusal
    assert f"(process {serve.pid})" in refusal
    assert json.loads((shop.home / "serve.json").read_text())["pid"] == serve.pid
    assert shop.answers()


def test_a_port_in_use_is_named_with_the_setting_to_change(shop: Shop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", shop.port))
        taken.listen()
        refusal = shop.merx("serve")
    assert f"port {shop.port} of 127.0.0.1 cannot be used" in refusal
    assert "set MERX_PORT to a free port" in refusal
    assert not (shop.home / "postgres").exists()


def test_a_part_without_a_database_says_what_to_do(shop: Shop) -> None:
    assert "MERX_DATABASE_URL: nothing was given." in shop.merx("worker")


def test_a_mistyped_command_is_answered_with_the_commands_there_are(shop: Shop) -> None:
    refusal = shop.merx("srve")
    assert "No such command 'srve'." in refusal
    assert (
        "Commands: bench, catalog, config, demo, migrate, psql, reconcile, serve, simulators, staff, verify, web, worker."
        in refusal
    )


def test_an_import_for_an_unknown_seller_is_refused_and_the_database_stops_again(shop: Shop) -> None:
    file = shop.home.parent / "products.csv"
    file.write_text("name,slug,sku,price\nThing,thing,A-1,1.00\n", encoding="utf-8")
    refusal = shop.merx("catalog", "import", str(file), "--seller", "nobody")
    assert "Invalid value for --seller: there is no seller with the code 'nobody'" in refusal
    assert not (shop.home / "postgres.json").exists()


def test_the_settings_are_shown_with_value_source_and_purpose(shop: Shop) -> None:
    lines = [line.split("\t") for line in shop.merx("config").splitlines()]
    assert ["MERX_PORT", str(shop.port), "environment", "Port of the shop."] in lines
    assert not (shop.home / "secrets").exists()
