"""Ordering a cart over HTTP: once, for the total that was shown, or not at all."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.world.client import Api, Changes, Placed, key, problem
from tests.world.shop import total_of


def order(amount: int, currency: str = "CNY") -> dict[str, Any]:
    return {"expected_total": {"amount": amount, "currency": currency}}


async def test_a_guest_orders_pays_and_sees_the_purchase(api: Api, client: httpx.AsyncClient) -> None:
    placed = await api.paid({"TEA": 1, "POT": 1})
    body = (await client.get(placed.url, headers=placed.headers)).json()
    assert (body["number"], body["state"]) == (placed.number, "placed")
    assert body["totals"]["total"] == {"amount": 25790, "currency": "CNY", "exponent": 2}
    assert [each["seller"]["code"] for each in body["orders"]] == ["tea-house", "pottery"]
    assert [each["payment_status"] for each in body["orders"]] == ["paid", "paid"]
    assert body["payments"][0]["captured"]["amount"] == 25790
    assert body["address"]["name"] == "张伟"
    adding = [
        line["amount"]["amount"] for line in body["explanation"] if line["kind"] in ("line", "shipping")
    ]
    assert sum(adding) == 25790
    inside = [line["amount"]["amount"] for line in body["explanation"] if line["kind"] == "tax_inside"]
    assert sum(inside) == body["totals"]["tax"]["amount"]
    assert [entry["kind"] for entry in body["timeline"]] == [
        "purchase_placed",
        "payment_captured",
        "order_paid",
        "order_paid",
    ]
    assert body["timeline"][0]["amount"]["amount"] == 25790


async def test_a_quote_and_its_purchase_explain_themselves_alike(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.ready_cart({"TEA": 1, "CUP": 2, "POT": 1})
    quote = (await client.get(f"{url}/quote", headers=shown)).json()
    answer = await client.post(
        f"{url}/checkout", json=order(quote["totals"]["total"]["amount"]), headers={**shown, **key()}
    )
    placed = Placed(answer.json(), url.rpartition("/")[2], shown)
    purchase = (await client.get(placed.url, headers=shown)).json()

    def paid_for(line: dict[str, Any]) -> Any:
        return {name: value for name, value in line.items() if name != "free"}

    assert [paid_for(line) for line in purchase["explanation"]] == [
        paid_for(line) for line in quote["explanation"]
    ]


async def test_the_same_key_orders_once(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.ready_cart({"TEA": 1})
    answers = await asyncio.gather(
        *(
            client.post(f"{url}/checkout", json=order(5790), headers={**shown, **key("once")})
            for _ in range(5)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await api.owner.fetchval("SELECT count(*) FROM purchases") == 1
    other = await client.post(f"{url}/checkout", json=order(5791), headers={**shown, **key("once")})
    problem(other, 422, "idempotency_key_reused")


async def test_a_cart_is_ordered_once_whatever_the_key(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    placed = await api.placed({"TEA": 1})
    url = f"/api/v1/carts/{placed.cart_id}"
    async with changes.none():
        again = await client.post(f"{url}/checkout", json=order(5790), headers={**placed.headers, **key()})
        problem(again, 409, "cart_changed")
        more = await client.post(
            f"{url}/lines", json={"variant_id": api.variant("TEA"), "quantity": 1}, headers=placed.headers
        )
        problem(more, 409, "cart_closed")
    cart = (await client.get(url, headers=placed.headers)).json()
    assert (cart["state"], cart["purchase_id"]) == ("completed", placed.id)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (order(5789), 409, "price_changed"),
        (order(5790, "USD"), 409, "price_changed"),
        (order(0), 422, "invalid_field"),
        (order(-1), 422, "invalid_field"),
        (order(2**63), 422, "invalid_field"),
        (order(10**30), 422, "invalid_field"),
        ({"expected_total": {"amount": "5790", "currency": "CNY"}}, 422, "invalid_field"),
        ({"expected_total": {"amount": 57.9, "currency": "CNY"}}, 422, "invalid_field"),
        ({"expected_total": 5790}, 422, "invalid_field"),
        ({**order(5790), "price": 1}, 422, "invalid_field"),
        ({**order(5790), "paid": True}, 422, "invalid_field"),
        ({}, 422, "invalid_field"),
    ],
)
async def test_a_total_that_is_not_the_shown_one_orders_nothing(
    api: Api, client: httpx.AsyncClient, changes: Changes, body: dict[str, Any], status: int, code: str
) -> None:
    url, shown = await api.ready_cart({"TEA": 1})
    async with changes.none():
        answer = await client.post(f"{url}/checkout", json=body, headers={**shown, **key()})
        refusal = problem(answer, status, code)
    if code == "price_changed":
        assert (refusal["total"], refusal["currency"]) == (5790, "CNY")


async def test_ordering_needs_a_key(api: Api, client: httpx.AsyncClient, changes: Changes) -> None:
    url, shown = await api.ready_cart({"TEA": 1})
    async with changes.none():
        problem(
            await client.post(f"{url}/checkout", json=order(5790), headers=shown),
            400,
            "idempotency_key_missing",
        )


async def test_what_is_missing_is_named(api: Api, client: httpx.AsyncClient, changes: Changes) -> None:
    url, shown = await api.cart({"TEA": 1})
    async with changes.none():
        answer = await client.post(f"{url}/checkout", json=order(4990), headers={**shown, **key()})
        assert problem(answer, 422, "cart_incomplete")["missing"] == "address, delivery, payment"


async def test_a_shortage_says_of_what_and_how_much_is_left(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    url, shown = await api.ready_cart({"CUP": 4})
    async with changes.none():
        answer = await client.post(f"{url}/checkout", json=order(5800), headers={**shown, **key()})
        refusal = problem(answer, 409, "out_of_stock")
    assert refusal["lines"] == [{"variant_id": api.variant("CUP"), "wanted": 4, "available": 3}]


async def test_a_product_taken_off_sale_stops_the_order(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    url, shown = await api.ready_cart({"TEA": 1})
    await api.owner.execute("UPDATE products SET state = 'archived' WHERE slug = 'tea'")
    async with changes.none():
        answer = await client.post(f"{url}/checkout", json=order(5790), headers={**shown, **key()})
        problem(answer, 409, "cart_changed")


async def test_a_country_nobody_delivers_to_stops_the_order(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    url, shown = await api.ready_cart({"TEA": 1})
    await api.owner.execute("UPDATE carts SET country = 'FR'")
    async with changes.none():
        answer = await client.post(f"{url}/checkout", json=order(5790), headers={**shown, **key()})
        problem(answer, 409, "delivery_refused")


async def test_a_client_that_goes_away_has_ordered_all_the_same(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.ready_cart({"TEA": 1})
    sent = asyncio.create_task(
        client.post(f"{url}/checkout", json=order(5790), headers={**shown, **key("gone")})
    )
    while api.services.placement._queue._runner is None:
        await asyncio.sleep(0)
    sent.cancel()
    await asyncio.gather(sent, return_exceptions=True)
    await api.services.placement.drain()
    assert await api.owner.fetchval("SELECT count(*) FROM purchases") == 1
    again = await client.post(f"{url}/checkout", json=order(5790), headers={**shown, **key("gone")})
    assert again.status_code == 201


async def test_orders_at_the_same_moment_are_placed_together(api: Api, client: httpx.AsyncClient) -> None:
    carts = [await api.ready_cart({"CUP": 1}) for _ in range(5)]
    answers = await asyncio.gather(
        *(
            client.post(f"{url}/checkout", json=order(2050), headers={**shown, **key()})
            for url, shown in carts
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409, 409]
    assert await api.owner.fetchval("SELECT sum(held) FROM allotments") == 3


async def test_a_purchase_is_cancelled_once_and_gives_its_stock_back(
    api: Api, client: httpx.AsyncClient
) -> None:
    placed = await api.placed({"CUP": 3})
    for _ in range(2):
        answer = await client.post(f"{placed.url}/cancel", headers=placed.headers)
        assert answer.status_code == 200
        assert answer.json() == {"purchase_id": placed.id, "state": "cancelled"}
    assert await api.owner.fetchval("SELECT sum(held) FROM allotments") == 0
    body = (await client.get(placed.url, headers=placed.headers)).json()
    assert (body["state"], body["cancel_reason"]) == ("cancelled", "buyer")
    assert body["timeline"][-1]["kind"] == "purchase_cancelled"
    problem(await client.post(f"{placed.url}/pay", headers=placed.headers), 409, "not_payable")


async def test_a_paid_purchase_is_neither_paid_nor_cancelled_again(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    placed = await api.paid({"TEA": 1})
    async with changes.none():
        problem(await client.post(f"{placed.url}/pay", headers=placed.headers), 409, "not_payable")
        problem(await client.post(f"{placed.url}/cancel", headers=placed.headers), 409, "already_paid")


async def test_after_the_deadline_nobody_is_sent_to_pay(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    placed = await api.placed({"TEA": 1})
    api.simulator.clock.advance(timedelta(minutes=31))
    async with changes.none():
        problem(await client.post(f"{placed.url}/pay", headers=placed.headers), 409, "not_payable")


async def test_an_account_lists_its_purchases_page_by_page(api: Api, client: httpx.AsyncClient) -> None:
    session = await api.account()
    numbers = [(await api.placed({"TEA": 1}, headers=session)).number for _ in range(3)]
    url: str | None = "/api/v1/purchases?limit=2"
    seen: list[str] = []
    while url:
        answer = await client.get(url, headers=session)
        assert answer.status_code == 200
        seen += [each["number"] for each in answer.json()["items"]]
        url = answer.links["next"]["url"] if answer.json()["next_cursor"] else None
    assert seen == numbers[::-1]
    assert total_of({"TEA": 1}) == answer.json()["items"][0]["totals"]["total"]["amount"]
    problem(await client.get("/api/v1/purchases"), 401, "unauthenticated")
    problem(await client.get("/api/v1/purchases?cursor=x", headers=session), 422, "bad_cursor")
    for query in ("limit=0", "limit=101", "limit=１", "limit=x", "offset=2", "limit=1&limit=2", "%ff"):
        problem(await client.get(f"/api/v1/purchases?{query}", headers=session), 422, "invalid_parameter")
