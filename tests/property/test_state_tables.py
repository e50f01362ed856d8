"""Every state table and the database agree on the states, and every state can be reached and left as declared."""

import re
from typing import Any

import pytest

from merx.catalog.states import PRODUCT
from merx.fulfilment import PARCEL
from merx.kit.states import StateTable
from merx.orders import ORDER_STATES
from merx.payments import PAYMENT_STATES, REFUND_STATES
from merx.returns import RETURN_STATES

TABLES = [
    ("purchases", ORDER_STATES), ("orders", ORDER_STATES), ("payments", PAYMENT_STATES), ("refunds", REFUND_STATES),
    ("fulfilments", PARCEL), ("products", PRODUCT),
    ("returns", RETURN_STATES),
]  # fmt: skip


@pytest.mark.parametrize(("table", "states"), TABLES)
async def test_the_database_allows_exactly_the_declared_states(
    owner: Any, table: str, states: StateTable
) -> None:
    rows = await owner.fetch(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'c'",
        table,
    )
    [check] = [row["text"] for row in rows if re.match(r"CHECK \(\(state = ANY \(ARRAY\[", row["text"])]
    assert set(re.findall(r"'(\w+)'::text", check)) == states.states


@pytest.mark.parametrize(("table", "states"), TABLES)
def test_every_state_is_reached_and_every_move_leads_to_a_known_state(table: str, states: StateTable) -> None:
    reached = set(states.initial)
    while True:
        further = {to for to in states.states for source in reached if states.allows(source, to)}
        if further <= reached:
            break
        reached |= further
    assert reached == states.states, table
    for to in states.states:
        assert all(states.allows(source, to) for source in states.sources(to))


def test_what_was_paid_never_becomes_unpaid() -> None:
    assert PAYMENT_STATES.final == {"captured"}
    assert REFUND_STATES.sources("succeeded") == ["submitted", "failed"]
    assert ORDER_STATES.sources("closed") == ["placed"]
    assert not ORDER_STATES.allows("placed", "pending_payment")
