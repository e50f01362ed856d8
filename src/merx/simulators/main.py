"""Run every simulator in one process until cancelled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar.types import ASGIApp

from merx.simulators.alipay import AlipaySimulator, Merchant
from merx.simulators.alipay.transport import hanging
from merx.simulators.keys import SIMULATED_APP_ID, SIMULATED_SELLER_ID, ensure_keys
from merx.simulators.mail import MailSimulator

_STOP_SECONDS = 3


async def serve_simulators(
    *, host: str, alipay_port: int, mail_smtp_port: int, mail_http_port: int, state_dir: Path
) -> None:
    """Serve the simulated Alipay (`/gateway.do`) and mail server, keeping their state in `state_dir`.

    Makes the key files of `ensure_keys(state_dir)` when they are missing. Runs until cancelled, then stops cleanly.
    Raises OSError when a port is taken.
    """
    alipay = _alipay(state_dir)
    mail = MailSimulator(folder=state_dir / "mail")
    try:
        async with _smtp(mail, host, mail_smtp_port), asyncio.TaskGroup() as tasks:
            tasks.create_task(alipay.run())
            tasks.create_task(_serve(hanging(alipay.app), host, alipay_port))
            tasks.create_task(_serve(mail.app, host, mail_http_port))
    finally:
        alipay.close()


def _alipay(state_dir: Path) -> AlipaySimulator:
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = ensure_keys(state_dir)
    merchant = Merchant(
        app_id=SIMULATED_APP_ID,
        seller_id=SIMULATED_SELLER_ID,
        public_pem=keys.merchant_public_pem_path.read_text("ascii"),
    )
    return AlipaySimulator(
        merchants=[merchant],
        private_pem=keys.alipay_private_pem_path.read_text("ascii"),
        state_file=state_dir / "alipay.sqlite3",
    )


@contextlib.asynccontextmanager
async def _smtp(mail: MailSimulator, host: str, port: int) -> AsyncIterator[None]:
    server = await mail.listen(host, port)
    try:
        yield
    finally:
        server.close()


async def _serve(app: ASGIApp, host: str, port: int) -> None:
    server = Server(
        app, address=host, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
    )
    running = asyncio.ensure_future(server.serve())
    try:
        await asyncio.shield(running)
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running, _STOP_SECONDS)
