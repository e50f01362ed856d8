"""What sellers do over HTTP: ship, deliver, edit, price; and what buyers answer."""

from typing import Any

import httpx
import pytest
from tests.world.client import Api, Changes, key, problem

PARCEL = {"carrier": "shunfeng", "tracking_number": "SF1234567890123"}


async def test_an_order_is_shipped_delivered_received_and_reviewed(
    api: Api, client: httpx.AsyncClient
) -> None:
    buyer, seller = await api.account(), await api.seller()
    placed = await api.paid({"TEA": 2}, headers=buyer)
    [order] = (await client.get("/api/v1/seller/orders?state=placed", headers=seller)).json()["items"]
    assert order["number"] == f"{placed.number}-1"
    shown = (await client.get(f"/api/v1/seller/orders/{order['id']}", headers=seller)).json()
    assert (shown["address"]["name"], shown["parcels"]) == ("张伟", [])

    parcel = await api.shipped(placed, seller)
    assert (parcel["state"], parcel["tracking_number"]) == ("shipped", "SF1234567890123")
    for _ in range(2):
        delivered = await client.post(f"/api/v1/seller/fulfilments/{parcel['id']}/delivered", headers=seller)
        assert (delivered.status_code, delivered.json()["state"]) == (200, "delivered")
    received = await client.post(f"/api/v1/fulfilments/{parcel['id']}/receive", headers={**buyer, **key("r")})
    assert (received.status_code, received.json()["state"]) == (200, "received")
    again = await client.post(f"/api/v1/fulfilments/{parcel['id']}/receive", headers={**buyer, **key("r")})
    assert again.json() == received.json()
    assert again.headers["idempotent-replayed"] == "true"

    line = shown["lines"][0]["id"]
    said = await client.post(
        "/api/v1/reviews/products",
        json={"order_line_id": line, "score": 5, "body": "好茶"},
        headers={**buyer, **key("p")},
    )
    assert (said.status_code, said.json()["body"], said.json()["locale"]) == (201, "好茶", "zh-CN")
    of_seller = await client.post(
        "/api/v1/reviews/sellers", json={"order_id": order["id"], "score": 4}, headers={**buyer, **key("s")}
    )
    assert (of_seller.status_code, of_seller.json()["score"]) == (201, 4)
    replay = await client.post(
        "/api/v1/reviews/products",
        json={"order_line_id": line, "score": 5, "body": "好茶"},
        headers={**buyer, **key("p")},
    )
    assert (replay.json(), replay.headers["idempotent-replayed"]) == (said.json(), "true")
    assert "好茶" not in await api.owner.fetchval(
        "SELECT string_agg(outcome::text, '') FROM idempotency_keys"
    )

    body = (await client.get(placed.url, headers=buyer)).json()
    assert (body["orders"][0]["fulfilment_status"], body["orders"][0]["seller_score"]) == ("received", 4)
    assert body["orders"][0]["lines"][0]["score"] == 5
    assert [entry["kind"] for entry in body["timeline"]][-3:] == [
        "parcel_shipped",
        "parcel_delivered",
        "parcel_received",
    ]
    assert body["parcels"][0]["lines"] == [{"order_line_id": line, "quantity": 2, "replacements": []}]


async def test_a_parcel_is_shipped_once_per_key(api: Api, client: httpx.AsyncClient) -> None:
    seller = await api.seller()
    placed = await api.paid({"TEA": 3})
    order = (await api.orders(placed))[0]
    url = f"/api/v1/seller/orders/{order['id']}/fulfilments"
    part = {**PARCEL, "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": 1}]}
    answers = [await client.post(url, json=part, headers={**seller, **key("k")}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert await api.owner.fetchval("SELECT count(*) FROM fulfilments") == 1
    rest = await client.post(url, json=PARCEL, headers={**seller, **key()})
    assert rest.json()["lines"][0]["quantity"] == 2
    problem(await client.post(url, json=PARCEL, headers={**seller, **key()}), 409, "nothing_to_ship")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"carrier": "pigeon"}, 422, "unknown_carrier"),
        ({"carrier": "\0"}, 422, "unknown_carrier"),
        ({"tracking_number": "!"}, 422, "bad_tracking_number"),
        ({"tracking_number": "SF\r\nX: y"}, 422, "bad_tracking_number"),
        ({"lines": []}, 422, "bad_parcel"),
        ({"lines": [("own", 0)]}, 422, "bad_parcel"),
        ({"lines": [("own", 1), ("own", 1)]}, 422, "bad_parcel"),
        ({"lines": [("own", 4)]}, 409, "over_shipped"),
        ({"lines": [("unknown", 1)]}, 409, "over_shipped"),
        ({"lines": [("own", "1")]}, 422, "invalid_field"),
        ({"state": "received"}, 422, "invalid_field"),
    ],
)
async def test_a_parcel_is_not_shipped_with(
    api: Api, client: httpx.AsyncClient, changes: Changes, change: dict[str, Any], status: int, code: str
) -> None:
    seller = await api.seller()
    placed = await api.paid({"TEA": 3})
    order = (await api.orders(placed))[0]
    ids = {"own": order["lines"][0]["id"], "unknown": order["id"]}
    body = {**PARCEL, **change}
    if "lines" in change:
        body["lines"] = [{"order_line_id": ids[name], "quantity": units} for name, units in change["lines"]]
    async with changes.none():
        answer = await client.post(
            f"/api/v1/seller/orders/{order['id']}/fulfilments", json=body, headers={**seller, **key()}
        )
        problem(answer, status, code)


async def test_an_unpaid_order_is_not_shipped(api: Api, client: httpx.AsyncClient, changes: Changes) -> None:
    seller = await api.seller()
    placed = await api.placed({"TEA": 1})
    order = (await api.orders(placed))[0]
    url = f"/api/v1/seller/orders/{order['id']}/fulfilments"
    async with changes.none():
        problem(await client.post(url, json=PARCEL, headers={**seller, **key()}), 409, "not_paid")
        problem(await client.post(url, json=PARCEL, headers=seller), 400, "idempotency_key_missing")


async def test_a_review_waits_for_the_goods_and_is_final(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    buyer, seller = await api.account(), await api.seller()
    placed = await api.paid({"TEA": 1}, headers=buyer)
    order = (await api.orders(placed))[0]
    of_product = {"order_line_id": order["lines"][0]["id"], "score": 5}
    of_seller = {"order_id": order["id"], "score": 5}
    for url, body in (("products", of_product), ("sellers", of_seller)):
        async with changes.none():
            early = await client.post(f"/api/v1/reviews/{url}", json=body, headers={**buyer, **key()})
            problem(early, 409, "not_received")
            problem(
                await client.post(f"/api/v1/reviews/{url}", json=body, headers=buyer),
                400,
                "idempotency_key_missing",
            )
    await api.received(placed, seller)
    for url, body in (("products", of_product), ("sellers", of_seller)):
        for wrong, code in (
            ({"score": 0}, "bad_score"),
            ({"score": 6}, "bad_score"),
            ({"score": True}, "invalid_field"),
            ({"score": 4.5}, "invalid_field"),
            ({"body": "x" * 2001}, "text_too_long"),
            ({"body": "a\0b"}, "text_unprintable"),
            ({"verified": True}, "invalid_field"),
        ):
            async with changes.none():
                answer = await client.post(
                    f"/api/v1/reviews/{url}", json={**body, **wrong}, headers={**buyer, **key()}
                )
                problem(answer, 422, code)
        assert (
            await client.post(f"/api/v1/reviews/{url}", json=body, headers={**buyer, **key()})
        ).status_code == 201
        async with changes.none():
            twice = await client.post(f"/api/v1/reviews/{url}", json=body, headers={**buyer, **key()})
            problem(twice, 409, "already_reviewed")
    pictures = {**of_product, "media_ids": [order["id"]]}
    async with changes.none():
        answer = await client.post("/api/v1/reviews/products", json=pictures, headers={**buyer, **key()})
        problem(answer, 422, "unknown_picture")


async def test_a_product_is_edited_as_it_was_read(api: Api, client: httpx.AsyncClient) -> None:
    seller = await api.seller()
    url = f"/api/v1/seller/products/{api.shop.products['TEA']}"
    read = await client.get(url, headers=seller)
    assert (read.status_code, read.headers["etag"]) == (200, '"1"')
    changed = await client.patch(
        url,
        json={"title": {"zh-CN": "乌龙茶", "en": "Oolong"}},
        headers={**seller, "If-Match": read.headers["etag"]},
    )
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json()["description"] == read.json()["description"]
    assert changed.json()["title"]["en"] == "Oolong"
    archived = await client.patch(url, json={"state": "archived"}, headers={**seller, "If-Match": "*"})
    assert archived.json()["state"] == "archived"


async def test_a_price_is_changed_as_it_was_read(api: Api, client: httpx.AsyncClient) -> None:
    seller = await api.seller()
    url = f"/api/v1/seller/variants/{api.variant('TEA')}/prices"
    changed = await client.put(
        url, json={"prices": [{"amount": 5500, "currency": "CNY"}]}, headers={**seller, "If-Match": '"1"'}
    )
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json()["prices"][0] == {"amount": 5500, "currency": "CNY", "exponent": 2}
    withdrawn = await client.put(
        url, json={"prices": [{"amount": None, "currency": "USD"}]}, headers={**seller, "If-Match": "*"}
    )
    assert [price["currency"] for price in withdrawn.json()["prices"]] == ["CNY"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"title": {}}, 422, "invalid_field"),
        ({"title": {"fr": "thé"}}, 422, "invalid_field"),
        ({"title": None}, 422, "invalid_field"),
        ({"title": {"en": "x" * 5000}}, 422, "bad_product"),
        ({"title": {"en": "a\0b"}}, 422, "bad_product"),
        ({"state": "deleted"}, 422, "invalid_field"),
        ({"state": "draft"}, 409, "illegal_product_state"),
        ({"seller_id": "x"}, 422, "invalid_field"),
        ({"version": 9}, 422, "invalid_field"),
    ],
)
async def test_a_product_is_not_edited_with(
    api: Api, client: httpx.AsyncClient, changes: Changes, body: dict[str, Any], status: int, code: str
) -> None:
    seller = await api.seller()
    url = f"/api/v1/seller/products/{api.shop.products['TEA']}"
    async with changes.none():
        problem(await client.patch(url, json=body, headers={**seller, "If-Match": '"1"'}), status, code)


@pytest.mark.parametrize(
    ("prices", "code"),
    [
        ([{"amount": 0, "currency": "CNY"}], "bad_product"),
        ([{"amount": -1, "currency": "CNY"}], "bad_product"),
        ([{"amount": 2**63, "currency": "CNY"}], "bad_product"),
        ([{"amount": 1.5, "currency": "CNY"}], "invalid_field"),
        ([{"amount": "1", "currency": "CNY"}], "invalid_field"),
        ([{"amount": 1, "currency": "EUR"}], "unknown_currency"),
        ([{"amount": 1, "currency": "CNY"}, {"amount": 2, "currency": "CNY"}], "price_given_twice"),
        ([], "invalid_field"),
    ],
)
async def test_a_price_is_not_set_to(
    api: Api, client: httpx.AsyncClient, changes: Changes, prices: list[Any], code: str
) -> None:
    seller = await api.seller()
    url = f"/api/v1/seller/variants/{api.variant('TEA')}/prices"
    async with changes.none():
        answer = await client.put(url, json={"prices": prices}, headers={**seller, "If-Match": '"1"'})
        problem(answer, 422, code)


async def test_changes_need_the_version_that_was_read(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    seller = await api.seller()
    product = f"/api/v1/seller/products/{api.shop.products['TEA']}"
    variant = f"/api/v1/seller/variants/{api.variant('TEA')}/prices"
    price = {"prices": [{"amount": 1, "currency": "CNY"}]}
    async with changes.none():
        problem(
            await client.patch(product, json={"state": "archived"}, headers=seller), 428, "if_match_missing"
        )
        problem(await client.put(variant, json=price, headers=seller), 428, "if_match_missing")
        for tag in ('"2"', 'W/"1"', '"1-abc"'):
            headers = {**seller, "If-Match": tag}
            problem(
                await client.patch(product, json={"state": "archived"}, headers=headers),
                412,
                "if_match_failed",
            )
            problem(await client.put(variant, json=price, headers=headers), 412, "if_match_failed")
