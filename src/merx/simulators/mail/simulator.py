"""SMTP in, web page and JSON out."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from litestar import Litestar

from merx.kit.clock import system_clock
from merx.simulators.mail.box import MailBox
from merx.simulators.mail.web import build_app

_MAX_MESSAGE = 10 * 1024 * 1024


class MailSimulator:
    """A mail server for development and tests; `app` is its web page."""

    def __init__(self, *, folder: Path | None = None, clock: Callable[[], datetime] = system_clock) -> None:
        """Messages are kept in `folder`, or in memory only when it is None."""
        self.box = MailBox(folder)
        self.app: Litestar = build_app(self.box)
        self._clock = clock

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one message; the name is the one the SMTP library calls."""
        content = envelope.content or b""
        self.box.add(
            sender=envelope.mail_from or "",
            recipients=list(envelope.rcpt_tos),
            content=content if isinstance(content, bytes) else content.encode(),
            now=self._clock(),
        )
        return "250 Message kept"

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Accept SMTP on `host`:`port` (0 = any free one) until the returned server is closed."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: SMTP(
                self, hostname="simulator", enable_SMTPUTF8=True, data_size_limit=_MAX_MESSAGE, loop=loop
            ),
            host,
            port,
        )
