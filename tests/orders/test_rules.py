"""An order's fulfilment status is what its units say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.orders.rules import fulfilment_status

# (quantity, shipped, received) of each line
LINE = st.integers(1, 5).flatmap(
    lambda quantity: st.integers(0, quantity).flatmap(
        lambda shipped: st.tuples(st.just(quantity), st.just(shipped), st.integers(0, shipped))
    )
)


@pytest.mark.parametrize(
    ("lines", "delivered", "status"),
    [
        ([(2, 0, 0)], False, "unfulfilled"),
        ([(2, 1, 0)], False, "partial"),
        ([(2, 1, 1)], True, "partial"),
        ([(2, 2, 0), (1, 0, 0)], False, "partial"),
        ([(2, 2, 0)], False, "shipped"),
        ([(2, 2, 1)], False, "shipped"),
        ([(2, 2, 1)], True, "delivered"),
        ([(2, 2, 2)], True, "received"),
        ([(2, 2, 2), (1, 1, 1)], True, "received"),
    ],
)
def test_the_status_of_these_units(lines: list[tuple[int, int, int]], delivered: bool, status: str) -> None:
    assert fulfilment_status(lines, delivered=delivered) == status


@given(st.lists(LINE, min_size=1, max_size=4), st.booleans())
def test_an_order_is_received_exactly_when_every_unit_is(
    lines: list[tuple[int, int, int]], delivered: bool
) -> None:
    status = fulfilment_status(lines, delivered=delivered)
    assert (status == "received") == all(received == quantity for quantity, _, received in lines)
    assert (status == "unfulfilled") == all(shipped == 0 for _, shipped, _ in lines)
