"""Carts over HTTP: the hot path, and every way to get it wrong."""

from typing import Any

import httpx
import pytest
from tests.world.client import ADDRESS, Api, Changes, key, problem, raw

UNKNOWN = "0197a3b0-6c1e-7d52-9a51-3f0c1b2d4e5f"


async def test_a_guest_gets_a_cart_with_a_token(api: Api, client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/carts", json={"currency": "USD", "locale": "en"})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["currency"], body["locale"], body["state"], body["version"]) == ("USD", "en", "open", 1)
    assert len(body["token"]) == 22
    stored = await api.owner.fetchval("SELECT token_hash FROM carts")
    assert body["token"].encode() not in stored


async def test_an_account_gets_its_open_cart_again(api: Api, client: httpx.AsyncClient) -> None:
    session = await api.account()
    first = await client.post("/api/v1/carts", json={}, headers=session)
    again = await client.post("/api/v1/carts", json={}, headers=session)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["token"] is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"currency": "EUR"}, "unknown_currency"),
        ({"currency": "cny"}, "invalid_field"),
        ({"locale": "fr"}, "invalid_field"),
        ({"total": 1}, "invalid_field"),
    ],
)
async def test_a_cart_is_not_begun_with(
    client: httpx.AsyncClient, changes: Changes, body: dict[str, Any], code: str
) -> None:
    async with changes.none():
        problem(await client.post("/api/v1/carts", json=body), 422, code)


async def test_adding_a_line_takes_four_statements_with_begin_and_commit(
    api: Api, client: httpx.AsyncClient
) -> None:
    url, shown = await api.cart({})
    before = api.services.db.statements
    answer = await client.post(
        f"{url}/lines", json={"variant_id": api.variant("TEA"), "quantity": 2}, headers=shown
    )
    assert api.services.db.statements - before == 4
    assert answer.status_code == 201
    assert answer.json() == {
        "cart_id": url.rpartition("/")[2],
        "variant_id": api.variant("TEA"),
        "quantity": 2,
    }


async def test_adding_again_adds_and_setting_sets(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.cart({"TEA": 2})
    more = await client.post(
        f"{url}/lines", json={"variant_id": api.variant("TEA"), "quantity": 3}, headers=shown
    )
    assert more.json()["quantity"] == 5
    fixed = await client.put(f"{url}/lines/{api.variant('TEA')}", json={"quantity": 1}, headers=shown)
    assert (fixed.status_code, fixed.json()["quantity"]) == (200, 1)


async def test_a_repeated_key_adds_once(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.cart({})
    body = {"variant_id": api.variant("TEA"), "quantity": 2}
    first = await client.post(f"{url}/lines", json=body, headers={**shown, **key("a-1")})
    again = await client.post(f"{url}/lines", json=body, headers={**shown, **key('"a-1"')})
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await api.owner.fetchval("SELECT quantity FROM cart_lines") == 2
    other = await client.post(f"{url}/lines", json={**body, "quantity": 3}, headers={**shown, **key("a-1")})
    problem(other, 422, "idempotency_key_reused")
    assert await api.owner.fetchval("SELECT quantity FROM cart_lines") == 2


async def test_two_guests_may_use_the_same_key(api: Api, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        url, shown = await api.cart({})
        answer = await client.post(
            f"{url}/lines",
            json={"variant_id": api.variant("TEA"), "quantity": 1},
            headers={**shown, **key("same")},
        )
        assert "idempotent-replayed" not in answer.headers
    assert await api.owner.fetchval("SELECT count(*) FROM cart_lines") == 2


@pytest.mark.parametrize("bad", ["", "x" * 256, "ключ".encode().decode("latin-1")])
async def test_a_malformed_key_is_refused(
    api: Api, client: httpx.AsyncClient, changes: Changes, bad: str
) -> None:
    url, shown = await api.cart({})
    async with changes.none():
        answer = await client.post(
            f"{url}/lines",
            json={"variant_id": api.variant("TEA"), "quantity": 1},
            headers=raw({**shown, "Idempotency-Key": bad}),
        )
        problem(answer, 400, "idempotency_key_malformed")


QUANTITIES = [
    ("0", "bad_quantity"),
    ("-1", "bad_quantity"),
    ("1000", "bad_quantity"),
    ("2147483648", "bad_quantity"),
    ("9223372036854775808", "bad_quantity"),
    ("1" + "0" * 60, "bad_quantity"),
    ("1e400", "invalid_field"),
    ("1.0", "invalid_field"),
    ("1e2", "invalid_field"),
    ("true", "invalid_field"),
    ("null", "invalid_field"),
    ("[1]", "invalid_field"),
    ('"1"', "invalid_field"),
    ('"１"', "invalid_field"),
]


@pytest.mark.parametrize(("quantity", "code"), QUANTITIES)
async def test_only_whole_numbers_from_1_to_999_are_quantities(
    api: Api, client: httpx.AsyncClient, changes: Changes, quantity: str, code: str
) -> None:
    url, shown = await api.cart({"CUP": 1})
    headers = {**shown, "Content-Type": "application/json"}
    async with changes.none():
        added = await client.post(
            f"{url}/lines",
            content=f'{{"variant_id":"{api.variant("TEA")}","quantity":{quantity}}}',
            headers=headers,
        )
        body = problem(added, 422, code)
        if code == "invalid_field":
            assert body["errors"][0]["pointer"] == "/quantity"
        fixed = await client.put(
            f"{url}/lines/{api.variant('CUP')}", content=f'{{"quantity":{quantity}}}', headers=headers
        )
        problem(fixed, 422, code)


async def test_a_bare_full_width_digit_is_not_json(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    url, shown = await api.cart({})
    async with changes.none():
        answer = await client.post(
            f"{url}/lines",
            content=f'{{"variant_id":"{api.variant("TEA")}","quantity":１}}',
            headers={**shown, "Content-Type": "application/json"},
        )
        problem(answer, 400, "malformed_request")


async def test_adding_up_to_more_than_999_is_refused(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    url, shown = await api.cart({"TEA": 999})
    async with changes.none():
        answer = await client.post(
            f"{url}/lines", json={"variant_id": api.variant("TEA"), "quantity": 1}, headers=shown
        )
        problem(answer, 422, "bad_quantity")


async def test_an_unknown_article_is_refused_in_the_callers_language(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    url, shown = await api.cart({})
    async with changes.none():
        answer = await client.post(
            f"{url}/lines",
            json={"variant_id": UNKNOWN, "quantity": 1},
            headers={**shown, "Accept-Language": "en"},
        )
        body = problem(answer, 404, "unknown_variant")
    assert body["detail"] == "There is no such article for sale."


async def test_an_article_may_be_named_by_its_sku(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.cart({})
    answer = await client.post(f"{url}/lines", json={"sku": "TEA", "quantity": 2}, headers=shown)
    assert (answer.status_code, answer.json()["variant_id"], answer.json()["quantity"]) == (
        201,
        api.variant("TEA"),
        2,
    )


@pytest.mark.parametrize(
    ("article", "status", "code"),
    [
        ({"sku": "TEE"}, 404, "unknown_variant"),
        ({"sku": "ＴＥＡ"}, 404, "unknown_variant"),
        ({"sku": ""}, 422, "invalid_field"),
        ({"sku": "x" * 65}, 422, "invalid_field"),
        ({}, 422, "article_choice"),
        ({"sku": "TEA", "variant_id": UNKNOWN}, 422, "article_choice"),
    ],
)
async def test_an_unknown_sku_is_refused(
    api: Api, client: httpx.AsyncClient, changes: Changes, article: dict[str, str], status: int, code: str
) -> None:
    url, shown = await api.cart({})
    async with changes.none():
        problem(
            await client.post(f"{url}/lines", json={**article, "quantity": 1}, headers=shown), status, code
        )


async def test_an_article_of_an_unpublished_product_is_refused(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    url, shown = await api.cart({})
    await api.owner.execute("UPDATE products SET state = 'archived' WHERE slug = 'tea'")
    async with changes.none():
        answer = await client.post(
            f"{url}/lines", json={"variant_id": api.variant("TEA"), "quantity": 1}, headers=shown
        )
        problem(answer, 404, "unknown_variant")


async def test_an_article_without_a_price_in_the_carts_currency_is_refused(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    url, shown = await api.cart({})
    await api.owner.execute("DELETE FROM prices WHERE currency = 'CNY'")
    async with changes.none():
        answer = await client.post(
            f"{url}/lines", json={"variant_id": api.variant("TEA"), "quantity": 1}, headers=shown
        )
        assert problem(answer, 409, "no_price")["currency"] == "CNY"


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        ("{", "application/json", 400, "malformed_request"),
        ("", "application/json", 400, "malformed_request"),
        ("\ufeff{}", "application/json", 400, "malformed_request"),
        ("[]", "application/json", 422, "invalid_field"),
        ("null", "application/json", 422, "invalid_field"),
        ("[" * 100_000, "application/json", 422, "invalid_field"),
        ('{"variant_id":"' + "[" * 1000, "application/json", 400, "malformed_request"),
        ("{}", "text/plain", 415, "unsupported_media_type"),
        ("a=b", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ],
)
async def test_a_body_that_is_not_the_json_we_take_is_refused(
    api: Api,
    client: httpx.AsyncClient,
    changes: Changes,
    content: str,
    media_type: str,
    status: int,
    code: str,
) -> None:
    url, shown = await api.cart({})
    async with changes.none():
        answer = await client.post(
            f"{url}/lines", content=content.encode(), headers={**shown, "Content-Type": media_type}
        )
        problem(answer, status, code)


async def test_a_body_beyond_the_limit_is_refused(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    url, shown = await api.cart({})

    async def without_length() -> Any:
        for _ in range(300):
            yield b" " * 1024

    for content in (b" " * 300_000, without_length()):
        async with changes.none():
            answer = await client.post(
                f"{url}/lines", content=content, headers={**shown, "Content-Type": "application/json"}
            )
            problem(answer, 413, "body_too_large")


async def test_a_line_is_taken_out(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.cart({"TEA": 2, "CUP": 1})
    for _ in range(2):
        answer = await client.delete(f"{url}/lines/{api.variant('TEA')}", headers=shown)
        assert (answer.status_code, answer.content) == (204, b"")
    assert await api.owner.fetchval("SELECT count(*) FROM cart_lines") == 1


async def test_a_cart_shows_what_it_costs_and_what_is_missing(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.cart({"TEA": 2, "CUP": 4})
    body = (await client.get(url, headers=shown)).json()
    tea, cup = body["lines"]
    assert tea["unit_price"] == {"amount": 4990, "currency": "CNY", "exponent": 2}
    assert (tea["total"]["amount"], tea["available"], tea["problem"]) == (9980, 10, None)
    assert (cup["available"], cup["problem"]) == (3, "insufficient_stock")
    assert body["totals"]["total"]["amount"] == 9980
    assert body["problems"] == ["lines", "address", "delivery", "provider"]
    assert body["address"] is None


async def test_what_was_chosen_is_shown_to_its_owner(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.ready_cart({"TEA": 1})
    answer = await client.get(url, headers=shown)
    body = answer.json()
    assert body["address"] == {**ADDRESS, "line2": ""}
    assert (body["delivery"], body["payment_method"], body["problems"]) == ("standard", "alipay", [])
    assert answer.headers["cache-control"] == "no-store"


async def test_a_quote_explains_every_unit_of_its_total(api: Api, client: httpx.AsyncClient) -> None:
    url, shown = await api.ready_cart({"TEA": 1, "POT": 1})
    body = (await client.get(f"{url}/quote", headers=shown)).json()
    assert body["totals"]["total"]["amount"] == 4990 + 800 + 20000
    adding = [
        line["amount"]["amount"] for line in body["explanation"] if line["kind"] in ("line", "shipping")
    ]
    assert sum(adding) == body["totals"]["total"]["amount"]
    assert sum(each["totals"]["total"]["amount"] for each in body["orders"]) == 25790
    inside = [line["amount"]["amount"] for line in body["explanation"] if line["kind"] == "tax_inside"]
    assert sum(inside) == body["totals"]["tax"]["amount"]
    assert body["offers"] == {
        "delivery_methods": [
            {"method": "standard", "amount": {"amount": 800, "currency": "CNY", "exponent": 2}}
        ],
        "payment_methods": [{"code": "alipay", "label": {"zh-CN": "支付宝", "en": "Alipay"}}],
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"phone": "12"}, "bad_phone"),
        ({"country": "cn"}, "bad_country"),
        ({"postal_code": "!"}, "bad_postal_code"),
        ({"email": "nobody"}, "bad_email"),
        ({"name": " "}, "text_missing"),
        ({"name": "\u202eevil"}, "text_unprintable"),
        ({"line1": "a\0b"}, "text_unprintable"),
        ({"city": "x" * 300}, "text_too_long"),
        ({"line1": "x" * 513}, "invalid_field"),
        ({"door": "3"}, "invalid_field"),
    ],
)
async def test_an_address_that_cannot_be_used_is_refused(
    api: Api, client: httpx.AsyncClient, changes: Changes, change: dict[str, str], code: str
) -> None:
    url, shown = await api.cart({"TEA": 1})
    async with changes.none():
        answer = await client.put(f"{url}/address", json={"address": {**ADDRESS, **change}}, headers=shown)
        body = problem(answer, 422, code)
    if code != "invalid_field":
        assert body["field"] == next(iter(change))


async def test_an_address_is_given_once(api: Api, client: httpx.AsyncClient, changes: Changes) -> None:
    url, shown = await api.cart({"TEA": 1})
    async with changes.none():
        for body in ({}, {"address": ADDRESS, "address_id": UNKNOWN}):
            answer = await client.put(f"{url}/address", json=body, headers=shown)
            problem(answer, 422, "address_choice")


async def test_a_saved_address_is_only_its_owners(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    owner, stranger = await api.account(), await api.account("wang@example.com")
    saved = (await client.post("/api/v1/me/addresses", json={"address": ADDRESS}, headers=owner)).json()
    url, _ = await api.cart({"TEA": 1}, headers=owner)
    other, _ = await api.cart({"TEA": 1}, headers=stranger)
    guest_url, guest = await api.cart({"TEA": 1})
    async with changes.none():
        body = {"address_id": saved["id"]}
        problem(await client.put(f"{other}/address", json=body, headers=stranger), 404, "unknown_address")
        problem(await client.put(f"{guest_url}/address", json=body, headers=guest), 401, "unauthenticated")
    answer = await client.put(f"{url}/address", json=body, headers=owner)
    assert answer.json()["country"] == "CN"


async def test_a_payment_method_must_take_the_currency(client: httpx.AsyncClient, changes: Changes) -> None:
    created = (await client.post("/api/v1/carts", json={"currency": "USD"})).json()
    url, shown = f"/api/v1/carts/{created['id']}", {"Cart-Token": created["token"]}
    async with changes.none():
        for provider in ("alipay", "paypal", "\0"):
            answer = await client.put(f"{url}/payment-method", json={"provider": provider}, headers=shown)
            assert problem(answer, 409, "payment_method_not_offered")["field"] == "provider"
        problem(
            await client.put(f"{url}/delivery", json={"method": "drone"}, headers=shown), 422, "invalid_field"
        )


async def test_a_wrong_session_is_told_apart_from_none(client: httpx.AsyncClient, changes: Changes) -> None:
    async with changes.none():
        for header in ("Bearer nonsense", "Basic eDp5", "Bearer " + "x" * 300, "Bearer é"):
            answer = await client.post(
                "/api/v1/carts",
                json={},
                headers=raw({"Authorization": header}),
            )
            problem(answer, 401, "unauthenticated")
