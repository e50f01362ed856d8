"""The tutorial's provider, taken from its page: it is loaded, offered, and pays a purchase through the API."""

import hashlib
import hmac
import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.world.client import Api, Changes, Placed, key
from tests.world.shop import total_of

from merx import payments
from merx.configuration import SECTIONS
from merx.infra.settings import Settings, SettingsError, load
from merx.payments import providers
from merx.payments.providers import ProviderRegistry
from merx.payments.providers.families import FAMILIES
from merx.payments.providers.family import Family
from merx.refunds import send_refunds

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorials" / "payment-provider.md").read_text(encoding="utf-8")
FAMILY_SOURCE = (ROOT / "src/merx/payments/providers/families.py").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ACCOUNT = {
    "MERX_PEBBLE_ADDRESS": "https://pebble.test",
    "MERX_PEBBLE_MERCHANT": "m-1",
    "MERX_PEBBLE_KEY": "pebble-secret",
}


class Pebble:
    """The other side: what Pebble Pay would do."""

    def __init__(self) -> None:
        self.trades: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer pebble-secret"
        path, body = request.url.path, json.loads(request.content or b"{}")
        if path == "/pay":
            trade = {"state": "open", "id": f"p-{len(self.trades)}", "at": 0, **body}
            self.trades.setdefault(body["number"], trade)
            return httpx.Response(200, json={"url": f"https://pebble.test/cashier/{body['number']}"})
        if path == "/refunds":
            self.refunds.setdefault(body["refund"], {"state": "done", **body})
        kind, name = path.split("/")[1:3] if path.count("/") > 1 else ("refunds", body["refund"])
        found = (self.trades if kind == "pay" else self.refunds).get(name)
        return httpx.Response(404) if found is None else httpx.Response(200, json=found)

    def pay(self, number: str, *, at: int, **lies: Any) -> tuple[dict[str, str], bytes]:
        """The payer pays: the notice, signed."""
        self.trades[number] |= {"state": "paid", "at": at}
        told = self.trades[number] | {"event": f"e-{number}", "merchant": "m-1"} | lies
        body = json.dumps(told).encode()
        code = hmac.new(b"pebble-secret", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"pebble-signature": f"t={at},v={code}"}, body


@pytest.fixture
def pebble_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The blocks of the page as the folder they describe, where the providers are."""
    for block in BLOCKS:
        name = re.match(r"# (pebble/\w+\.py)\n", block)
        if name is not None:
            file = tmp_path / "providers" / name[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block, encoding="utf-8")
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path / "providers")])
    yield importlib.import_module("merx.payments.providers.pebble")
    for module in [each for each in sys.modules if each.startswith("merx.payments.providers.pebble")]:
        del sys.modules[module]
    vars(payments.providers).pop("pebble", None)


def test_the_line_of_the_page_is_all_that_the_list_of_families_needs() -> None:
    (shown,) = [block for block in BLOCKS if block.startswith("FAMILIES")]
    head, first, _others, line, end = shown.splitlines()
    assert f"{head}\n{first}\n" in FAMILY_SOURCE
    lines = FAMILY_SOURCE.partition(head)[2].partition(f"\n{end}\n")[0].strip().splitlines()
    assert len(lines) == len(FAMILIES)
    assert {re.sub(r"\w+", "x", each.strip()) for each in lines} == {re.sub(r"\w+", "x", line.strip())}


def pebble_settings(family: Family, home: Path, **given: str) -> Settings:
    return load((*SECTIONS, *family.settings), {"MERX_HOME": str(home), **given})


def test_it_is_offered_when_its_settings_say_enough(pebble_module: Any, tmp_path: Path) -> None:
    family = pebble_module.FAMILY
    assert list(family.providers(pebble_settings(family, tmp_path))) == []
    (provider,) = family.providers(pebble_settings(family, tmp_path, **ACCOUNT))
    assert (provider.code, provider.currencies) == ("pebble", frozenset({"CNY"}))
    assert list(family.pages(pebble_settings(family, tmp_path))) == ["https://api.pebble.example"]
    with pytest.raises(SettingsError, match="MERX_PEBBLE_KEY: nothing was given"):
        pebble_settings(family, tmp_path, MERX_PEBBLE_MERCHANT="m-1")


async def test_a_purchase_is_paid_with_it_and_paid_back(
    api: Api, changes: Changes, pebble_module: Any, tmp_path: Path
) -> None:
    peer = Pebble()
    settings = pebble_settings(pebble_module.FAMILY, tmp_path, **ACCOUNT)
    provider = sys.modules["merx.payments.providers.pebble.provider"].PebbleProvider(
        settings.of(*pebble_module.FAMILY.settings),
        http=httpx.AsyncClient(transport=httpx.MockTransport(peer.answer)),
        clock=api.services.clock,
    )
    api.services.providers = ProviderRegistry([*api.services.providers, provider])
    url, shown = await api.ready_cart({"TEA": 1})
    chosen = await api.client.put(f"{url}/payment-method", json={"provider": "pebble"}, headers=shown)
    assert chosen.status_code == 200, chosen.text
    total = {"expected_total": {"amount": total_of({"TEA": 1}), "currency": "CNY"}}
    answer = await api.client.post(f"{url}/checkout", json=total, headers={**shown, **key()})
    placed = Placed(answer.json(), url.rpartition("/")[2], shown)
    started = await api.client.post(f"{placed.url}/pay", headers=placed.headers)
    ((number, trade),) = peer.trades.items()
    assert started.json()["action"]["url"] == f"https://pebble.test/cashier/{number}"
    assert (trade["amount"], trade["notify"]) == (placed.total, "https://shop.test/payments/pebble/notify")
    now = int(api.services.clock().timestamp())
    async with changes.none():
        for lie in ({"amount": 1}, {"merchant": "m-2"}, {"currency": "USD"}, {"state": "?"}):
            headers, body = peer.pay(number, at=now, **lie)
            refused = await api.client.post("/payments/pebble/notify", content=body, headers=headers)
            assert (refused.status_code, refused.content) == (400, b"")
        headers, body = peer.pay(number, at=now - 301)
        old = await api.client.post("/payments/pebble/notify", content=body, headers=headers)
        forged = await api.client.post("/payments/pebble/notify", content=body)
        assert (old.status_code, forged.status_code) == (400, 400)
    headers, body = peer.pay(number, at=now)
    for _ in range(2):
        taken = await api.client.post("/payments/pebble/notify", content=body, headers=headers)
        assert taken.status_code == 204
    assert (await api.client.get(placed.url, headers=placed.headers)).json()["state"] == "placed"
    order = (await api.orders(placed))[0]
    lines = [{"order_line_id": each["id"], "quantity": 1} for each in order["lines"]]
    case = await api.client.post(
        f"/api/v1/orders/{order['id']}/returns",
        json={"kind": "refund_only", "reason": "changed_mind", "lines": lines, "body": ""},
        headers={**placed.headers, **key()},
    )
    approve = f"/api/v1/seller/returns/{case.json()['id']}/approve"
    await api.client.post(approve, headers={**await api.seller(), **key()})
    assert await send_refunds(api.services.db, api.services.providers, now=api.services.clock()) == 1
    assert [each["amount"] for each in peer.refunds.values()] == [placed.total]
    await provider.aclose()
