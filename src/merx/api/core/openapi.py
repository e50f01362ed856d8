"""The OpenAPI 3.1 description, made from the routes and from the very types that read requests and write answers.

msgspec describes those types as JSON Schema 2020-12, which is what OpenAPI 3.1 uses: nothing is written twice.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from litestar.handlers import HTTPRouteHandler

from merx import __version__
from merx.api.core.operations import OPERATION, Auth, Operation
from merx.kit.money import Money


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal (RFC 9457). `code` is stable, `detail` is in the caller's language; more members depend on the code."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    instance: str = ""
    request_id: str = ""
    errors: list[dict[str, Any]] = []


_PARAMETER = re.compile(r"\{(\w+):(\w+)\}")


_REF: Final = "#/components/schemas/{name}"


_FORMATS: Final[Mapping[str, dict[str, str]]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "str": {"type": "string"},
}


_SECURITY: Final[Mapping[Auth, list[dict[str, list[str]]]]] = {
    "nobody": [{}],
    "cart": [{"cartToken": []}, {"session": []}, {"sessionCookie": []}],
    "buyer": [{"cartToken": []}, {"session": []}, {"sessionCookie": []}],
    "account": [{"session": []}, {"sessionCookie": []}],
    "seller": [{"session": []}, {"sessionCookie": []}],
    "staff": [{"session": []}, {"sessionCookie": []}],
}


_SCHEMES: Final = {
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of POST /sessions or POST /accounts.",
    },
    "sessionCookie": {"type": "apiKey", "in": "cookie", "name": "merx_session"},
    "cartToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Cart-Token",
        "description": "The token of POST /carts: a guest's cart, and the purchase it becomes.",
    },
}


_TAGS: Final = {
    "catalog": "Products, categories and reviews, for everybody.",
    "carts": "From the first article to the order.",
    "purchases": "Orders, payment and parcels, for the buyer.",
    "accounts": "Accounts, sessions, address books, notifications.",
    "reviews": "What buyers say.",
    "returns": "After-sales: money back, with or without the goods going back.",
    "seller": "Orders, parcels, products and prices, for sellers.",
    "staff": "What the platform's staff decide.",
}


_INTRODUCTION: Final = """\
The trading API of a Merx shop.

- Amounts are integers in minor units with an ISO 4217 currency and its exponent. Prices include tax.
- A total in a request confirms what was shown; it is compared and never used.
- Refusals are problem details (RFC 9457) with a stable `code`; `detail` follows Accept-Language (zh-CN, en).
- Repeat a command with the same Idempotency-Key to get its first outcome: keys are kept for at least 24 hours and belong
  to the caller and the route. The same key with another request is refused with 422.
- Lists are read on with `cursor` or the Link header.
- Unknown fields and parameters are refused.
- Whatever is not the caller's does not exist: 404.
"""


_EXAMPLES: Final[Mapping[str, Any]] = {
    "CreateCart": {"currency": "CNY", "locale": "zh-CN"},
    "AddLine": {"variant_id": "0197a3b0-6c1e-7d52-9a51-3f0c1b2d4e5f", "quantity": 2},
    "SetLine": {"quantity": 3},
    "AddressIn": {
        "name": "张伟", "phone": "+86 138 0013 8000", "line1": "人民路 1 号", "city": "上海", "region": "上海",
        "postal_code": "200001", "country": "CN", "email": "zhang@example.com",
    },
    "SetDelivery": {"method": "standard"},
    "SetPaymentMethod": {"provider": "alipay"},
    "Checkout": {"expected_total": {"amount": 10780, "currency": "CNY"}},
    "Register": {
        "email": "zhang@example.com", "password": "correct horse battery", "name": "张伟", "locale": "zh-CN",
    },
    "LogIn": {"email": "zhang@example.com", "password": "correct horse battery"},
    "Ship": {"carrier": "shunfeng", "tracking_number": "SF1234567890123"},
    "EditProduct": {"title": {"zh-CN": "乌龙茶", "en": "Oolong tea"}},
    "SetPrices": {"prices": [{"amount": 4990, "currency": "CNY"}]},
    "Money": {"amount": 4990, "currency": "CNY", "exponent": 2},
    "Problem": {
        "type": "about:blank", "title": "Conflict", "status": 409, "code": "out_of_stock",
        "detail": "Some articles are no longer available in this quantity. Change the cart and order again.",
        "request_id": "0197a3b06c1e7d529a513f0c1b2d4e5f",
    },
}  # fmt: skip


def describe(handlers: Iterable[HTTPRouteHandler], *, prefix: str) -> dict[str, Any]:
    """The description of these routes, mounted under `prefix`, as a JSON object."""
    routes = [(handler, handler.opt[OPERATION]) for handler in handlers if OPERATION in handler.opt]
    shapes = {shape for _, declared in routes for shape in (declared.answer, declared.body) if shape}
    ordered = sorted(shapes | {Problem}, key=lambda shape: shape.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    if "Money" in components:  # nobody has to say the exponent to make one, but it is in every answer
        components["Money"]["required"] = list(Money.__struct_fields__)
        components["Money"]["properties"]["exponent"].pop("default")
    for name, example in _EXAMPLES.items():
        if name in components:
            components[name]["examples"] = [example]
    paths: dict[str, dict[str, Any]] = {}
    for handler, declared in routes:
        for path in sorted(handler.paths):
            address = _PARAMETER.sub(r"{\1}", path)
            for method in sorted(handler.http_methods - {"HEAD", "OPTIONS"}):
                paths.setdefault(address, {})[method.lower()] = _operation(handler, declared, path)
    return {
        "openapi": "3.1.1",
        "info": {"title": "Merx API", "version": __version__, "description": _INTRODUCTION},
        "servers": [{"url": prefix}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": _SCHEMES,
            "responses": {
                "Problem": {
                    "description": "A refusal",
                    "content": {"application/problem+json": {"schema": _reference(Problem)}},
                }
            },
        },
    }


def _reference(shape: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=shape.__name__)}


def _operation(handler: HTTPRouteHandler, declared: Operation, path: str) -> dict[str, Any]:
    text = (handler.fn.__doc__ or "").strip()
    described: dict[str, Any] = {
        "operationId": handler.fn.__name__
        if declared.tag not in ("seller", "staff")
        else f"{declared.tag}_{handler.fn.__name__}",
        "summary": text.partition("\n")[0].partition(". ")[0].rstrip("."),
        "description": " ".join(text.split()),
        "tags": [declared.tag],
        "security": _SECURITY[declared.auth],
        "parameters": [*_path_parameters(path), *_query_parameters(declared), *_header_parameters(declared)],
        "responses": {
            str(declared.status): _response(declared),
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if declared.etag and declared.body is None:
        described["responses"]["304"] = {"description": "The copy with this ETag is still right"}
    if declared.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(declared.body)}},
        }
    return described


def _response(declared: Operation) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if declared.etag:
        headers["ETag"] = {"description": "The version of this answer", "schema": {"type": "string"}}
    if declared.key != "none":
        headers["Idempotent-Replayed"] = {
            "description": "true when the outcome of an earlier request was returned",
            "schema": {"type": "string", "const": "true"},
        }
    if declared.query is not None and "cursor" in declared.query.__struct_fields__:
        headers["Link"] = {"description": 'rel="next" (RFC 8288)', "schema": {"type": "string"}}
    response: dict[str, Any] = {"description": "Done"}
    if headers:
        response["headers"] = headers
    if declared.answer is not None:
        response["content"] = {"application/json": {"schema": _reference(declared.answer)}}
    return response


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _FORMATS[kind]}
        for name, kind in _PARAMETER.findall(path)
    ]


def _query_parameters(declared: Operation) -> list[dict[str, Any]]:
    if declared.query is None:
        return []
    (_,), components = msgspec.json.schema_components([declared.query], ref_template=_REF)
    shape = components[declared.query.__name__]
    required = shape.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _given(schema)}
        for name, schema in shape["properties"].items()
    ]


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that may be left out: a query string has no null."""
    present = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    return present[0] if len(present) == 1 else schema


def _header_parameters(declared: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    if declared.key != "none":
        parameters.append(_header("Idempotency-Key", required=declared.key == "required", longest=255))
    if declared.if_match:
        parameters.append(_header("If-Match", required=True, longest=64))
    elif declared.etag and declared.body is None:
        parameters.append(_header("If-None-Match", required=False, longest=1024))
    return parameters


def _header(name: str, *, required: bool, longest: int) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": {"type": "string", "minLength": 1, "maxLength": longest},
    }
