"""The table of events in docs/reference.md, as the code has it. `python -m tests.docs.event_table` writes it there."""

import inspect
import re
from pathlib import Path
from typing import Any

import msgspec
from tests.docs.source_facts import event_types

from merx.kit.events import Event

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"
HEAD = "| Event | Of | Subject | Meaning | Fields |\n|---|---|---|---|---|\n"
TABLE = re.compile(re.escape(HEAD) + r"(?:\|.*\n)*")


def table() -> str:
    """Every event with its package, its subject, the first sentence of its description and its fields' types."""
    return HEAD + "".join(_row(kind) for kind in event_types())


def _row(kind: type[Event]) -> str:
    meaning = " ".join(inspect.cleandoc(kind.__doc__ or "").split()).removesuffix(".")
    schema = msgspec.json.schema(kind)
    own = schema["$defs"][kind.__name__]
    fields = [
        f"{name}{'' if name in own['required'] else '?'}: {_type(each, schema['$defs'])}"
        for name, each in own["properties"].items()
        if name not in (kind.subject, "actor_id")
    ]
    owner = kind.__module__.split(".")[1]
    subject = kind.subject.removesuffix("_id")
    return f"| `{kind.__name__}` | `{owner}` | {subject} | {meaning} | {', '.join(fields)} |\n"


def _type(schema: dict[str, Any], known: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _type(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return _type(next(each for each in schema["anyOf"] if each.get("type") != "null"), known) + " or null"
    if "enum" in schema:
        return " / ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'], known)}"
    if schema["type"] == "object":
        return (
            "("
            + ", ".join(f"{name}: {_type(each, known)}" for name, each in schema["properties"].items())
            + ")"
        )
    return str(schema.get("format", schema["type"]))


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
