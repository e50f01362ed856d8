"""Calls to the card API: what goes out, and what is believed of what comes back."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from merx.payments.providers import ProviderRefused, ProviderUnavailable
from merx.payments.providers.card.client import CardClient
from merx.payments.providers.card.fields import Product

Answering = Callable[[httpx.Request], httpx.Response]


def client_of(answer: Answering | httpx.AsyncBaseTransport, *, deadline_seconds: float = 5) -> CardClient:
    transport = answer if isinstance(answer, httpx.AsyncBaseTransport) else httpx.MockTransport(answer)
    return CardClient(
        base_url="https://card.test/",
        secret_key="sk_test_secret",
        api_version="2026-10-28.endive",
        http=httpx.AsyncClient(transport=transport),
        deadline_seconds=deadline_seconds,
    )


async def test_a_call_carries_key_version_form_and_idempotency_key() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": "x"})

    client = client_of(answer)
    await client.post("/v1/products", {"metadata": {"a": "ä&="}}, key="k1")
    await client.get("/v1/products", limit=2, expand=["data.source"])
    first, second = seen
    assert first.url == "https://card.test/v1/products"
    assert first.content == b"metadata%5Ba%5D=%C3%A4%26%3D"
    assert first.headers["authorization"] == "Bearer sk_test_secret"
    assert first.headers["stripe-version"] == "2026-10-28.endive"
    assert first.headers["idempotency-key"] == "k1"
    assert "idempotency-key" not in second.headers
    assert second.url.query == b"limit=2&expand%5B0%5D=data.source"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, None),
        (503, "x"),
        (429, "rate_limit"),
        (409, None),
        (400, "lock_timeout"),
        (400, "balance_insufficient"),
    ],
)
async def test_a_fault_and_a_busy_provider_leave_the_outcome_unknown(status: int, code: str | None) -> None:
    client = client_of(lambda _: httpx.Response(status, json={"error": {"type": "t", "code": code}}))
    with pytest.raises(ProviderUnavailable) as raised:
        (await client.get("/v1/x")).read(Product)
    assert not isinstance(raised.value, ProviderRefused)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
async def test_a_refusal_no_repeat_cures_is_told_apart(status: int) -> None:
    client = client_of(lambda _: httpx.Response(status, json={"error": {"type": "invalid_request_error"}}))
    with pytest.raises(ProviderRefused):
        (await client.get("/v1/x")).read(Product)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"\xff"),
        httpx.Response(200, content=b"[]"),
        httpx.Response(200, content=b"{}"),
        httpx.Response(200, json={"id": 7}),
        httpx.Response(200, json={"id": "x", "metadata": {"a": 1}}),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, content=b" " * (5 * 1024 * 1024)),
        httpx.Response(500, content=b"Internal Server Error"),
    ],
)
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(answer: httpx.Response) -> None:
    client = client_of(lambda _: answer)
    with pytest.raises(ProviderUnavailable) as raised:
        (await client.get("/v1/x")).read(Product)
    assert not isinstance(raised.value, ProviderRefused)


async def test_a_redirect_is_not_followed() -> None:
    client = client_of(lambda _: httpx.Response(302, headers={"location": "https://evil.test/"}, json={}))
    with pytest.raises(ProviderRefused):
        (await client.get("/v1/x")).read(Product)


async def test_a_broken_connection_and_a_silent_provider_leave_the_outcome_unknown() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ProviderUnavailable):
        await client_of(broken).get("/v1/x")

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0)

    class Dripping(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, stream=Endless(), request=request)

    with pytest.raises(ProviderUnavailable) as raised:
        await client_of(Dripping(), deadline_seconds=0.05).get("/v1/x")
    assert raised.value.params["reason"] == "TimeoutError"


async def test_a_list_is_read_to_its_end_and_one_without_an_end_is_given_up() -> None:
    pages = {None: (["c", "b"], True), "b": (["a"], False)}

    def answer(request: httpx.Request) -> httpx.Response:
        ids, more = pages[request.url.params.get("starting_after")]
        return httpx.Response(200, json={"data": [{"id": each} for each in ids], "has_more": more})

    found = await client_of(answer).pages("/v1/products", {}, Product)
    assert [each.id for each in found] == ["c", "b", "a"]
    endless = client_of(lambda _: httpx.Response(200, json={"data": [{"id": "a"}], "has_more": True}))
    with pytest.raises(ProviderUnavailable):
        await endless.pages("/v1/products", {}, Product)
    misformed = client_of(lambda _: httpx.Response(200, json={"data": [{"id": 1}], "has_more": False}))
    with pytest.raises(ProviderUnavailable):
        await misformed.pages("/v1/products", {}, Product)
