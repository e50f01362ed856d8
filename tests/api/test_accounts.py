"""Accounts, sessions, address books and notifications over HTTP."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.world.client import ADDRESS, PASSWORD, Api, Changes, key, problem, raw

from merx.infra.outbox import history
from merx.notifications.kinds import order_paid
from merx.orders import OrderPaid

ME = {"email": "zhang@example.com", "password": PASSWORD, "name": "张伟", "locale": "zh-CN"}


async def test_an_account_is_opened_and_logged_in(api: Api, client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/accounts", json=ME)
    assert answer.status_code == 201
    body = answer.json()
    session = {"Authorization": f"Bearer {body['token']}"}
    me = (await client.get("/api/v1/me", headers=session)).json()
    assert me == body["account"]
    assert (me["email"], me["name"], me["locale"], me["seller_ids"]) == (
        "zhang@example.com",
        "张伟",
        "zh-CN",
        [],
    )
    by_cookie = await client.get("/api/v1/me", headers={"Cookie": f"merx_session={body['token']}"})
    assert by_cookie.json() == me
    assert await api.owner.fetchval("SELECT count(*) FROM idempotency_keys") == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": "nobody"}, "bad_email"),
        ({"password": "short"}, "password_too_short"),
        ({"password": "x" * 200}, "password_too_long"),
        ({"password": "password"}, "password_too_common"),
        ({"name": ""}, "text_missing"),
        ({"name": "\u202ea"}, "text_unprintable"),
        ({"locale": "fr"}, "invalid_field"),
        ({"role": "admin"}, "invalid_field"),
        ({"seller_ids": []}, "invalid_field"),
    ],
)
async def test_an_account_is_not_opened_with(
    client: httpx.AsyncClient, changes: Changes, change: dict[str, Any], code: str
) -> None:
    async with changes.none():
        problem(await client.post("/api/v1/accounts", json={**ME, **change}), 422, code)


async def test_an_email_has_one_account(client: httpx.AsyncClient, changes: Changes) -> None:
    await client.post("/api/v1/accounts", json=ME)
    async with changes.none():
        again = await client.post("/api/v1/accounts", json={**ME, "email": "ZHANG@example.com"})
        problem(again, 409, "email_taken")


async def test_a_wrong_password_and_an_unknown_email_are_told_alike(
    client: httpx.AsyncClient, changes: Changes
) -> None:
    await client.post("/api/v1/accounts", json=ME)
    async with changes.none():
        wrong = await client.post("/api/v1/sessions", json={"email": ME["email"], "password": "wrong one"})
        unknown = await client.post(
            "/api/v1/sessions", json={"email": "x@example.com", "password": "wrong one"}
        )
    first, second = problem(wrong, 401, "wrong_credentials"), problem(unknown, 401, "wrong_credentials")
    assert {**first, "request_id": ""} == {**second, "request_id": ""}


async def test_guessing_is_stopped_and_says_for_how_long(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/accounts", json=ME)
    for _ in range(8):
        await client.post("/api/v1/sessions", json={"email": ME["email"], "password": "wrong one"})
    answer = await client.post("/api/v1/sessions", json={"email": ME["email"], "password": PASSWORD})
    problem(answer, 429, "too_many_attempts")
    assert 0 < int(answer.headers["retry-after"]) <= 900


async def test_logging_in_brings_the_guests_cart_along(api: Api, client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/accounts", json=ME)
    url, shown = await api.cart({"TEA": 2})
    cart_id = url.rpartition("/")[2]
    answer = await client.post(
        "/api/v1/sessions",
        json={"email": ME["email"], "password": PASSWORD, "cart_id": cart_id},
        headers=shown,
    )
    assert answer.status_code == 201
    assert answer.json()["cart_id"] == cart_id
    session = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await client.get(url, headers=session)).json()["lines"][0]["quantity"] == 2
    problem(await client.get(url, headers=shown), 404, "unknown_cart")


async def test_somebody_elses_cart_does_not_come_along(api: Api, client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/accounts", json=ME)
    url, shown = await api.cart({"TEA": 2})
    _, other = await api.cart({})
    answer = await client.post(
        "/api/v1/sessions",
        json={"email": ME["email"], "password": PASSWORD, "cart_id": url.rpartition("/")[2]},
        headers=other,
    )
    assert (answer.status_code, answer.json()["cart_id"]) == (201, None)
    assert (await client.get(url, headers=shown)).status_code == 200


async def test_a_closed_session_opens_nothing(api: Api, client: httpx.AsyncClient) -> None:
    session = await api.account()
    assert (await client.delete("/api/v1/sessions/current", headers=session)).status_code == 204
    problem(await client.get("/api/v1/me", headers=session), 401, "unauthenticated")
    problem(await client.delete("/api/v1/sessions/current"), 401, "unauthenticated")


async def test_an_address_is_saved_read_changed_and_deleted(api: Api, client: httpx.AsyncClient) -> None:
    session = await api.account()
    created = await client.post("/api/v1/me/addresses", json={"address": ADDRESS}, headers=session)
    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    saved = created.json()
    assert (saved["is_default"], saved["address"]["name"]) == (True, "张伟")
    url = f"/api/v1/me/addresses/{saved['id']}"
    changed = await client.put(
        url,
        json={"address": {**ADDRESS, "city": "北京"}},
        headers={**session, "If-Match": created.headers["etag"]},
    )
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (await client.get(url, headers=session)).json()["address"]["city"] == "北京"
    gone = await client.delete(url, headers={**session, "If-Match": "*"})
    assert gone.status_code == 204
    assert (await client.get("/api/v1/me/addresses", headers=session)).json() == {"items": []}


async def test_an_address_is_saved_once_per_key_and_kept_out_of_it(
    api: Api, client: httpx.AsyncClient
) -> None:
    session = await api.account()
    answers = [
        await client.post("/api/v1/me/addresses", json={"address": ADDRESS}, headers={**session, **key("a")})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert await api.owner.fetchval("SELECT count(*) FROM addresses") == 1
    assert "人民路" not in await api.owner.fetchval("SELECT outcome::text FROM idempotency_keys")


async def test_an_address_is_changed_only_as_it_was_read(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    session = await api.account()
    saved = (await client.post("/api/v1/me/addresses", json={"address": ADDRESS}, headers=session)).json()
    url = f"/api/v1/me/addresses/{saved['id']}"
    async with changes.none():
        for method in ("PUT", "DELETE"):
            body = {"address": ADDRESS} if method == "PUT" else None

            async def send(
                tag: str | None, method: str = method, body: dict[str, Any] | None = body
            ) -> httpx.Response:
                headers = session if tag is None else {**session, "If-Match": tag}
                return await client.request(method, url, json=body, headers=raw(headers))

            problem(await send(None), 428, "if_match_missing")
            assert problem(await send('"7"'), 412, "if_match_failed")["current"] == 1
            for tag in ('W/"1"', "1", '"1", "2"', '"１"'.encode().decode("latin-1")):
                problem(await send(tag), 412, "if_match_failed")
        wrong = await client.put(
            url, json={"address": {**ADDRESS, "phone": "1"}}, headers={**session, "If-Match": '"1"'}
        )
        problem(wrong, 422, "bad_phone")


async def test_a_seller_is_told_of_an_order_and_reads_it(api: Api, client: httpx.AsyncClient) -> None:
    seller = await api.seller()
    placed = await api.paid({"TEA": 1})
    async with api.services.db.transaction() as tx:
        for paid in await history(tx, subject_id=UUID(placed.id), of=[OrderPaid]):
            await order_paid.KIND.tell(tx, paid)
    body = (await client.get("/api/v1/me/notifications", headers=seller)).json()
    assert (body["unread"], body["next_cursor"]) == (1, None)
    [told] = body["items"]
    assert (told["kind"], told["read_at"]) == ("order_paid", None)
    assert "57.90" in told["text"]
    read = await client.post(
        "/api/v1/me/notifications/read", json={"event_ids": [told["event_id"]]}, headers=seller
    )
    assert read.json() == {"read": 1}
    assert (await client.get("/api/v1/me/notifications", headers=seller)).json()["unread"] == 0
    problem(await client.get("/api/v1/me/notifications"), 401, "unauthenticated")
    problem(await client.post("/api/v1/me/notifications/read", json={}, headers=seller), 422, "invalid_field")
    problem(await client.get("/api/v1/me/notifications?cursor=x", headers=seller), 422, "bad_cursor")
