"""What the tests of the API share: a client's steps, the form of a refusal, and what a request changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from tests.world.shop import Shop, total_of

from merx.sellers import add_member
from merx.services import Services
from merx.simulators import AlipaySimulator

HOST = "https://shop.test"
PASSWORD = "correct horse battery"
ADDRESS = {
    "name": "张伟",
    "phone": "+86 138 0013 8000",
    "line1": "人民路 1 号",
    "city": "上海",
    "region": "上海",
    "postal_code": "200001",
    "country": "CN",
    "email": "guest@example.com",
}


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert the one form every refusal has, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["request-id"]
    return body


def key(text: str | None = None) -> dict[str, str]:
    """A fresh Idempotency-Key header, or the given one."""
    return {"Idempotency-Key": text or uuid4().hex}


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as bytes, for what the client library would not send."""
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


class Changes:
    """What is in the database, table by table."""

    # A refused command keeps its key with the refusal, and attempts are counted: neither is an effect.
    IGNORED = ("idempotency_keys", "rate_limits")

    def __init__(self, owner: asyncpg.Connection) -> None:
        self._owner = owner

    async def state(self) -> dict[str, Any]:
        names = await self._owner.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        return {
            row[0]: await self._owner.fetchval(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{row[0]}\" t"
            )
            for row in names
            if row[0] not in self.IGNORED
        }

    @asynccontextmanager
    async def none(self) -> AsyncIterator[None]:
        """Assert that the block changes nothing at all."""
        before = await self.state()
        yield
        after = await self.state()
        assert {name for name in before if before[name] != after[name]} == set()


class Placed:
    """A purchase, and what its buyer shows for it."""

    def __init__(self, body: dict[str, Any], cart_id: str, headers: dict[str, str]) -> None:
        self.id = body["purchase_id"]
        self.number = body["number"]
        self.total = body["total"]["amount"]
        self.cart_id = cart_id
        self.headers = headers
        self.url = f"/api/v1/purchases/{self.id}"


class Api:
    """A client's steps, each by a request."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        shop: Shop,
        services: Services,
        simulator: AlipaySimulator,
        owner: asyncpg.Connection,
    ) -> None:
        self.client = client
        self.shop = shop
        self.services = services
        self.simulator = simulator
        self.owner = owner

    def variant(self, sku: str) -> str:
        return str(self.shop.variants[sku])

    async def cart(
        self, lines: dict[str, int], *, headers: dict[str, str] | None = None
    ) -> tuple[str, dict[str, str]]:
        """A cart with these lines: its address, and what to send with it."""
        answer = await self.client.post("/api/v1/carts", json={}, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        body = answer.json()
        shown = headers or {"Cart-Token": body["token"]}
        url = f"/api/v1/carts/{body['id']}"
        for sku, quantity in lines.items():
            added = await self.client.post(
                f"{url}/lines", json={"variant_id": self.variant(sku), "quantity": quantity}, headers=shown
            )
            assert added.status_code == 201, added.text
        return url, shown

    async def ready_cart(
        self, lines: dict[str, int], *, headers: dict[str, str] | None = None
    ) -> tuple[str, dict[str, str]]:
        """A cart with everything chosen."""
        url, shown = await self.cart(lines, headers=headers)
        for path, body in (
            ("address", {"address": ADDRESS}),
            ("delivery", {"method": "standard"}),
            ("payment-method", {"provider": "alipay"}),
        ):
            answer = await self.client.put(f"{url}/{path}", json=body, headers=shown)
            assert answer.status_code == 200, answer.text
        return url, shown

    async def placed(self, lines: dict[str, int], *, headers: dict[str, str] | None = None) -> Placed:
        """A purchase that waits for payment."""
        url, shown = await self.ready_cart(lines, headers=headers)
        answer = await self.client.post(
            f"{url}/checkout",
            json={"expected_total": {"amount": total_of(lines), "currency": "CNY"}},
            headers={**shown, **key()},
        )
        assert answer.status_code == 201, answer.text
        return Placed(answer.json(), url.rpartition("/")[2], shown)

    async def open_cashier(self, placed: Placed) -> str:
        """Start the payment and open the cashier, as the payer's browser does; returns our payment number."""
        answer = await self.client.post(f"{placed.url}/pay", headers=placed.headers)
        assert answer.status_code == 200, answer.text
        action = answer.json()["action"]
        assert action["kind"] == "redirect"
        async with httpx.AsyncClient(transport=self.simulator.transport()) as browser:
            page = await browser.get(action["url"], follow_redirects=True)
        assert page.status_code == 200
        return self.simulator.list_trades()[-1].number

    async def paid(self, lines: dict[str, int], *, headers: dict[str, str] | None = None) -> Placed:
        """A purchase whose payment was reported by a notice."""
        placed = await self.placed(lines, headers=headers)
        self.simulator.pay(await self.open_cashier(placed))
        await self.simulator.deliver_due()
        return placed

    async def account(self, email: str = "li@example.com") -> dict[str, str]:
        """A new account that is logged in: the headers of its session."""
        answer = await self.client.post(
            "/api/v1/accounts",
            json={"email": email, "password": PASSWORD, "name": "李娜", "locale": "zh-CN"},
        )
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def account_id(self, session: dict[str, str]) -> UUID:
        return UUID((await self.client.get("/api/v1/me", headers=session)).json()["id"])

    async def seller(self, code: str = "tea-house") -> dict[str, str]:
        """An account that works for a seller."""
        session = await self.account(f"{code}@example.com")
        account_id = await self.account_id(session)
        async with self.services.db.transaction() as tx:
            await add_member(
                tx,
                seller_id=self.shop.sellers[code],
                account_id=account_id,
                role="owner",
                now=self.services.clock(),
            )
        return session

    async def orders(self, placed: Placed) -> list[dict[str, Any]]:
        answer = await self.client.get(placed.url, headers=placed.headers)
        orders: list[dict[str, Any]] = answer.json()["orders"]
        return orders

    async def shipped(self, placed: Placed, seller: dict[str, str]) -> dict[str, Any]:
        """A parcel with everything of the purchase's first order."""
        order = (await self.orders(placed))[0]
        answer = await self.client.post(
            f"/api/v1/seller/orders/{order['id']}/fulfilments",
            json={"carrier": "shunfeng", "tracking_number": "SF1234567890123"},
            headers={**seller, **key()},
        )
        assert answer.status_code == 201, answer.text
        parcel: dict[str, Any] = answer.json()
        return parcel

    async def received(self, placed: Placed, seller: dict[str, str]) -> dict[str, Any]:
        """A parcel that its buyer has confirmed."""
        parcel = await self.shipped(placed, seller)
        answer = await self.client.post(
            f"/api/v1/fulfilments/{parcel['id']}/receive", headers={**placed.headers, **key()}
        )
        assert answer.status_code == 200, answer.text
        return parcel
