"""Promotions over HTTP: made, claimed, entered, shown with every cent explained, given back; and nobody else's."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.world.client import Api, Changes, Placed, key, problem

from merx.accounts import appoint_staff
from merx.infra.dispatch import drain
from merx.refunds import send_refunds
from merx.subscriptions import SUBSCRIPTIONS

NAME = {"zh-CN": "满 40 减 5", "en": "5 off from 40"}
FIVE_YUAN: dict[str, Any] = {
    "name": NAME,
    "kind": "amount_off",
    "amount": 500,
    "threshold": 4000,
    "currency": "CNY",
}
COUPON: dict[str, Any] = FIVE_YUAN | {"trigger": "coupon", "uses_total": 2, "uses_per_person": 1}
CODE: dict[str, Any] = FIVE_YUAN | {"trigger": "code", "code": "tea-5"}


async def staff(api: Api) -> dict[str, str]:
    session = await api.account("staff@example.com")
    account_id = await api.account_id(session)
    async with api.services.db.transaction() as tx:
        await appoint_staff(tx, account_id=account_id, now=api.services.clock())
    return session


async def make(api: Api, who: dict[str, str], body: dict[str, Any], *, of: str | None = "tea-house") -> Any:
    """A promotion of a seller by code, or (None) of the platform."""
    side, more = ("staff", {}) if of is None else ("seller", {"seller_id": str(api.shop.sellers[of])})
    answer = await api.client.post(
        f"/api/v1/{side}/promotions", json={**body, **more}, headers={**who, **key()}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def do(
    client: httpx.AsyncClient, who: dict[str, str], path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    return await client.post(f"/api/v1{path}", json=body, headers={**who, **key()})


async def look(client: httpx.AsyncClient, who: dict[str, str], path: str) -> Any:
    answer = await client.get(f"/api/v1{path}", headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def order(api: Api, url: str, shown: dict[str, str]) -> Placed:
    """Order a cart at the total its quote shows, and pay."""
    quote = (await api.client.get(f"{url}/quote", headers=shown)).json()
    total = {name: quote["totals"]["total"][name] for name in ("amount", "currency")}
    answer = await api.client.post(
        f"{url}/checkout", json={"expected_total": total}, headers={**shown, **key()}
    )
    assert answer.status_code == 201, answer.text
    placed = Placed(answer.json(), url.rpartition("/")[2], shown)
    api.simulator.pay(await api.open_cashier(placed))
    await api.simulator.deliver_due()
    return placed


def adds_up(told: dict[str, Any]) -> None:
    """Assert that totals and explanation say the same."""
    sums = {name: amount["amount"] for name, amount in told["totals"].items()}
    assert sums["goods"] + sums["shipping"] - sums["discount"] == sums["total"]
    traced = [each for each in told["explanation"] if each["kind"] != "tax_inside"]
    assert sum(each["amount"]["amount"] for each in traced) == sums["total"]
    off = [each["amount"]["amount"] for each in traced if each["kind"] == "adjustment"]
    assert -sum(off) == sums["discount"]


async def give_back(api: Api, placed: Placed, seller: dict[str, str], sku: str, quantity: int) -> int:
    """Apply for units of a line before it is shipped, agree, and send the money; how much it was."""
    [found] = await api.orders(placed)
    [line] = [each for each in found["lines"] if each["sku"] == sku]
    wanted = [{"order_line_id": line["id"], "quantity": quantity}]
    body = {"kind": "refund_only", "reason": "changed_mind", "lines": wanted, "body": "不想要了"}
    asked = await do(api.client, placed.headers, f"/orders/{found['id']}/returns", body)
    assert asked.status_code == 201, asked.text
    case = asked.json()
    assert (await do(api.client, seller, f"/seller/returns/{case['id']}/approve")).status_code == 200
    now = api.services.clock()
    assert await send_refunds(api.services.db, api.services.providers, now=now) == 1
    await drain(api.services.db, SUBSCRIPTIONS, now=now)
    amount: int = case["amount"]["amount"]
    return amount


async def test_a_coupon_is_made_claimed_used_and_given_back(api: Api, client: httpx.AsyncClient) -> None:
    seller, buyer = await api.seller(), await api.account()
    made = await make(api, seller, COUPON)
    assert (made["state"], made["left"], made["claimed"], made["uses"]) == ("active", 2, 0, 0)
    assert made["amount"] == {"amount": 500, "currency": "CNY", "exponent": 2}
    assert made["actions"] == ["change", "pause", "end"]

    [seen] = (await look(client, {}, "/coupons"))["items"]
    assert (seen["id"], seen["can_claim"], seen["why_not"]) == (made["id"], False, "log_in")
    [seen] = (await look(client, buyer, "/coupons"))["items"]
    assert (seen["can_claim"], seen["why_not"], seen["seller"]["code"]) == (True, None, "tea-house")
    claim = f"/api/v1/coupons/{made['id']}/claim"
    first = await client.post(claim, headers={**buyer, **key("c-1")})
    again = await client.post(claim, headers={**buyer, **key("c-1")})
    assert (first.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    problem(await do(client, buyer, f"/coupons/{made['id']}/claim"), 409, "coupon_claimed")
    [seen] = (await look(client, buyer, "/coupons"))["items"]
    assert (seen["left"], seen["claimed"], seen["why_not"]) == (1, 1, "used_by_you")
    [mine] = (await look(client, buyer, "/me/coupons"))["items"]
    assert (mine["id"], mine["state"], mine["promotion"]["id"]) == (first.json()["id"], "unused", made["id"])

    url, shown = await api.ready_cart({"TEA": 1, "CUP": 2}, headers=buyer)
    quote = (await client.get(f"{url}/quote", headers=shown)).json()
    adds_up(quote)
    assert quote["totals"]["total"]["amount"] == 7490 + 800 - 500
    [applied] = quote["promotions"]["applied"]
    assert (applied["coupon_id"], applied["amount"]["amount"], applied["name"]) == (mine["id"], 500, NAME)
    placed = await order(api, url, shown)
    told = await look(client, buyer, f"/purchases/{placed.id}")
    adds_up(told)
    shares = {each["sku"]: each["amount"]["amount"] for each in told["explanation"] if each["name"] == NAME}
    assert shares == {"TEA": -333, "CUP": -167}
    assert told["orders"][0]["totals"]["discount"]["amount"] == 500
    assert (await look(client, buyer, "/me/coupons"))["items"][0]["state"] == "used"
    watched = await look(client, seller, f"/seller/promotions/{made['id']}")
    assert (watched["claimed"], watched["uses"], watched["left"]) == (1, 1, 1)
    assert watched["taken_off"] == [{"amount": 500, "currency": "CNY", "exponent": 2}]

    cups = [await give_back(api, placed, seller, "CUP", 1) for _ in range(2)]
    assert (sum(cups), max(cups) - min(cups)) == (2500 - 167, 1)
    assert (await look(client, buyer, "/me/coupons"))["items"][0]["state"] == "used"
    assert await give_back(api, placed, seller, "TEA", 1) == 4990 - 333 + 800
    assert (await look(client, buyer, "/me/coupons"))["items"][0]["state"] == "unused"


async def test_a_code_is_entered_shown_and_taken_out(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    made = await make(api, await api.seller(), CODE)
    url, shown = await api.ready_cart({"CUP": 2})
    for _ in range(2):
        entered = await client.post(f"{url}/codes", json={"code": " ｔｅａ-5 "}, headers=shown)
        assert (entered.status_code, entered.json()["codes"]) == (201, ["TEA-5"])
    cart = (await client.get(url, headers=shown)).json()
    [missed] = cart["promotions"]["not_applied"]
    assert (cart["codes"], missed["promotion_id"], missed["code"]) == (["TEA-5"], made["id"], "TEA-5")
    assert (missed["reason"], missed["missing"]["amount"]) == ("below_threshold", 4000 - 2500)
    await client.put(f"{url}/lines/{api.variant('CUP')}", json={"quantity": 3}, headers=shown)
    more = await client.post(
        f"{url}/lines", json={"variant_id": api.variant("TEA"), "quantity": 1}, headers=shown
    )
    assert more.status_code == 201
    cart = (await client.get(url, headers=shown)).json()
    assert [each["amount"]["amount"] for each in cart["promotions"]["applied"]] == [500]
    assert cart["totals"]["discount"]["amount"] == 500
    async with changes.none():
        problem(
            await client.post(f"{url}/codes", json={"code": "x"}, headers=shown), 422, "bad_promotion_code"
        )
        unknown = await client.post(f"{url}/codes", json={"code": "TEA-6"}, headers=shown)
        problem(unknown, 404, "unknown_promotion_code")
        assert (await client.delete(f"{url}/codes/TEA-6", headers=shown)).status_code == 204
    assert (await client.delete(f"{url}/codes/tea-5", headers=shown)).status_code == 204
    cart = (await client.get(url, headers=shown)).json()
    assert (cart["codes"], cart["promotions"]) == ([], {"applied": [], "not_applied": []})
    assert cart["totals"]["discount"]["amount"] == 0


async def test_what_ended_says_so_in_the_cart(api: Api, client: httpx.AsyncClient) -> None:
    seller = await api.seller()
    made = await make(api, seller, CODE)
    url, shown = await api.ready_cart({"TEA": 1})
    await client.post(f"{url}/codes", json={"code": "TEA-5"}, headers=shown)
    paused = (await do(client, seller, f"/seller/promotions/{made['id']}/pause")).json()
    assert (paused["state"], paused["why_not"], paused["actions"]) == (
        "paused",
        "paused",
        ["change", "resume", "end"],
    )
    quote = (await client.get(f"{url}/quote", headers=shown)).json()
    assert [each["reason"] for each in quote["promotions"]["not_applied"]] == ["paused"]
    resumed = await do(client, seller, f"/seller/promotions/{made['id']}/resume")
    assert resumed.json()["state"] == "active"
    ended = (await do(client, seller, f"/seller/promotions/{made['id']}/end")).json()
    assert (ended["state"], ended["actions"]) == ("ended", [])
    quote = (await client.get(f"{url}/quote", headers=shown)).json()
    assert [each["reason"] for each in quote["promotions"]["not_applied"]] == ["over"]
    problem(await do(client, seller, f"/seller/promotions/{made['id']}/resume"), 409, "promotion_moved")
    problem(await do(client, seller, "/seller/promotions", {**CODE, "seller_id": made["seller"]["id"]}), 409,
            "promotion_code_taken")  # fmt: skip


async def test_what_people_have_seen_changes_only_in_name_end_and_number(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    seller, buyer = await api.seller(), await api.account()
    made = await make(api, seller, COUPON)
    await do(client, buyer, f"/coupons/{made['id']}/claim")
    url = f"/api/v1/seller/promotions/{made['id']}"
    read = await client.get(url, headers=seller)
    assert read.headers["etag"] == '"1"'
    end = (api.services.clock() + timedelta(days=7)).isoformat()
    body = {"name": {"en": "Still 5 off"}, "ends_at": end, "uses_total": 1}
    changed = await client.put(url, json=body, headers={**seller, "If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"'), changed.text
    assert (changed.json()["name"], changed.json()["left"]) == ({"en": "Still 5 off"}, 0)
    async with changes.none():
        problem(await client.put(url, json=body, headers=seller), 428, "if_match_missing")
        problem(
            await client.put(url, json=body, headers={**seller, "If-Match": '"1"'}), 412, "if_match_failed"
        )
        for wrong, code in (
            ({"uses_total": 0}, "bad_promotion_amount"),
            ({"uses_total": None}, "bad_promotion"),
            ({"ends_at": "2020-01-01T00:00:00Z"}, "bad_promotion_period"),
            ({"name": {"en": " "}}, "bad_promotion"),
        ):
            answer = await client.put(url, json={**body, **wrong}, headers={**seller, "If-Match": "*"})
            problem(answer, 422, code)
    problem(
        await do(client, await api.account("wang@example.com"), f"/coupons/{made['id']}/claim"),
        409,
        "coupons_gone",
    )


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"amount": 0}, "bad_promotion_amount"),
        ({"amount": 10**30}, "bad_promotion_amount"),
        ({"currency": "EUR"}, "bad_promotion"),
        ({"percent_bp": 100}, "bad_promotion"),
        ({"kind": "gift"}, "invalid_field"),
        ({"trigger": "code"}, "bad_promotion_code"),
        ({"scope": "products"}, "bad_promotion"),
        ({"scope": "sellers", "scope_ids": [str(uuid4())]}, "bad_promotion"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "bad_promotion_period"),
        ({"starts_at": "2020-01-01T00:00:00"}, "invalid_field"),
        ({"state": "ended"}, "invalid_field"),
    ],
)
async def test_a_promotion_is_not_made_of(
    api: Api, client: httpx.AsyncClient, changes: Changes, wrong: dict[str, Any], code: str
) -> None:
    seller = await api.seller()
    body = {**FIVE_YUAN, "seller_id": str(api.shop.sellers["tea-house"]), **wrong}
    async with changes.none():
        problem(await do(client, seller, "/seller/promotions", body), 422, code)


async def test_promotions_are_kept_by_whose_they_are(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    seller, rival, buyer, clerk = (
        await api.seller(), await api.seller("pottery"), await api.account(), await staff(api)
    )  # fmt: skip
    theirs = await make(api, seller, FIVE_YUAN)
    platforms = await make(api, clerk, COUPON, of=None)
    assert [each["id"] for each in (await look(client, seller, "/seller/promotions"))["items"]] == [
        theirs["id"]
    ]
    assert (await look(client, rival, "/seller/promotions"))["items"] == []
    assert (await look(client, seller, "/seller/promotions?state=paused"))["items"] == []
    assert [each["id"] for each in (await look(client, clerk, "/staff/promotions"))["items"]] == [
        platforms["id"]
    ]
    foreign = {**FIVE_YUAN, "seller_id": str(api.shop.sellers["tea-house"])}
    async with changes.none():
        for who, side, promotion in (
            (rival, "seller", theirs), (seller, "seller", platforms), (clerk, "staff", theirs)
        ):  # fmt: skip
            url = f"/{side}/promotions/{promotion['id']}"
            problem(await client.get(f"/api/v1{url}", headers=who), 404, "unknown_promotion")
            for verb in ("pause", "resume", "end"):
                problem(await do(client, who, f"{url}/{verb}"), 404, "unknown_promotion")
            body = {"name": NAME, "ends_at": None, "uses_total": None}
            answer = await client.put(f"/api/v1{url}", json=body, headers={**who, "If-Match": "*"})
            problem(answer, 404, "unknown_promotion")
        problem(await do(client, rival, "/seller/promotions", foreign), 404, "unknown_promotion")
        for who in (buyer, seller):
            problem(await do(client, who, "/staff/promotions", FIVE_YUAN), 403, "forbidden")
            problem(await client.get("/api/v1/staff/promotions", headers=who), 403, "forbidden")
        problem(await do(client, buyer, "/seller/promotions", foreign), 403, "forbidden")
        problem(await client.get("/api/v1/seller/promotions"), 401, "unauthenticated")


async def test_a_coupon_is_claimed_by_an_account_and_only_if_it_is_one(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    seller, buyer = await api.seller(), await api.account()
    coupon, automatic = await make(api, seller, COUPON), await make(api, seller, FIVE_YUAN)
    _, guest = await api.cart({})
    async with changes.none():
        problem(await do(client, guest, f"/coupons/{coupon['id']}/claim"), 401, "unauthenticated")
        problem(await client.get("/api/v1/me/coupons", headers=guest), 401, "unauthenticated")
        problem(await do(client, buyer, f"/coupons/{automatic['id']}/claim"), 404, "unknown_promotion")
        problem(await do(client, buyer, f"/coupons/{uuid4()}/claim"), 404, "unknown_promotion")
        keyless = await client.post(f"/api/v1/coupons/{coupon['id']}/claim", headers=buyer)
        problem(keyless, 400, "idempotency_key_missing")
    await do(client, seller, f"/seller/promotions/{coupon['id']}/pause")
    async with changes.none():
        problem(await do(client, buyer, f"/coupons/{coupon['id']}/claim"), 409, "coupon_not_claimable")
    assert (await look(client, buyer, "/coupons"))["items"] == []


async def test_lists_cost_the_same_however_long_they_are(api: Api, client: httpx.AsyncClient) -> None:
    seller, buyer = await api.seller(), await api.account()
    scope = {"scope": "products", "scope_ids": [str(api.shop.products["TEA"])]}

    async def statements(who: dict[str, str], path: str) -> int:
        before = api.services.db.statements
        await look(client, who, path)
        return api.services.db.statements - before

    pages = ((seller, "/seller/promotions"), (buyer, "/coupons"), (buyer, "/me/coupons"))
    first = await make(api, seller, COUPON | scope)
    await do(client, buyer, f"/coupons/{first['id']}/claim")
    few = [await statements(*page) for page in pages]
    for _ in range(3):
        another = await make(api, seller, COUPON | scope)
        await do(client, buyer, f"/coupons/{another['id']}/claim")
    assert [await statements(*page) for page in pages] == few
    [page] = [await look(client, buyer, "/me/coupons?limit=3")]
    assert (len(page["items"]), page["next_cursor"] is None) == (3, False)
    rest = await look(client, buyer, f"/me/coupons?limit=3&cursor={page['next_cursor']}")
    assert [each["promotion"]["id"] for each in rest["items"]] == [first["id"]]
    assert rest["items"][0]["promotion"]["scope_items"][0]["id"] == scope["scope_ids"][0]
