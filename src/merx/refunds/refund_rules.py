"""What units of an order are worth when they go back: the inverse of the sale, in parts that sum exactly. Pure.

The preview a buyer sees and the refund that is carried out come from the same functions.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from merx.kit.money import allocate
from merx.orders import OrderLine, OrderView


class UnitsBack(msgspec.Struct, frozen=True):
    """Units of a line that go back; `unshipped` of them never left the seller."""

    order_line_id: UUID
    quantity: int
    unshipped: int


class Worth(msgspec.Struct, frozen=True):
    """Amounts by line, and of shipping; tax is inside."""

    lines: Mapping[UUID, int]
    shipping: int

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return sum(self.lines.values()) + self.shipping


def worth_of(view: OrderView, units: Sequence[UnitsBack]) -> Worth:
    """What these units were sold for. The refund that takes the last of an order's units takes its shipping, too.

    A line's n-th unit is worth what n units cost less what n - 1 cost, so all of them together cost its total.
    """
    lines = {line.id: line for line in view.lines}
    parts = {each.order_line_id: _line_worth(lines[each.order_line_id], each.quantity) for each in units}
    gone = sum(line.refunded_quantity for line in view.lines) + sum(each.quantity for each in units)
    last = gone == sum(line.quantity for line in view.lines)
    return Worth(parts, view.order.shipping - view.order.shipping_refunded if last else 0)


def _line_worth(line: OrderLine, quantity: int) -> int:
    before, after = line.refunded_quantity, line.refunded_quantity + quantity
    return line.total * after // line.quantity - line.total * before // line.quantity


def reduced(worth: Worth, amount: int) -> Worth:
    """The same parts scaled down to `amount`, at most their total, by largest remainder; none grows."""
    keys = list(worth.lines)
    parts = allocate(amount, [*worth.lines.values(), worth.shipping])
    return Worth(dict(zip(keys, parts[:-1], strict=True)), parts[-1])


def tax_share(*, tax: int, total: int, before: int, amount: int) -> int:
    """The tax inside `amount` of a sum of `total` of which `before` went back already.

    The shares of any series of amounts that ends at `total` sum to `tax`.
    """
    return tax * (before + amount) // total - tax * before // total if total else 0
