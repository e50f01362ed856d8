"""Every state table and the database agree on the states, and every state can be reached and left as declared.

A state table is named after the database table whose rows it moves, in the singular.
"""

import re
from typing import Any

import pytest
from tests.world.source import instances

from merx.kit.states import StateTable
from merx.orders import ORDER_STATES
from merx.payments import PAYMENT_STATES, REFUND_STATES

TABLES = [states for _, states in instances(StateTable)]
each_table = pytest.mark.parametrize("states", TABLES, ids=[states.name for states in TABLES])


async def _allowed(owner: Any, table: str) -> set[str]:
    """The states that the database allows."""
    rows = await owner.fetch(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'c'",
        table,
    )
    [check] = [row["text"] for row in rows if re.match(r"CHECK \(\(state = ANY \(ARRAY\[", row["text"])]
    return set(re.findall(r"'(\w+)'::text", check))


def test_each_state_table_has_a_name_of_its_own() -> None:
    assert len({states.name for states in TABLES}) == len(TABLES) > 0


@each_table
async def test_the_database_allows_exactly_the_declared_states(owner: Any, states: StateTable) -> None:
    assert await _allowed(owner, f"{states.name}s") == states.states


async def test_a_purchase_has_the_states_of_its_orders(owner: Any) -> None:
    assert await _allowed(owner, "purchases") == ORDER_STATES.states


@each_table
def test_every_state_is_reached_and_every_move_leads_to_a_known_state(states: StateTable) -> None:
    reached = set(states.initial)
    while True:
        further = {to for to in states.states for source in reached if states.allows(source, to)}
        if further <= reached:
            break
        reached |= further
    assert reached == states.states
    for to in states.states:
        assert all(states.allows(source, to) for source in states.sources(to))


def test_what_was_paid_never_becomes_unpaid() -> None:
    assert PAYMENT_STATES.final == {"captured"}
    assert REFUND_STATES.sources("succeeded") == ["submitted", "failed"]
    assert ORDER_STATES.sources("closed") == ["placed"]
    assert not ORDER_STATES.allows("placed", "pending_payment")
