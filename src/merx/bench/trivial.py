"""The floor of the product lines: an ASGI application that does nothing, on the web server of the shop.

Run as `python -m merx.bench.trivial PORT WORKERS`.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

_BODY = b'{"text":"' + b"x" * 2037 + b'"}'  # 2 KB
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())],
}
_END = {"type": "http.response.body", "body": _BODY, "more_body": False}

Send = Callable[[dict[str, Any]], Awaitable[None]]


async def application(scope: dict[str, Any], _receive: object, send: Send) -> None:
    """Answer every request with the same 2 KB."""
    if scope["type"] == "http":
        await send(_START)
        await send(_END)


if __name__ == "__main__":
    Server(
        "merx.bench.trivial:application",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.ASGI,
        workers=int(sys.argv[2]),
        loop=Loops.uvloop,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()
