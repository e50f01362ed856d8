"""The catalogue over HTTP."""

from datetime import timedelta

import httpx
import pytest
from tests.world.client import Api, Changes, key, problem


async def test_products_are_listed_page_by_page_in_order(client: httpx.AsyncClient) -> None:
    url: str | None = "/api/v1/products?sort=price&currency=CNY&limit=2"
    slugs, prices = [], []
    while url:
        answer = await client.get(url)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, no-cache"
        for item in answer.json()["items"]:
            slugs.append(item["slug"])
            prices.append(next(p["amount"] for p in item["prices_from"] if p["currency"] == "CNY"))
        assert ("next" in answer.links) == (answer.json()["next_cursor"] is not None)
        url = answer.links["next"]["url"] if answer.links else None
    assert slugs == ["cup", "tea", "pot"]
    assert prices == [1250, 4990, 20000]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("sort=cheap", "invalid_parameter"),
        ("currency=EUR", "unknown_currency"),
        ("currency=x", "invalid_parameter"),
        ("category=%00", "invalid_parameter"),
        ("limit=1.5", "invalid_parameter"),
        ("limit=true", "invalid_parameter"),
        ("colour=red", "invalid_parameter"),
        ("cursor=e30", "bad_cursor"),
        ("cursor=WyJuZXdlc3QiLDEsMl0", "bad_cursor"),
    ],
)
async def test_a_list_is_not_asked_for_with(client: httpx.AsyncClient, query: str, code: str) -> None:
    problem(await client.get(f"/api/v1/products?{query}"), 422, code)


async def test_an_unknown_category_is_empty(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/products?category=nothing")
    assert answer.json() == {"items": [], "next_cursor": None}
    assert (await client.get("/api/v1/categories")).json() == {"items": []}


async def test_a_product_shows_its_variants_with_capped_stock(api: Api, client: httpx.AsyncClient) -> None:
    await api.owner.execute(
        "UPDATE allotments SET received = 5000 WHERE subject_id = $1", api.shop.variants["TEA"]
    )
    body = (await client.get("/api/v1/products/tea")).json()
    assert body["title"] == {"zh-CN": "商品 tea", "en": "Tea"}
    assert body["seller"]["code"] == "tea-house"
    [variant] = body["variants"]
    assert (variant["sku"], variant["available"]) == ("TEA", 99)
    assert variant["prices"] == [
        {"amount": 4990, "currency": "CNY", "exponent": 2},
        {"amount": 712, "currency": "USD", "exponent": 2},
    ]
    assert body["rating"] == {"count": 0, "average_tenths": 0}


async def test_a_product_is_not_sent_again_until_something_of_it_changed(
    api: Api, client: httpx.AsyncClient
) -> None:
    first = await client.get("/api/v1/products/tea")
    etag = first.headers["etag"]
    assert etag.startswith('"1-')
    for given in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        same = await client.get("/api/v1/products/tea", headers={"If-None-Match": given})
        assert (same.status_code, same.content) == (304, b"")
        assert (same.headers["etag"], same.headers["cache-control"]) == (etag, "public, no-cache")
    await api.placed({"TEA": 1})
    sold = await client.get("/api/v1/products/tea", headers={"If-None-Match": etag})
    assert sold.status_code == 200
    assert sold.json()["variants"][0]["available"] == 9


async def test_what_is_not_on_sale_does_not_exist(
    api: Api, client: httpx.AsyncClient, changes: Changes
) -> None:
    await api.owner.execute("UPDATE products SET state = 'draft' WHERE slug = 'tea'")
    async with changes.none():
        for slug in ("tea", "nothing", "%00", "..%2f", "TEA", "a" * 300):
            for path in (f"/api/v1/products/{slug}", f"/api/v1/products/{slug}/reviews"):
                answer = await client.get(path)
                assert answer.status_code == 404
                assert answer.json()["code"] in ("unknown_product", "not_found")


async def test_reviews_are_shown_without_names_or_orders(api: Api, client: httpx.AsyncClient) -> None:
    session, seller = await api.account(), await api.seller()
    for score, body in ((5, "很好"), (2, "<script>alert(1)</script>")):
        placed = await api.paid({"TEA": 1}, headers=session)
        await api.received(placed, seller)
        line = (await api.orders(placed))[0]["lines"][0]
        answer = await client.post(
            "/api/v1/reviews/products",
            json={"order_line_id": line["id"], "score": score, "body": body},
            headers={**session, **key()},
        )
        assert answer.status_code == 201, answer.text
        api.simulator.clock.advance(timedelta(seconds=1))
    api.services.pages.clear()
    answer = await client.get("/api/v1/products/tea/reviews?limit=1")
    page = answer.json()
    assert page["rating"] == {"count": 2, "average_tenths": 35}
    assert page["items"][0].keys() == {"score", "body", "pictures", "author_name", "locale", "created_at"}
    assert (page["items"][0]["author_name"], page["items"][0]["score"]) == ("李*", 2)
    rest = (await client.get(answer.links["next"]["url"])).json()
    assert [item["body"] for item in rest["items"]] == ["很好"]
    problem(await client.get("/api/v1/products/tea/reviews?cursor=x"), 422, "bad_cursor")


async def test_unknown_addresses_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    problem(await client.get("/api/v1/nothing"), 404, "not_found")
    problem(await client.get("/api/v1/carts/not-a-uuid"), 404, "not_found")
    problem(await client.delete("/api/v1/products"), 405, "method_not_allowed")


async def test_a_refusal_speaks_the_callers_language_and_names_its_request(client: httpx.AsyncClient) -> None:
    chinese = await client.get(
        "/api/v1/products/nothing", headers={"Accept-Language": "zh-CN", "Request-Id": "my-request-1"}
    )
    english = await client.get("/api/v1/products/nothing", headers={"Accept-Language": "en"})
    assert problem(chinese, 404, "unknown_product")["request_id"] == "my-request-1"
    assert problem(english, 404, "unknown_product")["detail"] == (
        "This product does not exist or is not on sale."
    )
    assert chinese.json()["detail"] != english.json()["detail"]
