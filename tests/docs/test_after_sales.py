"""The page about after-sales says what the code does: its diagram, its deadlines and its calls."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from merx.api import api_routes
from merx.api.core.operations import OPERATION
from merx.returns import ESCALATE_WITHIN, RETURN_STATES, ReturnKind
from merx.returns.rules import (
    BUYER_ANSWERS,
    PICTURES_MOST,
    SELLER_ANSWERS,
    SELLER_INSPECTS,
    SELLER_REPLACES,
)

PAGE = (Path(__file__).parents[2] / "docs" / "after-sales.md").read_text(encoding="utf-8")
CALLS = re.findall(r"```http\n([A-Z]+) (\S+)\n(.*?)```", PAGE, re.DOTALL)


def _bodies() -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    for handler in api_routes:
        for path in handler.paths:
            method = next(iter(handler.http_methods - {"HEAD", "OPTIONS"}))
            found[method, re.sub(r":\w+\}", "}", path)] = handler.opt[OPERATION].body
    return found


def test_the_diagram_is_the_state_table() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", PAGE, re.MULTILINE))
    assert drawn == {
        (source, target)
        for source in RETURN_STATES.states
        for target in RETURN_STATES.states
        if RETURN_STATES.allows(source, target)
    }
    ends = set(re.findall(r"^    (\w+) --> \[\*\]$", PAGE, re.MULTILINE))
    assert ends == set(RETURN_STATES.final)


def test_the_kinds_and_deadlines_are_the_codes() -> None:
    kinds = re.findall(r"^\| [A-Z][a-z ]+ \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert kinds == [kind.value for kind in ReturnKind]
    table = PAGE[PAGE.index("## Deadlines") : PAGE.index("## What happens")]
    days = [timedelta(days=int(each)) for each in re.findall(r"\| (\d+) days \|", table)]
    assert days == [
        SELLER_ANSWERS, BUYER_ANSWERS, BUYER_ANSWERS, SELLER_INSPECTS, SELLER_REPLACES, ESCALATE_WITHIN,
    ]  # fmt: skip
    assert f"up to {PICTURES_MOST} pictures" in PAGE


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_a_call_is_one_the_api_takes(method: str, path: str, body: str) -> None:
    taken = _bodies()[method, path]
    if body:
        msgspec.convert(json.loads(body), taken)
    else:
        assert taken is None
