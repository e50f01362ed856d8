"""Reconciliation through the API: staff see bills and differences and resolve them; nobody else does."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.api.test_returns import staff
from tests.world.client import Api, Changes, Placed, key, problem

from merx.reconciliation import reconcile
from merx.simulators.alipay.model import Fault, FaultKind

URL = "/api/v1/staff/reconciliation"


async def a_day(api: Api, *kinds: FaultKind) -> Placed:
    """A purchase is paid, and its bill read the next day with these faults."""
    placed = await api.paid({"TEA": 1})
    for kind in kinds:
        api.simulator.add_fault(Fault(kind=kind))
    api.simulator.clock.advance(timedelta(days=1))
    services = api.services
    assert await reconcile(services.db, services.providers, now=services.clock()) == 1
    return placed


async def open_differences(client: httpx.AsyncClient, judge: dict[str, str]) -> list[dict[str, Any]]:
    answer = await client.get(f"{URL}/differences", headers=judge)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def resolve(
    client: httpx.AsyncClient, who: dict[str, str], found: dict[str, Any], how: str, **more: str
) -> httpx.Response:
    body = {"resolution": how} | more
    return await client.post(f"{URL}/differences/{found['id']}/resolve", json=body, headers=who | key())


async def test_staff_see_a_bill_and_accept_another_amount(api: Api, client: httpx.AsyncClient) -> None:
    placed = await a_day(api, FaultKind.ALTER_ROW)
    judge = await staff(api)
    [bill] = (await client.get(f"{URL}/bills", headers=judge)).json()["items"]
    assert (bill["provider"], bill["day"], bill["state"]) == ("alipay", "2026-11-21", "matched")
    assert (bill["rows"], bill["matched"], bill["open"]) == (1, 0, 1)
    assert bill["totals"][0]["paid"]["amount"] == placed.total + 1
    [found] = await open_differences(client, judge)
    assert (found["kind"], found["resolutions"]) == ("amount_differs", ["recheck", "accept_theirs"])
    assert (found["ours"]["amount"], found["theirs"]["amount"]) == (placed.total, placed.total + 1)
    done = await resolve(client, judge, found, "accept_theirs", note="rounding")
    assert (done.status_code, done.json()["state"], done.json()["note"]) == (200, "resolved", "rounding")
    assert done.json()["resolved_by"] is not None
    assert await open_differences(client, judge) == []
    resolved = await client.get(f"{URL}/differences?state=resolved", headers=judge)
    assert [each["id"] for each in resolved.json()["items"]] == [found["id"]]
    problem(await resolve(client, judge, found, "accept_theirs"), 409, "difference_settled")


async def test_a_repeated_resolution_books_once(api: Api, client: httpx.AsyncClient) -> None:
    await a_day(api, FaultKind.SKIP_ROW)
    judge = await staff(api)
    [found] = await open_differences(client, judge)
    url, headers = f"{URL}/differences/{found['id']}/resolve", judge | key("once")
    first = await client.post(url, json={"resolution": "write_off"}, headers=headers)
    again = await client.post(url, json={"resolution": "write_off"}, headers=headers)
    assert (first.json(), again.headers["idempotent-replayed"]) == (again.json(), "true")
    assert await api.owner.fetchval("SELECT count(*) FROM transfers WHERE leg = 'written_off'") == 1


async def test_a_recheck_writes_down_what_the_provider_says(api: Api, client: httpx.AsyncClient) -> None:
    await a_day(api, FaultKind.SKIP_ROW)
    judge = await staff(api)
    [found] = await open_differences(client, judge)
    asked = await resolve(client, judge, found, "recheck")
    assert (asked.json()["state"], asked.json()["provider_says"]) == ("open", "captured")
    api.simulator.add_fault(Fault(kind=FaultKind.TIMEOUT))
    problem(await resolve(client, judge, found, "recheck"), 503, "payment_provider_unavailable")


async def test_what_does_not_fit_is_refused_and_changes_nothing(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    await a_day(api, FaultKind.SKIP_ROW)
    judge = await staff(api)
    [found] = await open_differences(client, judge)
    async with changes.none():
        problem(await resolve(client, judge, found, "explain", note="so"), 409, "resolution_refused")
        problem(await resolve(client, judge, found, "explain"), 422, "note_missing")
        problem(await resolve(client, judge, found, "matched"), 422, "invalid_field")
        stranger = {"id": "0197a3b0-6c1e-7d52-9a51-3f0c1b2d4e5f"}
        for how in ("write_off", "recheck"):
            problem(await resolve(client, judge, stranger, how), 404, "unknown_difference")
        problem(
            await client.get(f"{URL}/differences/{stranger['id']}", headers=judge), 404, "unknown_difference"
        )


@pytest.mark.parametrize("who", ["nobody", "buyer", "seller"])
async def test_only_staff_may(api: Api, client: httpx.AsyncClient, changes: Changes, who: str) -> None:
    placed = await a_day(api, FaultKind.SKIP_ROW)
    judge = await staff(api)
    [found] = await open_differences(client, judge)
    headers = {"nobody": placed.headers, "buyer": await api.account(), "seller": await api.seller()}[who]
    status, code = (401, "unauthenticated") if who == "nobody" else (403, "forbidden")
    async with changes.none():
        for path in ("bills", "differences", f"differences/{found['id']}"):
            problem(await client.get(f"{URL}/{path}", headers=headers), status, code)
        for how in ("write_off", "recheck"):
            problem(await resolve(client, headers, found, how), status, code)
