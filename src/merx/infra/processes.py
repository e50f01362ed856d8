"""Small operating-system helpers for child processes: they die with their parent and never outlive a stop."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PARENT_GONE = 1


def _linux_libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


# Loaded before any fork: a child between fork and exec must not import or allocate much.
_LIBC = _linux_libc()


def die_with_parent(death_signal: signal.Signals, *, parent: int | None = None) -> None:
    """Ask Linux to send this process `death_signal` when its parent dies; elsewhere does nothing.

    `parent` is the expected parent's pid: when it is already gone the process ends at once, which closes the
    gap between fork and this call.
    """
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(_PARENT_GONE)


def child_setup(death_signal: signal.Signals, *, oom_score: int | None = None) -> Callable[[], None]:
    """A `preexec_fn` for a child: die with this process, and optionally be preferred by the OOM killer.

    Must be built and used from the main thread: the kernel ties the death signal to the creating *thread*.
    """
    parent = os.getpid()

    def setup() -> None:
        die_with_parent(death_signal, parent=parent)
        if oom_score is not None and _LIBC is not None:
            with contextlib.suppress(OSError):
                descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
                os.write(descriptor, str(oom_score).encode())
                os.close(descriptor)

    return setup


def exists(pid: int) -> bool:
    """Whether there is a process with this pid, of anybody's, ended but not yet waited for (a zombie) included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_running(pid: int) -> bool:
    """Whether a process with this pid runs; a zombie does not."""
    if not exists(pid):
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return exists(pid)  # no /proc here, or gone since
    return status.rpartition(")")[2].split()[0] != "Z"


def program_name(pid: int) -> str | None:
    """The short program name of a running process, or None when it cannot be known (gone, or no /proc)."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


def kill_group(group: int, how: signal.Signals) -> None:
    """Signal a whole process group; a group that is already gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, how)


async def wait_gone(pid: int, *, seconds: float) -> bool:
    """Wait until the process is gone; False when it still runs after `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while is_running(pid):
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(0.05)
    return True
