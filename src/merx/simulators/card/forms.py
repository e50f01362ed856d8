"""Nested forms: `a[b][0]=c` in, dictionaries and lists out, and the typed reading of one field. Pure."""

import itertools
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

from merx.simulators.card.model import ApiError, Json

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_FIELDS = 1000


def parse_form(text: str) -> Json:
    """Read a form or a query. Raises ApiError when it has no meaning."""
    root: Json = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise ApiError("Invalid request: the parameters cannot be read.") from None
    for name, value in pairs:
        found = _NAME.fullmatch(name)
        if found is None:
            raise ApiError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
        path = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
        node = root
        for part, following in itertools.pairwise(path):
            node = _step(node, part or str(len(node)), following)
        node[path[-1] or str(len(node))] = value
    return {name: _listed(value) for name, value in root.items()}


def _step(node: Json, part: str, following: str) -> Json:
    inner = node.setdefault(part, {})
    if not isinstance(inner, dict):
        raise ApiError(f"Invalid object: {following}", param=part)
    return inner


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    if inner and all(name.isascii() and name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def only(parameters: Json, allowed: Collection[str]) -> None:
    """Refuse a parameter that the call does not have. Raises ApiError."""
    for name in parameters:
        if name not in allowed and name != "expand":
            raise ApiError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def text(parameters: Json, name: str, *, param: str | None = None) -> str | None:
    """A text, None when absent or empty. Raises ApiError when it is no text."""
    value = parameters.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ApiError(f"Invalid string: {param or name}", param=param or name)
    return value


def required(parameters: Json, name: str, *, param: str | None = None) -> str:
    """A text that must be there. Raises ApiError."""
    value = text(parameters, name, param=param)
    if value is None:
        shown = param or name
        raise ApiError(f"Missing required param: {shown}.", code="parameter_missing", param=shown)
    return value


def integer(parameters: Json, name: str, *, param: str | None = None) -> int | None:
    """A whole number, None when absent. Raises ApiError."""
    value = text(parameters, name, param=param)
    if value is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,15}", value, re.ASCII):
        raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=param or name)
    return int(value)


def mapping(parameters: Json, name: str) -> Json:
    """A nested object, empty when absent. Raises ApiError."""
    value = parameters.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise ApiError("Invalid object", param=name)
    return value


def sequence(parameters: Json, name: str) -> list[Any]:
    """A list, empty when absent. Raises ApiError."""
    value = parameters.get(name, [])
    if not isinstance(value, list):
        raise ApiError("Invalid array", param=name)
    return value


def flag(parameters: Json, name: str) -> bool:
    """True or false, false when absent. Raises ApiError."""
    value = text(parameters, name)
    if value not in (None, "true", "false"):
        raise ApiError("Invalid boolean", param=name)
    return value == "true"


def metadata(parameters: Json, before: Json | None = None) -> dict[str, str]:
    """Metadata as they are after this call: what is given is merged in, an empty text removes. Raises ApiError."""
    merged = dict(before or {})
    for name, value in mapping(parameters, "metadata").items():
        if not isinstance(value, str) or len(name) > 40 or len(value) > 500:
            raise ApiError("Metadata values must be strings of up to 500 characters.", param="metadata")
        if value:
            merged[name] = value
        else:
            merged.pop(name, None)
    if len(merged) > 50:
        raise ApiError("Metadata can have up to 50 keys.", param="metadata")
    return merged
