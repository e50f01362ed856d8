"""Providers that are switched off or hang, on real sockets: buyers are told, pay another way, and find them back later."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.world.ports import free_ports
from tests.world.shop import a_shop
from tests.world.till import PUBLIC_URL, Bought, Till

from merx.cashier import choose_method, start_payment
from merx.configuration import load_settings
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.payments.providers import (
    RESILIENT,
    GuardRules,
    GuardTools,
    Manner,
    MethodNotOffered,
    ProviderAction,
    ProviderRegistry,
    ProviderUnavailable,
    payment_providers,
)
from merx.simulators import serve_simulators


class Peers:
    """Simulators in a folder and on ports of their own, which can be switched off and on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = free_ports(5)
        self._serving: asyncio.Task[None] | None = None

    async def switch_on(self) -> None:
        alipay, wechat, card, smtp, mail = self.ports
        self._serving = asyncio.create_task(
            serve_simulators(
                host="127.0.0.1", alipay_port=alipay, wechat_port=wechat, card_port=card, card_webhook_url="",
                mail_smtp_port=smtp, mail_http_port=mail, state_dir=self.folder,
            )
        )  # fmt: skip
        async with asyncio.timeout(20):
            for port in self.ports:
                await self._accepting(port)

    async def _accepting(self, port: int) -> None:
        while True:
            assert self._serving is not None
            if self._serving.done():
                self._serving.result()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return

    async def switch_off(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving
            self._serving = None


class Street:
    """A till whose Alipay is always there; what WeChat Pay is, a test decides. The guards' clock is moved by hand."""

    def __init__(self, till: Till, home: Path, alipay: Peers) -> None:
        self.till = till
        self.home = home
        self.alipay = alipay
        self.time = 0.0
        self.now = till.now

    def open_shop(self, wechat_port: int, rules: GuardRules = RESILIENT) -> None:
        """Providers as a shop with these settings has them."""
        settings = load_settings(
            {
                "MERX_HOME": str(self.home),
                "MERX_SIMULATORS": "true",
                "MERX_ALIPAY_QR": "true",
                "MERX_SIMULATOR_ALIPAY_PORT": str(self.alipay.ports[0]),
                "MERX_SIMULATOR_CARD_PORT": str(self.alipay.ports[2]),
                "MERX_SIMULATOR_WECHAT_PORT": str(wechat_port),
            }
        )
        tools = GuardTools(clock=lambda: self.time, sleep=lambda _seconds: asyncio.sleep(0))
        configured = [each.inner for each in payment_providers(settings)]
        self.till.providers = ProviderRegistry(configured, rules=rules, tools=tools)

    def offered(self) -> list[str]:
        providers = self.till.providers
        return [
            each.code
            for each in providers.offered("CNY", sellers=1, country="CN")
            if each.manner is Manner.ONLINE
        ]

    async def bought(self) -> Bought:
        """A purchase that is to be paid with WeChat Pay."""
        bought = await self.till.place({"TEA": 1})
        await self.till.owner.execute("UPDATE purchases SET provider = 'wechat' WHERE id = $1", bought.id)
        await self.till.owner.execute(
            "UPDATE payments SET provider = 'wechat' WHERE id = $1", bought.payment_id
        )
        return bought

    async def start(self, bought: Bought) -> ProviderAction:
        return await start_payment(
            self.till.db, self.till.providers, purchase_id=bought.id,
            actor=bought.cart.command.buyer, public_url=PUBLIC_URL, now=self.now,
        )  # fmt: skip

    async def pay_by_code(self, bought: Bought) -> ProviderAction:
        await choose_method(
            self.till.db, self.till.providers, purchase_id=bought.id, method="alipay_qr",
            actor=bought.cart.command.buyer, now=self.now,
        )  # fmt: skip
        return await self.start(bought)


@pytest.fixture
async def street(db: Database, keys: MasterKeys, owner: Any, tmp_path: Path) -> AsyncIterator[Street]:
    now = datetime.now(UTC)  # the simulators on sockets go by the clock of the machine
    till = Till(db, keys, owner, await a_shop(db, now=now), now)
    alipay = Peers(tmp_path / "home" / "simulators")
    await alipay.switch_on()
    yield Street(till, tmp_path / "home", alipay)
    await alipay.switch_off()
    await till.close()


async def test_a_provider_that_is_switched_off_is_hidden_and_found_again(street: Street) -> None:
    wechat = Peers(street.home / "other")
    street.open_shop(wechat.ports[1])
    everybody = ["alipay", "alipay_qr", "wechat", "card"]
    assert street.offered() == everybody
    bought = await street.bought()
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await street.start(bought)
    assert street.offered() == ["alipay", "alipay_qr", "card"]
    before = await street.till.everything()
    with pytest.raises(MethodNotOffered):
        await street.start(bought)
    assert await street.till.everything() == before
    assert (await street.pay_by_code(bought)).kind == "qr"

    copy_keys(street.alipay.folder, wechat.folder)
    await wechat.switch_on()
    street.time += 5
    other = await street.bought()
    assert (await street.start(other)).kind == "qr"
    assert street.offered() == everybody
    await wechat.switch_off()


def copy_keys(source: Path, target: Path) -> None:
    """The shop knows one set of keys: the simulators of both folders sign with them."""
    (target / "keys").mkdir(parents=True)
    for file in (source / "keys").iterdir():
        (target / "keys" / file.name).write_bytes(file.read_bytes())


async def test_a_provider_that_hangs_is_given_up_in_time_and_holds_up_no_other(street: Street) -> None:
    held: list[asyncio.StreamWriter] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        await reader.read()

    endpoint = await asyncio.start_server(hang, "127.0.0.1", 0)
    rules = msgspec.structs.replace(RESILIENT, buyer=0.5)
    street.open_shop(endpoint.sockets[0].getsockname()[1], rules)
    hanging = [await street.bought() for _ in range(5)]
    waiting = asyncio.gather(*(street.start(each) for each in hanging), return_exceptions=True)
    results: list[Any] = await waiting
    assert [type(result) for result in results] == [ProviderUnavailable] * 5
    assert {result.params["reason"] for result in results} == {"no answer in 0.5 s"}
    assert len(held) == 5
    assert street.offered() == ["alipay", "alipay_qr", "card"]
    with pytest.raises(MethodNotOffered):
        await street.start(hanging[0])
    assert len(held) == 5
    action = await street.pay_by_code(hanging[0])
    assert action.qr_text.startswith("http://")
    assert await street.till.owner.fetchval(
        "SELECT array_agg(provider || ' ' || state ORDER BY number) FROM payments WHERE purchase_id = $1",
        hanging[0].id,
    ) == ["wechat action_required", "alipay_qr action_required"]
    for writer in held:
        writer.close()
    endpoint.close()
    await endpoint.wait_closed()
