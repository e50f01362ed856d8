"""What units of an order are worth when they go back: the inverse of the sale, in parts that sum exactly. Pure.

The preview a buyer sees and the refund that is carried out come from the same functions.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from merx.kit.money import allocate
from merx.orders import Order, OrderLine, OrderView


class UnitsBack(msgspec.Struct, frozen=True):
    """Units of a line that go back; `unshipped` of them never left the seller."""

    order_line_id: UUID
    quantity: int
    unshipped: int


class Worth(msgspec.Struct, frozen=True):
    """Amounts by line, and of shipping; tax is inside. `last` says whether no unit of the order is left after them."""

    lines: Mapping[UUID, int]
    shipping: int
    last: bool = False

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return sum(self.lines.values()) + self.shipping


def worth_of(view: OrderView, units: Sequence[UnitsBack]) -> Worth:
    """What the buyer paid for these units. The refund that takes the last of an order's units takes its shipping, too.

    A line's n-th unit is worth what n units cost less what n - 1 cost, so all of them together cost what was paid for it.
    """
    lines = {line.id: line for line in view.lines}
    parts = {each.order_line_id: _line_worth(lines[each.order_line_id], each.quantity) for each in units}
    gone = sum(line.refunded_quantity for line in view.lines) + sum(each.quantity for each in units)
    last = gone == sum(line.quantity for line in view.lines)
    return Worth(parts, view.order.shipping_paid - view.order.shipping_refunded if last else 0, last=last)


def _line_worth(line: OrderLine, quantity: int) -> int:
    before, after = line.refunded_quantity, line.refunded_quantity + quantity
    return line.paid * after // line.quantity - line.paid * before // line.quantity


def reduced(worth: Worth, amount: int) -> Worth:
    """The same parts scaled down to `amount`, at most their total, by largest remainder; none grows."""
    keys = list(worth.lines)
    parts = allocate(amount, [*worth.lines.values(), worth.shipping])
    return Worth(dict(zip(keys, parts[:-1], strict=True)), parts[-1], last=worth.last)


def share_of(whole: int, *, paid: int, before: int, amount: int) -> int:
    """The part of `whole`, the tax inside or the platform's funding, that goes with `amount` of what was `paid`.

    `before` of it went back already. The shares of any series of amounts that ends at `paid` sum to `whole`.
    """
    return whole * (before + amount) // paid - whole * before // paid if paid else 0


def delivery_share(whole: int, *, order: Order, worth: Worth) -> int:
    """The part of `whole` of an order's delivery that goes with `worth`; what nobody paid for ends with the last unit."""
    if not order.shipping_paid:
        return whole if worth.last else 0
    return share_of(whole, paid=order.shipping_paid, before=order.shipping_refunded, amount=worth.shipping)
