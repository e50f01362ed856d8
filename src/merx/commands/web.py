"""The web server: Granian with several worker processes."""

import multiprocessing
import signal
import time
from collections import deque
from typing import Any

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from merx.app import create_app
from merx.configuration import load_settings
from merx.infra.logging import configure_logging
from merx.infra.processes import die_with_parent
from merx.infra.settings import Settings

_HEADER_SECONDS = 10
_STOP_SECONDS = 10
_RESPAWN_SECONDS = 0.5
_LOOP_WINDOW_SECONDS = 10.0
_LOOP_DEATHS_PER_WORKER = 5

#: Granian's loggers write through the root logger, which `configure_logging` has set up.
_LOGGING = {"version": 1, "disable_existing_loggers": False, "loggers": {"_granian": {"propagate": True}}}


class _Respawns(dict[int, float]):
    """When workers were respawned, as far as Granian is told.

    Granian ends the whole service when one worker dies twice within 5.5 seconds. Two kills in a row are no reason to
    close the shop: it is told of respawns only when workers keep dying, that is when the program itself is broken.
    """

    def __init__(self, workers: int) -> None:
        super().__init__()
        self._recent: deque[float] = deque(maxlen=workers * _LOOP_DEATHS_PER_WORKER)

    def __setitem__(self, worker: int, when: float) -> None:
        self._recent.append(when)
        super().__setitem__(worker, when)

    def get(self, worker: int, default: Any = None) -> Any:
        full = len(self._recent) == self._recent.maxlen
        if not full or time.monotonic() - self._recent[0] > _LOOP_WINDOW_SECONDS:
            return default
        return super().get(worker, default)


def application() -> Any:
    """Make the ASGI application of one worker process; the worker ends when the server process is killed."""
    parent = multiprocessing.parent_process()
    die_with_parent(signal.SIGTERM, parent=parent.pid if parent is not None else None)
    app = create_app()
    # Last, because a framework may set up logging of its own when the application is made.
    configure_logging(level=load_settings().system.log_level, process="web")
    return app


def run_web(settings: Settings) -> None:
    """Serve the shop until SIGINT or SIGTERM; a worker that dies is replaced."""
    server = Server(
        "merx.commands.web:application",
        factory=True,
        address=settings.web.host,
        port=settings.web.port,
        interface=Interfaces.ASGI,
        workers=settings.web.web_workers,
        loop=Loops.uvloop,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000),
        log_level=LogLevels.debug if settings.system.log_level == "debug" else LogLevels.warning,
        log_dictconfig=_LOGGING,
        respawn_failed_workers=True,
        respawn_interval=_RESPAWN_SECONDS,
        workers_kill_timeout=_STOP_SECONDS,
    )
    server.respawned_wrks = _Respawns(settings.web.web_workers)
    server.serve()
