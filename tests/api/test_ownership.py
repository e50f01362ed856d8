"""Whatever is somebody else's does not exist: every route that names a thing, tried by everybody it is not for."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.world.client import ADDRESS, Api, Changes, key, problem

from merx.api import api_routes
from merx.api.core.operations import OPERATION

PUBLIC = {"slug"}
NOBODYS = ("/staff/", "/coupons/")
"""The staff own nothing, and coupons are there for everybody."""
LINE = {"order_line_id": "0197a3b0-6c1e-7d52-9a51-3f0c1b2d4e5f", "quantity": 1}
BODIES: dict[str, Any] = {
    "add_line": {"variant_id": "{variant_id}", "quantity": 1},
    "set_line": {"quantity": 1},
    "choose_address": {"address": ADDRESS},
    "choose_delivery": {"method": "standard"},
    "choose_payment_method": {"provider": "alipay"},
    "pay_another_way": {"provider": "alipay"},
    "check_out": {"expected_total": {"amount": 5790, "currency": "CNY"}},
    "change_address": {"address": ADDRESS},
    "ship_parcel": {"carrier": "shunfeng", "tracking_number": "SF1234567890123"},
    "apply_for_return": {"kind": "refund_only", "reason": "other", "lines": [LINE]},
    "send_goods_back": {"carrier": "shunfeng", "tracking_number": "SF1234567890123"},
    "reject": {"answer": "no"},
    "propose": {"amount": 1},
    "inspect": {"restocked": []},
    "change_return_address": {"return_address": "here"},
    "take_cash": {"amount": {"amount": 5790, "currency": "CNY"}, "reference": "R-1"},
    "refused_at_the_door": {"restocked": []},
    "enter_code": {"code": "TEA-5"},
    "set_promotion": {"name": {"en": "Offer"}, "ends_at": None, "uses_total": None},
    "change_product": {"state": "archived"},
    "change_prices": {"prices": [{"amount": 1, "currency": "CNY"}]},
}


def _routes() -> list[tuple[str, str, str]]:
    """(name, method, path) of every route whose path names a thing that has an owner."""
    found = []
    for handler in api_routes:
        if OPERATION not in handler.opt:
            continue
        for path in handler.paths:
            names = re.findall(r"\{(\w+):\w+\}", path)
            if names and not PUBLIC.intersection(names) and not path.startswith(NOBODYS):
                method = next(iter(handler.http_methods - {"HEAD", "OPTIONS"}))
                found.append((handler.fn.__name__, method, re.sub(r":\w+\}", "}", path)))
    return sorted(found)


ROUTES = _routes()


def test_every_route_with_an_owner_is_tried() -> None:
    assert len(ROUTES) == 49


@pytest.fixture
async def things(api: Api) -> dict[str, str]:
    """One of everything, of an account and of a seller."""
    owner, seller = await api.account(), await api.seller()
    sold = await api.paid({"TEA": 1}, headers=owner)
    parcel = await api.shipped(sold, seller)
    url, _ = await api.ready_cart({"TEA": 1}, headers=owner)
    returns = f"/api/v1/orders/{parcel['order_id']}/returns"
    one = [{"order_line_id": parcel["lines"][0]["order_line_id"], "quantity": 1}]
    asked = await api.client.post(
        returns, json={"kind": "refund_only", "reason": "other", "lines": one}, headers={**owner, **key()}
    )
    offer = {
        "name": {"en": "Offer"},
        "kind": "free_delivery",
        "seller_id": str(api.shop.sellers["tea-house"]),
    }
    made = await api.client.post("/api/v1/seller/promotions", json=offer, headers={**seller, **key()})
    saved = await api.client.post("/api/v1/me/addresses", json={"address": ADDRESS}, headers=owner)
    return {
        "cart_id": url.rpartition("/")[2],
        "variant_id": api.variant("TEA"),
        "purchase_id": sold.id,
        "order_id": parcel["order_id"],
        "fulfilment_id": parcel["id"],
        "return_id": asked.json()["id"],
        "promotion_id": made.json()["id"],
        "code": "TEA-5",
        "address_id": saved.json()["id"],
        "product_id": str(api.shop.products["TEA"]),
        "seller_id": str(api.shop.sellers["tea-house"]),
    }


async def _try(
    client: httpx.AsyncClient, route: tuple[str, str, str], ids: dict[str, str], who: dict[str, str]
) -> httpx.Response:
    name, method, path = route
    body: Any = BODIES.get(name)
    if name == "add_line":
        body = {**body, "variant_id": ids["variant_id"]}
    return await client.request(
        method,
        f"/api/v1{path.format(**ids)}",
        json=body,
        headers={**who, **key(), "If-Match": '"1"'},
    )


async def test_a_stranger_gets_the_same_answer_for_what_is_mine_and_for_what_is_not(
    api: Api, client: httpx.AsyncClient, changes: Changes, things: dict[str, str]
) -> None:
    stranger, rival = await api.account("wang@example.com"), await api.seller("pottery")
    _, guest = await api.cart({})
    nothing = {name: str(uuid4()) for name in things} | {"variant_id": things["variant_id"]}
    async with changes.none():
        for route in ROUTES:
            for_sellers = "/seller/" in route[2]
            for who in (rival,) if for_sellers else (stranger, guest, rival):
                missing = dict(nothing)
                if route[0] == "change_prices":
                    missing["variant_id"] = str(uuid4())
                theirs = await _try(client, route, things, who)
                none = await _try(client, route, missing, who)
                if who is guest and "/me/" in route[2]:
                    problem(theirs, 401, "unauthenticated")
                    continue
                assert theirs.status_code == 404, (route, theirs.text)
                first, second = theirs.json(), none.json()
                assert {**first, "request_id": ""} == {**second, "request_id": ""}, route


async def test_who_shows_nothing_gets_nothing(
    api: Api, client: httpx.AsyncClient, changes: Changes, things: dict[str, str]
) -> None:
    buyer = await api.account("wang@example.com")
    async with changes.none():
        for route in ROUTES:
            needs_session = "/seller/" in route[2] or "/me/" in route[2]
            answer = await _try(client, route, things, {})
            assert answer.status_code == (401 if needs_session else 404), (route, answer.text)
            if "/seller/" in route[2]:
                problem(await _try(client, route, things, buyer), 403, "forbidden")
        for path in ("/purchases", "/me", "/me/addresses", "/me/notifications", "/seller/orders"):
            problem(await client.get(f"/api/v1{path}"), 401, "unauthenticated")
        problem(await client.get("/api/v1/seller/orders", headers=buyer), 403, "forbidden")


@pytest.mark.usefixtures("things")
async def test_a_list_shows_nothing_of_others(api: Api, client: httpx.AsyncClient) -> None:
    stranger, rival = await api.account("wang@example.com"), await api.seller("pottery")
    for path, who in (
        ("/purchases", stranger),
        ("/me/addresses", stranger),
        ("/me/notifications", stranger),
        ("/seller/orders", rival),
    ):
        assert (await client.get(f"/api/v1{path}", headers=who)).json()["items"] == []


async def test_a_stranger_reviews_nothing(
    api: Api, client: httpx.AsyncClient, changes: Changes, things: dict[str, str]
) -> None:
    stranger = await api.account("wang@example.com")
    line = str(await api.owner.fetchval("SELECT id FROM order_lines LIMIT 1"))
    async with changes.none():
        for line_id in (line, str(uuid4())):
            answer = await client.post(
                "/api/v1/reviews/products",
                json={"order_line_id": line_id, "score": 1},
                headers={**stranger, **key()},
            )
            problem(answer, 404, "not_bought")
        answer = await client.post(
            "/api/v1/reviews/sellers",
            json={"order_id": things["order_id"], "score": 1},
            headers={**stranger, **key()},
        )
        problem(answer, 404, "not_bought")
        nobody = await client.post(
            "/api/v1/reviews/sellers", json={"order_id": things["order_id"], "score": 1}, headers=key()
        )
        problem(nobody, 401, "unauthenticated")


async def test_a_browser_of_another_site_writes_nothing(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    session = await api.account()
    cookie = {"Cookie": f"merx_session={session['Authorization'].removeprefix('Bearer ')}"}
    async with changes.none():
        for headers in (
            {**cookie, "Origin": "https://evil.example"},
            {**cookie, "Sec-Fetch-Site": "cross-site"},
            cookie,
        ):
            answer = await client.post("/api/v1/carts", json={}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
