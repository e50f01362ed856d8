"""How many SQL statements the hot routes run, BEGIN and COMMIT included, counted in the application itself."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from merx.app import create_app
from merx.bench import store
from merx.bench.database import BenchDatabase
from merx.bench.model import BenchError
from merx.bench.web import shop_environment
from merx.configuration import load_settings
from merx.infra.settings import Settings
from merx.services import open_services

_PRODUCT: Final = "/products/bench-1"
_TIMES: Final = 5


async def count_statements(settings: Settings, database: BenchDatabase, *, home: Path) -> dict[str, int]:
    """Statements a request of each hot route, the worst of five lone requests after a first one."""
    own = load_settings(shop_environment(settings, database.dsn, home=home, port=settings.web.port))
    first = await database.prepare_carts(_TIMES + 1)
    carts = iter(range(first, first + _TIMES + 1))
    async with open_services(own, database.dsn) as services:
        application: Any = create_app(services)
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

            async def count(ask: Callable[[], Awaitable[httpx.Response]]) -> int:
                worst = 0
                for turn in range(_TIMES + 1):
                    before = services.db.statements
                    answer = await ask()
                    if answer.is_error:
                        raise BenchError(f"{answer.request.url}: {answer.status_code} {answer.text[:300]}")
                    worst = max(worst, services.db.statements - before if turn else 0)
                return worst

            created = (await client.post("/api/v1/carts", json={"currency": store.CURRENCY})).json()
            lines = f"/api/v1/carts/{created['id']}/lines"
            article = {"variant_id": f"{store.VARIANT_KIND}-0000-0000-0000-000000000001", "quantity": 1}
            token = {"Cart-Token": created["token"]}
            return {
                "statements_product": max(
                    await count(lambda: client.get(_PRODUCT, headers={"Accept": "text/html"})),
                    await count(lambda: client.get(f"/api/v1{_PRODUCT}")),
                ),
                "statements_cart_add": await count(lambda: client.post(lines, json=article, headers=token)),
                "statements_placement": await count(lambda: _check_out(client, next(carts))),
            }


async def _check_out(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post(
        f"/api/v1/carts/{store.CART_KIND}-0000-0000-0000-{number:012x}/checkout",
        content=msgspec.json.encode({"expected_total": {"amount": store.TOTAL, "currency": store.CURRENCY}}),
        headers={
            "Cart-Token": f"bench-{number}", "Idempotency-Key": f"bench-{number}", "Content-Type": "application/json",
        },
    )  # fmt: skip
