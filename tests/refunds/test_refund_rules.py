"""The parts of a refunded order: any series of refunds that ends at the whole sums exactly to the sale."""

from datetime import UTC, datetime
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from merx.kit.ids import new_id
from merx.orders import Order, OrderLine, OrderState, OrderView
from merx.refunds.refund_rules import UnitsBack, delivery_share, reduced, share_of, worth_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
AMOUNTS = st.integers(1, 10**9)


@st.composite
def orders(draw: st.DrawFn) -> OrderView:
    """An order with lines whose totals need not divide by their units, as after a discount."""
    lines = []
    for position in range(draw(st.integers(1, 4))):
        total, quantity = draw(AMOUNTS), draw(st.integers(1, 20))
        adjusted = -draw(st.integers(0, total - min(total, quantity)))
        funded = draw(st.integers(0, -adjusted))
        lines.append(
            OrderLine(
                id=new_id(), order_id=new_id(), purchase_id=new_id(), position=position, product_id=new_id(),
                variant_id=new_id(), sku="S", title={}, label={}, quantity=quantity, unit_price=1, price_version=1,
                total=total, tax_rate_bp=1300, tax=draw(st.integers(0, total + adjusted + funded)), shipped=0, received=0,
                adjusted=adjusted, funded=funded,
            )
        )  # fmt: skip
    goods, shipping = sum(line.total for line in lines), draw(st.integers(0, 10**6))
    off = draw(st.integers(0, shipping))
    paid_for = draw(st.integers(0, off))
    adjusted = sum(line.adjusted for line in lines) - off
    order = Order(
        id=new_id(), purchase_id=new_id(), number="1", seller_id=new_id(), state=OrderState.PLACED,
        payment_status="paid", fulfilment_status="unfulfilled", currency="CNY", goods=goods, shipping=shipping,
        shipping_tax_bp=0, shipping_tax=draw(st.integers(0, shipping - off + paid_for)), tax=0,
        total=goods + shipping + adjusted, placed_at=NOW, received_at=None, version=1, adjusted=adjusted,
        funded=sum(line.funded for line in lines) + paid_for, shipping_adjusted=-off, shipping_funded=paid_for,
    )  # fmt: skip
    return OrderView(order, lines)


@given(orders(), st.integers(0, 2**32))
def test_refunds_unit_by_unit_sum_to_the_order_with_its_tax_and_shipping(view: OrderView, seed: int) -> None:
    random = Random(seed)
    paid = tax = shipping = funded = shipping_tax = 0
    while any(line.refunded_quantity < line.quantity for line in view.lines):
        units = [
            UnitsBack(line.id, count, count)
            for line in view.lines
            if (count := random.randint(0, line.quantity - line.refunded_quantity))
        ]
        if not units:
            continue
        worth = worth_of(view, units)
        funded += delivery_share(view.order.shipping_funded, order=view.order, worth=worth)
        shipping_tax += delivery_share(view.order.shipping_tax, order=view.order, worth=worth)
        paid, shipping = paid + worth.total, shipping + worth.shipping
        lines = []
        for line in view.lines:
            part = worth.lines.get(line.id, 0)
            share = share_of(line.tax, paid=line.paid, before=line.refunded_amount, amount=part)
            back = share_of(line.funded, paid=line.paid, before=line.refunded_amount, amount=part)
            assert share >= 0
            assert back >= 0
            tax, funded = tax + share, funded + back
            count = next((each.quantity for each in units if each.order_line_id == line.id), 0)
            lines.append(
                msgspec.structs.replace(
                    line,
                    refunded_quantity=line.refunded_quantity + count,
                    refunded_amount=line.refunded_amount + part,
                    refunded_tax=line.refunded_tax + share,
                )
            )
        order = msgspec.structs.replace(view.order, shipping_refunded=shipping)
        view = OrderView(order, lines)
    assert (paid, shipping) == (view.order.total, view.order.shipping_paid)
    assert (tax, shipping_tax) == (sum(line.tax for line in view.lines), view.order.shipping_tax)
    assert funded == view.order.funded
    assert all(line.refunded_amount == line.paid for line in view.lines)


@given(orders(), st.data())
def test_a_smaller_amount_is_split_exactly_and_no_part_grows(view: OrderView, data: st.DataObject) -> None:
    worth = worth_of(view, [UnitsBack(line.id, line.quantity, 0) for line in view.lines])
    amount = data.draw(st.integers(1, worth.total))
    part = reduced(worth, amount)
    assert part.total == amount
    assert all(0 <= part.lines[line_id] <= worth.lines[line_id] for line_id in worth.lines)
    assert 0 <= part.shipping <= worth.shipping
