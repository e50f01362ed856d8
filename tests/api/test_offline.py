"""Bank transfer and cash on delivery through the public address: the right people, once per key, and nobody else."""

from typing import Any

import httpx
import pytest
from tests.world.client import Api, Changes, Placed, key, problem
from tests.world.shop import ADDRESS, total_of

from merx.accounts import appoint_staff
from merx.payments.providers import BankTransferProvider, CashOnDeliveryProvider, ProviderRegistry
from merx.refunds import send_refunds
from merx.services import Services

PARCEL = {"carrier": "shunfeng", "tracking_number": "SF1234567890123"}


@pytest.fixture
async def services(services: Services) -> Services:
    """The shop with people's methods beside Alipay."""
    cny = frozenset({"CNY"})
    transfer = BankTransferProvider(holder="M", bank="B", account="A1", currencies=cny, days=3)
    cash = CashOnDeliveryProvider(currencies=cny, countries=frozenset({ADDRESS.country}))
    providers = ProviderRegistry([*services.providers, transfer, cash])
    return Services(
        settings=services.settings,
        db=services.db,
        keys=services.keys,
        providers=providers,
        clock=services.clock,
    )


async def staff(api: Api) -> dict[str, str]:
    session = await api.account("staff@example.com")
    account_id = await api.account_id(session)
    async with api.services.db.transaction() as tx:
        await appoint_staff(tx, account_id=account_id, now=api.services.clock())
    return session


async def placed(api: Api, lines: dict[str, int], provider: str) -> Placed:
    """Ordered and begun to be paid so."""
    url, shown = await api.ready_cart(lines)
    chosen = await api.client.put(f"{url}/payment-method", json={"provider": provider}, headers=shown)
    assert chosen.status_code == 200, chosen.text
    answer = await api.client.post(
        f"{url}/checkout",
        json={"expected_total": {"amount": total_of(lines), "currency": "CNY"}},
        headers={**shown, **key()},
    )
    assert answer.status_code == 201, answer.text
    sale = Placed(answer.json(), url.rpartition("/")[2], shown)
    started = await api.client.post(f"{sale.url}/pay", headers=sale.headers)
    assert started.status_code == 200, started.text
    assert started.json()["action"]["kind"] == "instructions"
    return sale


async def do(client: httpx.AsyncClient, who: dict[str, str], path: str, body: Any = None) -> httpx.Response:
    return await client.post(f"/api/v1{path}", json=body, headers={**who, **key()})


def receipt(amount: int, currency: str = "CNY", reference: str = "BANK-1") -> dict[str, Any]:
    return {"amount": {"amount": amount, "currency": currency}, "reference": reference}


async def payment_id(api: Api) -> str:
    return str(await api.owner.fetchval("SELECT id FROM payments ORDER BY created_at DESC LIMIT 1"))


async def test_staff_confirm_a_transfer_by_its_number(api: Api, client: httpx.AsyncClient) -> None:
    sale, clerk = await placed(api, {"TEA": 1, "POT": 1}, "bank_transfer"), await staff(api)
    listed = (await client.get("/api/v1/staff/payments", headers=clerk)).json()
    assert listed.keys() == {"waiting", "promised", "refunds"}
    assert [(each["number"], each["amount"]["amount"]) for each in listed["waiting"]] == [
        (f"{sale.number}P1", sale.total)
    ]
    again = (await client.get(f"/api/v1/staff/payments?number={sale.number.lower()}", headers=clerk)).json()
    assert again["waiting"] == listed["waiting"]
    path = f"/api/v1/staff/payments/{listed['waiting'][0]['id']}/confirm"
    headers = {**clerk, **key("one")}
    first = await client.post(path, json=receipt(sale.total), headers=headers)
    assert first.json()["outcome"] == "placed"
    replay = await client.post(path, json=receipt(sale.total), headers=headers)
    assert replay.json() == first.json()
    problem(
        await client.post(path, json=receipt(sale.total, reference="X"), headers=headers),
        422,
        "idempotency_key_reused",
    )
    purchase = (await client.get(sale.url, headers=sale.headers)).json()
    assert (purchase["state"], [each["payment_status"] for each in purchase["orders"]]) == (
        "placed", ["paid", "paid"],
    )  # fmt: skip
    assert (await client.get("/api/v1/staff/payments", headers=clerk)).json()["waiting"] == []


async def test_a_wrong_amount_or_currency_is_refused_with_what_was_expected(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    sale, clerk = await placed(api, {"TEA": 1}, "bank_transfer"), await staff(api)
    path = f"/staff/payments/{await payment_id(api)}/confirm"
    async with changes.none():
        for body in (receipt(sale.total - 1), receipt(sale.total, "USD")):
            refused = problem(await do(client, clerk, path, body), 409, "amount_mismatch")
            assert "57.90 CNY" in refused["detail"]
        problem(await do(client, clerk, path, receipt(sale.total, reference=" ")), 422, "text_missing")


async def test_nobody_but_staff_confirms_a_transfer(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    sale, seller = await placed(api, {"TEA": 1}, "bank_transfer"), await api.seller()
    stranger = await api.account("stranger@example.com")
    number = await payment_id(api)
    order = (await api.orders(sale))[0]["id"]
    paths: tuple[tuple[str, Any], ...] = (
        (f"/staff/payments/{number}/confirm", receipt(sale.total)),
        (f"/staff/payments/{number}/capture", None),
        (f"/staff/purchases/{sale.id}/cancel", None),
        (f"/staff/orders/{order}/undelivered", {"restocked": []}),
        (f"/staff/refunds/{number}/paid-back", {"reference": "x"}),
        (f"/staff/refunds/{number}/failed", {"reason": "x"}),
    )
    async with changes.none():
        for path, body in paths:
            for who in (seller, stranger):
                problem(await do(client, who, path, body), 403, "forbidden")
            problem(await do(client, sale.headers, path, body), 401, "unauthenticated")
        problem(await client.get("/api/v1/staff/payments", headers=seller), 403, "forbidden")
        problem(
            await do(client, seller, f"/seller/orders/{order}/cash", receipt(sale.total)),
            404,
            "unknown_payment",
        )


async def test_cash_on_delivery_is_offered_for_one_seller_only(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    both, shown = await api.ready_cart({"TEA": 1, "POT": 1})
    one, mine = await api.ready_cart({"TEA": 1})

    async def methods(url: str, headers: dict[str, str]) -> list[str]:
        offers = (await client.get(f"{url}/quote", headers=headers)).json()["offers"]
        return [each["code"] for each in offers["payment_methods"]]

    assert await methods(both, shown) == ["alipay", "bank_transfer"]
    assert await methods(one, mine) == ["alipay", "bank_transfer", "cash_on_delivery"]
    body = {"provider": "cash_on_delivery"}
    async with changes.none():
        problem(
            await client.put(f"{both}/payment-method", json=body, headers=shown),
            409,
            "payment_method_not_offered",
        )
    assert (await client.put(f"{one}/payment-method", json=body, headers=mine)).status_code == 200
    added = await client.post(
        f"{one}/lines", json={"variant_id": api.variant("POT"), "quantity": 1}, headers=mine
    )
    assert added.status_code == 201
    total = {"amount": total_of({"TEA": 1, "POT": 1}), "currency": "CNY"}
    async with changes.none():
        problem(
            await client.post(f"{one}/checkout", json={"expected_total": total}, headers={**mine, **key()}),
            409, "payment_method_not_offered",
        )  # fmt: skip


async def test_the_seller_takes_the_cash_and_another_does_not(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    sale = await placed(api, {"TEA": 1}, "cash_on_delivery")
    seller, other = await api.seller(), await api.seller("pottery")
    order = (await api.orders(sale))[0]
    assert (order["state"], order["payment_status"]) == ("placed", "authorized")
    await api.shipped(sale, seller)
    async with changes.none():
        for verb, body in (("cash", receipt(sale.total)), ("undelivered", {"restocked": []})):
            path = f"/seller/orders/{order['id']}/{verb}"
            problem(await do(client, other, path, body), 404, "unknown_order")
            problem(await do(client, sale.headers, path, body), 401, "unauthenticated")
        path = f"/seller/orders/{order['id']}/cash"
        problem(await do(client, seller, path, receipt(1)), 409, "amount_mismatch")
    taken = await do(
        client, seller, f"/seller/orders/{order['id']}/cash", receipt(sale.total, reference="R-1")
    )
    assert taken.json()["outcome"] == "placed"
    shown = (await client.get(sale.url, headers=sale.headers)).json()
    assert shown["orders"][0]["payment_status"] == "paid"
    kinds = [entry["kind"] for entry in shown["timeline"]]
    assert kinds.index("order_authorized") < kinds.index("parcel_shipped") < kinds.index("order_paid")
    async with changes.none():
        problem(
            await do(client, seller, f"/seller/orders/{order['id']}/undelivered", {"restocked": []}),
            409, "payment_moved",
        )  # fmt: skip


async def test_what_is_refused_at_the_door_cancels_the_order(api: Api, client: httpx.AsyncClient) -> None:
    sale, seller = await placed(api, {"TEA": 2}, "cash_on_delivery"), await api.seller()
    order = (await api.orders(sale))[0]
    await api.shipped(sale, seller)
    body = {"restocked": [{"order_line_id": order["lines"][0]["id"], "quantity": 1}]}
    headers = {**seller, **key("door")}
    path = f"/api/v1/seller/orders/{order['id']}/undelivered"
    first = await client.post(path, json=body, headers=headers)
    assert (first.status_code, first.json()["state"]) == (200, "cancelled")
    assert (await client.post(path, json=body, headers=headers)).json() == first.json()
    shown = (await client.get(sale.url, headers=sale.headers)).json()
    assert (shown["state"], shown["cancel_reason"]) == ("cancelled", "undelivered")
    assert [each["state"] for each in shown["payments"]] == ["voided"]
    assert [each["state"] for each in shown["parcels"]] == ["returned"]


async def test_a_buyer_cancels_before_it_left_and_not_after(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    early, late = [await placed(api, {"TEA": 1}, "cash_on_delivery") for _ in range(2)]
    clerk = await staff(api)
    assert (await client.post(f"{early.url}/cancel", headers=early.headers)).json()["state"] == "cancelled"
    await api.shipped(late, await api.seller())
    async with changes.none():
        problem(await client.post(f"{late.url}/cancel", headers=late.headers), 409, "already_shipped")
        problem(await do(client, clerk, f"/staff/purchases/{late.id}/cancel"), 409, "already_shipped")


async def test_a_late_transfer_is_paid_back_by_hand(api: Api, client: httpx.AsyncClient) -> None:
    sale, clerk = await placed(api, {"POT": 1}, "bank_transfer"), await staff(api)
    number = await payment_id(api)
    await client.post(f"{sale.url}/cancel", headers=sale.headers)
    await placed(api, {"POT": 1}, "bank_transfer")
    confirmed = await do(client, clerk, f"/staff/payments/{number}/confirm", receipt(sale.total))
    assert confirmed.json()["outcome"] == "refund_approved"
    await send_refunds(api.services.db, api.services.providers, now=api.services.clock())
    [refund] = (await client.get("/api/v1/staff/payments", headers=clerk)).json()["refunds"]
    assert (refund["state"], refund["amount"]["amount"]) == ("submitted", sale.total)
    path = f"/staff/refunds/{refund['id']}"
    failed = await do(client, clerk, f"{path}/failed", {"reason": "Account closed"})
    assert failed.json()["state"] == "failed"
    back = await do(client, clerk, f"{path}/paid-back", {"reference": "OUT-1"})
    assert back.json()["state"] == "succeeded"
    assert (await client.get("/api/v1/staff/payments", headers=clerk)).json()["refunds"] == []


async def test_a_waiting_purchase_is_changed_to_transfer_and_to_cash_where_cash_is_taken(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    one, two = await api.placed({"TEA": 1}), await api.placed({"TEA": 1, "POT": 1})
    before = await api.owner.fetchval("SELECT max(expires_at) FROM purchases")
    for sale in (one, two):
        chosen = await client.post(
            f"{sale.url}/payment-method", json={"provider": "bank_transfer"}, headers=sale.headers
        )
        assert chosen.json() == {"purchase_id": sale.id, "payment_method": "bank_transfer"}
        told = await client.post(f"{sale.url}/pay", headers=sale.headers)
        assert told.json()["action"]["instructions"]["account"] == "A1"
    assert await api.owner.fetchval("SELECT min(expires_at) FROM purchases") > before
    cash = {"provider": "cash_on_delivery"}
    async with changes.none():
        refused = await client.post(f"{two.url}/payment-method", json=cash, headers=two.headers)
        assert problem(refused, 409, "payment_method_not_offered")["offered"] == "alipay, bank_transfer"
    assert (await client.post(f"{one.url}/payment-method", json=cash, headers=one.headers)).is_success
    assert (await client.post(f"{one.url}/pay", headers=one.headers)).status_code == 200
    shown = (await client.get(one.url, headers=one.headers)).json()
    assert (shown["state"], shown["orders"][0]["payment_status"]) == ("placed", "authorized")
