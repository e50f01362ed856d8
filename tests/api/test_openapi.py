"""The description says what the routes do."""

import re
from typing import Any

import httpx
import msgspec
import pytest

from merx.api import api_routes, openapi_document
from merx.api.core.operations import OPERATION


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(openapi_document())
    return found


async def test_it_is_served(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == openapi_document()


def test_every_route_is_described_once(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    real = set()
    for handler in api_routes:
        for path in handler.paths:
            assert OPERATION in handler.opt, path
            for method in handler.http_methods - {"HEAD", "OPTIONS"}:
                real.add((method, re.sub(r":\w+\}", "}", path)))
    assert described == real
    names = [each["operationId"] for methods in document["paths"].values() for each in methods.values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.1"
    for reference in re.findall(rb'"\$ref":"#/([^"]+)"', openapi_document()):
        place: Any = document
        for step in reference.decode().split("/"):
            place = place[step]
    schemes = set(document["components"]["securitySchemes"])
    for methods in document["paths"].values():
        for described in methods.values():
            assert {name for choice in described["security"] for name in choice} <= schemes
            assert described["summary"]
            assert "default" in described["responses"]


def test_requests_are_closed_and_answers_are_complete(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["Checkout"]["additionalProperties"] is False
    assert schemas["AddLine"]["properties"]["quantity"] == {"type": "integer", "minimum": 1, "maximum": 999}
    assert set(schemas["Money"]["required"]) == {"amount", "currency", "exponent"}
    headers = {
        parameter["name"]: parameter["required"]
        for parameter in document["paths"]["/carts/{cart_id}/checkout"]["post"]["parameters"]
    }
    assert headers == {"cart_id": True, "Idempotency-Key": True}


def test_examples_are_what_they_are_examples_of(document: dict[str, Any]) -> None:
    bodies = {route.opt[OPERATION].body for route in api_routes}
    for shape in bodies - {None}:
        for example in document["components"]["schemas"][shape.__name__].get("examples", []):
            msgspec.convert(example, shape)
