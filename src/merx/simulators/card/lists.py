"""Lists with cursors and filters, and the expansion of ids to objects."""

from collections.abc import Sequence
from typing import Any

from merx.simulators.card import forms
from merx.simulators.card.intents import public
from merx.simulators.card.model import BILL_FAULTS, ApiError, FaultKind, Json, numbers_of
from merx.simulators.card.store import Store

_FILTERS = {
    "product": {"active"},
    "checkout.session": {"payment_intent", "status"},
    "payment_intent": {"customer"},
    "refund": {"charge", "payment_intent"},
    "charge": {"payment_intent"},
    "dispute": {"charge", "payment_intent"},
    "balance_transaction": {"currency", "source", "type"},
    "event": {"type", "types"},
}
_REFERENCES = {"payment_intent", "latest_charge", "charge", "balance_transaction", "source"}
_DEPTH = 4
_COMPARE = ("gt", "gte", "lt", "lte")


def page(store: Store, kind: str, path: str, parameters: Json) -> Json:
    """One page, newest first. Raises ApiError."""
    allowed = _FILTERS[kind]
    forms.only(parameters, {"created", "limit", "starting_after", "ending_before", *allowed})
    limit = forms.integer(parameters, "limit")
    limit = 10 if limit is None else limit
    if not 1 <= limit <= 100:
        raise ApiError("Invalid limit: it must be between 1 and 100.", param="limit")
    found = [each for each in reversed(store.all(kind)) if _fits(each, parameters, allowed)]
    after, before = forms.text(parameters, "starting_after"), forms.text(parameters, "ending_before")
    if after is not None:
        found = found[_position(found, after, "starting_after") + 1 :]
    more = len(found) > limit
    if before is not None:
        found = found[: _position(found, before, "ending_before")]
        more = len(found) > limit
        found = found[-limit:]
    paths = wanted(parameters)
    if any(not each.startswith("data.") for each in paths):
        raise ApiError("This property cannot be expanded.", param="expand")
    inner = [each.removeprefix("data.") for each in paths]
    data = [expanded(store, public(each), inner) for each in found[:limit]]
    if kind == "balance_transaction":
        data = _tampered(store, data)
    return {"object": "list", "url": path, "has_more": more, "data": data}


def wanted(parameters: Json) -> list[str]:
    """The paths to expand. Raises ApiError."""
    return [str(each) for each in forms.sequence(parameters, "expand")]


def expanded(store: Store, thing: Json, paths: Sequence[str]) -> Json:
    """The object with ids along the paths replaced by objects. Raises ApiError."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > _DEPTH:
            raise ApiError("You cannot expand more than 4 levels.", param="expand")
        _expand(store, thing, parts)
    return thing


def _expand(store: Store, thing: Json, parts: Sequence[str]) -> None:
    name = parts[0]
    if name not in thing or name not in _REFERENCES:
        raise ApiError(f"This property cannot be expanded ({name}).", param="expand")
    value = thing[name]
    if isinstance(value, str) and value in store.objects:
        thing[name] = value = public(store.objects[value])
    if len(parts) > 1 and isinstance(value, dict):
        _expand(store, value, parts[1:])


def _position(found: list[Json], object_id: str, name: str) -> int:
    for position, each in enumerate(found):
        if each["id"] == object_id:
            return position
    raise ApiError(f"No such object: '{object_id}'", code="resource_missing", param=name)


def _fits(thing: Json, parameters: Json, allowed: set[str]) -> bool:
    for name in allowed & parameters.keys():
        if name == "types":
            if thing["type"] not in forms.sequence(parameters, "types"):
                return False
        elif name == "active":
            if thing["active"] is not forms.flag(parameters, "active"):
                return False
        elif thing.get(name) != parameters[name]:
            return False
    created: Any = parameters.get("created")
    if isinstance(created, str):
        return bool(thing["created"] == forms.integer(parameters, "created"))
    bounds = forms.mapping(parameters, "created")
    forms.only(bounds, _COMPARE)
    at = thing["created"]
    for name in bounds:
        bound = forms.integer(bounds, name, param=f"created[{name}]") or 0
        good = {"gt": at > bound, "gte": at >= bound, "lt": at < bound, "lte": at <= bound}[name]
        if not good:
            return False
    return True


def _tampered(store: Store, data: list[Json]) -> list[Json]:
    """The balance as the faults have it: an entry left out, or with another amount."""
    kept: list[Json] = []
    for entry in data:
        source = store.objects.get(_id(entry["source"]), {})
        fault = next(
            (f for f in store.faults if f.kind in BILL_FAULTS and f.number in (None, *numbers_of(source))),
            None,
        )
        if fault is not None:
            store.use(fault)
            if fault.kind is FaultKind.SKIP_ROW:
                continue
            entry["amount"] += 1
            entry["net"] += 1
            if isinstance(entry["source"], dict):
                changed = "amount_captured" if entry["type"] == "charge" else "amount"
                entry["source"][changed] += 1
        kept.append(entry)
    return kept


def _id(reference: Any) -> str:
    return str(reference["id"] if isinstance(reference, dict) else reference)
