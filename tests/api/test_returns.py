"""After-sales through the public address: buyer, seller and staff, and everybody else."""

from typing import Any

import httpx
import pytest
from tests.world.client import Api, Changes, Placed, key, problem

from merx.accounts import appoint_staff
from merx.infra.dispatch import drain
from merx.refunds import send_refunds
from merx.subscriptions import SUBSCRIPTIONS

PARCEL = {"carrier": "shunfeng", "tracking_number": "SF1234567890123"}


async def order_of(client: httpx.AsyncClient, placed: Placed) -> dict[str, Any]:
    body = (await client.get(placed.url, headers=placed.headers)).json()
    order: dict[str, Any] = body["orders"][0]
    return order


async def apply(client: httpx.AsyncClient, placed: Placed, **changes: Any) -> httpx.Response:
    """Apply for everything of the first order."""
    order = await order_of(client, placed)
    body = {
        "kind": "refund_only",
        "reason": "changed_mind",
        "lines": [{"order_line_id": each["id"], "quantity": each["quantity"]} for each in order["lines"]],
        "body": "不想要了",
        **changes,
    }
    url = f"/api/v1/orders/{order['id']}/returns"
    return await client.post(url, json=body, headers={**placed.headers, **key()})


async def do(
    client: httpx.AsyncClient, who: dict[str, str], path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    return await client.post(f"/api/v1{path}", json=body, headers={**who, **key()})


async def staff(api: Api) -> dict[str, str]:
    session = await api.account("staff@example.com")
    account_id = await api.account_id(session)
    async with api.services.db.transaction() as tx:
        await appoint_staff(tx, account_id=account_id, now=api.services.clock())
    return session


async def test_a_guest_takes_an_order_back_before_it_is_shipped(api: Api, client: httpx.AsyncClient) -> None:
    placed, seller = await api.paid({"TEA": 1}), await api.seller()
    asked = await apply(client, placed)
    assert asked.status_code == 201, asked.text
    case = asked.json()
    assert (case["state"], case["amount"]["amount"], case["refund"]) == ("requested", placed.total, None)
    approved = await do(client, seller, f"/seller/returns/{case['id']}/approve")
    assert approved.json()["refund"]["state"] == "approved"
    assert await send_refunds(api.services.db, api.services.providers, now=api.services.clock()) == 1
    await drain(api.services.db, SUBSCRIPTIONS, now=api.services.clock())
    shown = await client.get(f"/api/v1/returns/{case['id']}", headers=placed.headers)
    assert shown.json()["refund"]["state"] == "succeeded"
    purchase = (await client.get(placed.url, headers=placed.headers)).json()
    assert (purchase["state"], purchase["cancel_reason"]) == ("cancelled", "refunded")
    assert {"return_requested", "return_approved", "refund_succeeded", "order_cancelled"} <= {
        entry["kind"] for entry in purchase["timeline"]
    }


async def test_goods_go_back_and_the_platform_is_called_in(api: Api, client: httpx.AsyncClient) -> None:
    placed, seller, judge = await api.paid({"TEA": 2}), await api.seller(), await staff(api)
    order = await order_of(client, placed)
    assert (await do(client, seller, f"/seller/orders/{order['id']}/fulfilments", PARCEL)).status_code == 201
    case = (await apply(client, placed, kind="return_and_refund", reason="damaged")).json()
    mine, theirs = f"/returns/{case['id']}", f"/seller/returns/{case['id']}"
    proposed = await do(client, seller, f"{theirs}/propose", {"amount": 100, "answer": "小补偿"})
    assert proposed.json()["proposed"]["amount"] == 100
    assert (await do(client, placed.headers, f"{mine}/decline")).json()["state"] == "requested"
    assert (await do(client, seller, f"{theirs}/reject", {"answer": "已拆封"})).json()["state"] == "rejected"
    assert (await do(client, placed.headers, f"{mine}/escalate")).json()["state"] == "escalated"
    waiting = await client.get("/api/v1/staff/returns", headers=judge)
    assert [each["id"] for each in waiting.json()["items"]] == [case["id"]]
    decided = await do(
        client, judge, f"/staff/returns/{case['id']}/decide", {"in_favour": True, "answer": "支持退货"}
    )
    assert (decided.json()["state"], decided.json()["decided_by_platform"]) == ("approved", True)
    sent = await do(client, placed.headers, f"{mine}/send-back", PARCEL)
    assert sent.json()["state"] == "in_transit"
    restocked = [{"order_line_id": order["lines"][0]["id"], "quantity": 1}]
    inspected = (await do(client, seller, f"{theirs}/inspect", {"restocked": restocked})).json()
    assert (inspected["state"], inspected["lines"][0]["written_off"]) == ("inspected", 1)
    assert inspected["refund"]["amount"]["amount"] == placed.total
    listed = await client.get("/api/v1/seller/returns?state=inspected", headers=seller)
    assert [each["id"] for each in listed.json()["items"]] == [case["id"]]


async def test_a_faulty_cup_is_replaced_and_the_next_one_is_paid_for(
    api: Api, client: httpx.AsyncClient
) -> None:
    placed, seller = await api.paid({"TEA": 1}), await api.seller()
    seller_id = (await client.get("/api/v1/seller/return-addresses", headers=seller)).json()["items"][0][
        "seller_id"
    ]
    address = await client.put(
        f"/api/v1/seller/return-addresses/{seller_id}",
        json={"return_address": " 上海市人民路 9 号\n茶馆售后 "},
        headers=seller,
    )
    assert address.json()["return_address"] == "上海市人民路 9 号\n茶馆售后"
    order = await order_of(client, placed)
    line = order["lines"][0]
    parcels = f"/seller/orders/{order['id']}/fulfilments"
    assert (await do(client, seller, parcels, PARCEL)).status_code == 201
    cases = []
    for _ in range(2):
        case = (await apply(client, placed, kind="exchange", reason="defective")).json()
        mine, theirs = f"/returns/{case['id']}", f"/seller/returns/{case['id']}"
        assert (case["return_address"], case["lines"][0]["replacement"]["sku"]) == (None, "TEA")
        approved = (await do(client, seller, f"{theirs}/approve")).json()
        assert (approved["refund"], approved["return_address"]) == (None, "上海市人民路 9 号\n茶馆售后")
        await do(client, placed.headers, f"{mine}/send-back", PARCEL)
        await do(client, seller, f"{theirs}/inspect", {"restocked": []})
        cases.append(theirs)
        if len(cases) == 1:
            sent = (await do(client, seller, parcels, PARCEL)).json()
            assert [each["sku"] for each in sent["lines"][0]["replacements"]] == ["TEA"]
            await drain(api.services.db, SUBSCRIPTIONS, now=api.services.clock())
    assert (await client.get(f"/api/v1{cases[0]}", headers=seller)).json()["state"] == "settled"
    problem(await do(client, seller, f"{cases[0]}/cannot-deliver"), 409, "return_moved")
    line = (await order_of(client, placed))["lines"][0]
    assert (line["shipped"], line["to_ship"], line["exchanged"]) == (2, 1, 2)
    refunded = (await do(client, seller, f"{cases[1]}/cannot-deliver")).json()
    assert refunded["refund"]["amount"]["amount"] == placed.total
    kinds = [
        entry["kind"] for entry in (await client.get(placed.url, headers=placed.headers)).json()["timeline"]
    ]
    assert kinds.count("return_converted") == 1


async def test_an_exchange_without_stock_becomes_a_refund(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    placed, seller, judge = await api.paid({"POT": 1}), await api.seller("pottery"), await staff(api)
    rival = await api.seller()
    order = await order_of(client, placed)
    await do(client, seller, f"/seller/orders/{order['id']}/fulfilments", PARCEL)
    case = (await apply(client, placed, kind="exchange", reason="damaged")).json()
    theirs = f"/seller/returns/{case['id']}"
    async with changes.none():
        problem(await do(client, seller, f"{theirs}/approve"), 409, "no_replacement")
        problem(await do(client, seller, f"{theirs}/propose", {"amount": 1}), 409, "no_money_in_exchange")
        problem(await do(client, rival, f"{theirs}/approve-as-refund"), 404, "unknown_return")
    await do(client, placed.headers, f"/returns/{case['id']}/escalate")
    decision = {"in_favour": True, "answer": "退款", "as_refund": True}
    decided = (await do(client, judge, f"/staff/returns/{case['id']}/decide", decision)).json()
    assert (decided["state"], decided["kind"]) == ("approved", "return_and_refund")


async def test_a_repeated_application_opens_one_case(api: Api, client: httpx.AsyncClient) -> None:
    placed = await api.paid({"TEA": 1})
    order = await order_of(client, placed)
    body = {
        "kind": "refund_only", "reason": "other",
        "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": 1}],
    }  # fmt: skip
    url, headers = f"/api/v1/orders/{order['id']}/returns", {**placed.headers, **key("once")}
    first = await client.post(url, json=body, headers=headers)
    again = await client.post(url, json=body, headers=headers)
    assert (first.json()["id"], again.headers["idempotent-replayed"]) == (again.json()["id"], "true")
    shown = await client.get(url, headers=placed.headers)
    assert len(shown.json()["items"]) == 1


async def test_somebody_elses_case_does_not_exist(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    placed, other = await api.paid({"TEA": 1}), await api.paid({"CUP": 1})
    order, case = await order_of(client, placed), (await apply(client, placed)).json()
    stranger, seller = other.headers, await api.seller("pottery")
    body = {
        "kind": "refund_only", "reason": "other",
        "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": 1}],
    }  # fmt: skip
    async with changes.none():
        path = f"/orders/{order['id']}/returns"
        problem(await do(client, stranger, path, body), 404, "unknown_order")
        problem(await client.get(f"/api/v1{path}", headers=stranger), 404, "unknown_order")
        problem(await client.get(f"/api/v1/returns/{case['id']}", headers=stranger), 404, "unknown_return")
        for step in ("withdraw", "accept", "decline", "escalate"):
            problem(await do(client, stranger, f"/returns/{case['id']}/{step}"), 404, "unknown_return")
        problem(await do(client, stranger, f"/returns/{case['id']}/send-back", PARCEL), 404, "unknown_return")
        url = f"/seller/returns/{case['id']}"
        problem(await client.get(f"/api/v1{url}", headers=seller), 404, "unknown_return")
        for step in ("approve", "approve-as-refund", "cannot-deliver", "escalate"):
            problem(await do(client, seller, f"{url}/{step}"), 404, "unknown_return")
        problem(await do(client, seller, f"{url}/reject", {"answer": "no"}), 404, "unknown_return")
        problem(await do(client, seller, f"{url}/propose", {"amount": 1}), 404, "unknown_return")
        problem(await do(client, seller, f"{url}/inspect", {"restocked": []}), 404, "unknown_return")


async def test_only_staff_decide(api: Api, client: httpx.AsyncClient, changes: Changes) -> None:
    placed, seller = await api.paid({"TEA": 1}), await api.seller()
    case = (await apply(client, placed)).json()
    decision = {"in_favour": True, "answer": "yes"}
    async with changes.none():
        url = f"/staff/returns/{case['id']}"
        problem(await do(client, seller, f"{url}/decide", decision), 403, "forbidden")
        problem(await do(client, placed.headers, f"{url}/decide", decision), 401, "unauthenticated")
        problem(await client.get("/api/v1/staff/returns", headers=seller), 403, "forbidden")
        problem(await client.get(f"/api/v1{url}", headers=seller), 403, "forbidden")
        problem(await do(client, seller, f"/staff/refunds/{case['id']}/retry"), 403, "forbidden")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"kind": "gift"}, 422, "invalid_field"),
        ({"kind": "exchange"}, 409, "not_shipped_yet"),
        ({"reason": "boredom"}, 422, "invalid_field"),
        ({"amount": 1}, 422, "invalid_field"),
        ({"lines": []}, 422, "bad_return"),
        ({"kind": "return_and_refund"}, 409, "not_shipped_yet"),
        ({"kind": "return_and_refund", "reason": "not_received"}, 422, "bad_return_reason"),
        ({"body": "a\0b"}, 422, "text_unprintable"),
        ({"body": "x" * 2001}, 422, "text_too_long"),
        ({"media_ids": ["0197a3b0-6c1e-7d52-9a51-3f0c1b2d4e5f"]}, 422, "unknown_picture"),
    ],
)
async def test_an_application_is_refused(
    api: Api, client: httpx.AsyncClient, changes: Changes, changed: dict[str, Any], status: int, code: str
) -> None:
    placed = await api.paid({"TEA": 1})
    async with changes.none():
        problem(await apply(client, placed, **changed), status, code)
