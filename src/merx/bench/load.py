"""Load on a web server: wrk with our Lua scripts."""

import asyncio
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

import msgspec

from merx.bench.model import BenchError


class Answered(msgspec.Struct, frozen=True):
    """What one run of wrk counted. `completed` is what the script counts: answers, placed orders or whole purchases."""

    completed: int
    failed: int
    seconds: float
    refused: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0


def find_wrk() -> str:
    """The wrk in PATH. Raises BenchError."""
    found = shutil.which("wrk")
    if found is None:
        raise BenchError("wrk was not found: install it (Debian and Ubuntu: apt-get install wrk)")
    return found


async def run_wrk(
    wrk: str, script: str, url: str, *arguments: object, threads: int = 1, connections: int, seconds: int
) -> Answered:
    """Run wrk for at most `seconds` with a script of this package. Raises BenchError when anything failed."""
    scripts = files("merx.bench") / "wrk"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{script}.lua"
        path.write_text(
            "".join((scripts / f"{name}.lua").read_text(encoding="utf-8") for name in ("clock", script)),
            encoding="utf-8",
        )
        process = await asyncio.create_subprocess_exec(
            wrk, f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout=20s", "-s", str(path), url, "--",
            *(str(argument) for argument in arguments),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
    return read_answer(output.decode(errors="replace"), script=script)


def read_answer(output: str, *, script: str) -> Answered:
    """The JSON line at the end of what wrk printed. Raises BenchError when there is none or something failed."""
    lines = output.strip().splitlines()
    for line in reversed(lines):
        if line.startswith('{"completed"'):
            answered = msgspec.json.decode(line, type=Answered)
            break
    else:
        raise BenchError(f"wrk ({script}) reported nothing: {output.strip()[-1500:]}")
    if answered.failed or answered.completed == 0 or answered.seconds <= 0:
        raise BenchError(f"wrk ({script}): {answered.failed} requests failed: {output.strip()[-600:]}")
    return answered
