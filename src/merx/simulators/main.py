"""Run every simulator in one process until cancelled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar.types import ASGIApp

from merx.simulators.alipay import AlipaySimulator, Merchant, ensure_certificates
from merx.simulators.card import CHECKOUT_EVENTS, Account, CardSimulator
from merx.simulators.common.peer import Peer
from merx.simulators.common.transport import hanging
from merx.simulators.keys import (
    SIMULATED_APP_ID,
    SIMULATED_CARD_SECRET_KEY,
    SIMULATED_CARD_WEBHOOK_SECRET,
    SIMULATED_SELLER_ID,
    ensure_keys,
)
from merx.simulators.mail import MailSimulator
from merx.simulators.wechat import WechatSimulator, simulated_merchant

_STOP_SECONDS = 3


async def serve_simulators(
    *,
    host: str,
    alipay_port: int,
    wechat_port: int,
    card_port: int,
    card_webhook_url: str,
    mail_smtp_port: int,
    mail_http_port: int,
    state_dir: Path,
) -> None:
    """Serve the simulated Alipay (`/gateway.do`), WeChat Pay (`/v3/…`), card API (`/v1/…`) and mail server.

    Their state is in `state_dir`. `card_webhook_url` is where the card API's webhooks go: that API is not told so by its calls.

    Makes the key files of `ensure_keys(state_dir)` when they are missing. Runs until cancelled, then stops cleanly.
    Raises OSError when a port is taken.
    """
    peers: list[tuple[Peer[Any, Any, Any], int]] = [
        (_alipay(state_dir), alipay_port),
        (_wechat(state_dir), wechat_port),
        (_card(state_dir, card_webhook_url), card_port),
    ]
    mail = MailSimulator(folder=state_dir / "mail")
    try:
        async with _smtp(mail, host, mail_smtp_port), asyncio.TaskGroup() as tasks:
            for peer, port in peers:
                tasks.create_task(peer.run())
                tasks.create_task(_serve(hanging(peer.app), host, port))
            tasks.create_task(_serve(mail.app, host, mail_http_port))
    finally:
        for peer, _ in peers:
            peer.close()


def _alipay(state_dir: Path) -> AlipaySimulator:
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = ensure_keys(state_dir)
    certificates = ensure_certificates(
        keys.alipay_public_pem_path.parent,
        merchant_public_pem=keys.merchant_public_pem_path.read_text("ascii"),
        alipay_public_pem=keys.alipay_public_pem_path.read_text("ascii"),
    )
    merchant = Merchant(
        app_id=SIMULATED_APP_ID,
        seller_id=SIMULATED_SELLER_ID,
        public_pem=keys.merchant_public_pem_path.read_text("ascii"),
    )
    return AlipaySimulator(
        merchants=[merchant],
        private_pem=keys.alipay_private_pem_path.read_text("ascii"),
        certificates=certificates,
        state_file=state_dir / "alipay.sqlite3",
    )


def _wechat(state_dir: Path) -> WechatSimulator:
    keys = ensure_keys(state_dir)
    return WechatSimulator(
        merchants=[simulated_merchant(keys.wechat_merchant_public_pem_path.read_text("ascii"))],
        private_pem=keys.wechat_private_pem_path.read_text("ascii"),
        state_file=state_dir / "wechat.sqlite3",
    )


def _card(state_dir: Path, webhook_url: str) -> CardSimulator:
    account = Account(
        secret_key=SIMULATED_CARD_SECRET_KEY,
        webhook_url=webhook_url,
        webhook_secrets=(SIMULATED_CARD_WEBHOOK_SECRET,),
        webhook_events=CHECKOUT_EVENTS,
    )
    return CardSimulator(account=account, state_file=state_dir / "card.sqlite3")


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
