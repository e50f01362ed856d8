"""What every simulated provider has of the common skeleton: its clock, faults and guard; and no import circle."""

import ast
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import httpx
import pytest

import merx.simulators
from merx.simulators import AlipaySimulator, CardSimulator, SimulatorClock, WechatSimulator
from merx.simulators.card import Account
from merx.simulators.common.peer import Peer

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
ACCOUNT = Account(secret_key="sk_test_x", webhook_url="", webhook_secrets=(), webhook_events=())
SIMULATORS: dict[str, Any] = {"alipay": AlipaySimulator, "wechat": WechatSimulator, "card": CardSimulator}


@pytest.fixture(params=SIMULATORS)
def peer(request: pytest.FixtureRequest) -> Iterator[Peer[Any, Any, Any]]:
    peer: Peer[Any, Any, Any] = SIMULATORS[request.param].in_memory(now=NOW)
    yield peer
    peer.close()


@pytest.fixture
async def web(peer: Peer[Any, Any, Any]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=peer.transport(), base_url="http://localhost") as web:
        yield web


async def test_the_clock_can_be_set_and_let_run(web: httpx.AsyncClient, peer: Peer[Any, Any, Any]) -> None:
    answer = await web.post("/control/clock", json={"now": "2027-01-01T00:00:00+08:00", "freeze": True})
    assert answer.json() == {"now": "2026-12-31T16:00:00Z", "frozen": True, "delivered": []}
    await web.post("/control/clock", json={"real_time": True})
    assert abs(peer.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert (await web.get("/control/clock")).json()["frozen"] is False


@pytest.mark.parametrize(
    "change", [{}, {"advance_seconds": 1, "real_time": True}, {"now": "2027-01-01T00:00:00"}, {"x": 1}]
)
async def test_an_unclear_clock_change_changes_nothing(
    web: httpx.AsyncClient, peer: Peer[Any, Any, Any], change: dict[str, object]
) -> None:
    before = peer.clock.now()
    assert (await web.post("/control/clock", json=change)).status_code == 400
    assert peer.clock.now() == before


async def test_faults_are_made_listed_and_cleared_and_only_known_ones(web: httpx.AsyncClient) -> None:
    made = await web.post("/control/faults", json={"kind": "forge", "times": 2, "number": "M1"})
    assert made.status_code == 201
    (listed,) = (await web.get("/control/faults")).json()
    assert (listed["kind"], listed["times"], listed["number"]) == ("forge", 2, "M1")
    for wrong in ({"kind": "nothing"}, {}, {"kind": "lose", "times": "x"}):
        assert (await web.post("/control/faults", json=wrong)).status_code == 400
    assert (await web.post("/control/faults", content=b"{")).status_code == 400
    assert (await web.delete("/control/faults")).status_code == 204
    assert (await web.get("/control/faults")).json() == []


async def test_no_notices_are_none_to_deliver_release_or_resend(web: httpx.AsyncClient) -> None:
    assert (await web.get("/control/notices")).json() == []
    assert (await web.post("/control/notices/deliver")).json() == []
    assert (await web.post("/control/notices/release?latest_first=false")).json() == []
    assert (await web.post("/control/notices/none/resend")).status_code == 404


@pytest.mark.parametrize(
    "headers", [{"host": "evil.test"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}]
)
async def test_other_web_pages_cannot_use_the_control_interface(
    web: httpx.AsyncClient, peer: Peer[Any, Any, Any], headers: dict[str, str]
) -> None:
    answer = await web.post("/control/clock", json={"advance_seconds": 1}, headers=headers)
    assert answer.status_code == 403
    assert peer.clock.now() == NOW


async def test_other_machines_cannot_use_the_control_interface(peer: Peer[Any, Any, Any]) -> None:
    remote = httpx.ASGITransport(app=peer.app, client=("192.0.2.7", 5000))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=remote, base_url="http://localhost") as web:
        assert (await web.get("/control/clock")).status_code == 403
        assert (await web.get("/cashier/x")).status_code == 404


def test_a_running_clock_keeps_its_offset(tmp_path: Path) -> None:
    first = CardSimulator(account=ACCOUNT, state_file=tmp_path / "state")
    first.clock.advance(timedelta(days=3))
    first.clock_changed()
    first.close()
    second = CardSimulator(account=ACCOUNT, state_file=tmp_path / "state")
    assert second.clock.offset == timedelta(days=3)
    second.close()


def test_a_clock_refuses_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SimulatorClock(frozen_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


def test_simulators_import_each_other_in_no_circle() -> None:
    """Imports for the type checker count, too: a circle hidden from Python is a circle for the reader."""
    root = Path(merx.simulators.__path__[0])
    files = {
        ".".join(("merx.simulators", *path.relative_to(root).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for path in root.rglob("*.py")
    }
    graph: dict[str, set[str]] = {name: set() for name in files}
    for name, path in files.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in files:
                full = {f"{node.module}.{each.name}" for each in node.names}
                graph[name] |= full & files.keys() or {node.module}
    assert len(graph) > 40
    TopologicalSorter(graph).prepare()  # raises CycleError and names the circle
