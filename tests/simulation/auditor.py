"""The auditor: holds what the shop's tables say against what buyers, sellers and the provider know.

It reads raw rows and adds them up in Python; it shares no arithmetic, no state table and no SQL with the shop.
"""

from collections import Counter, defaultdict
from typing import Any, Final
from uuid import UUID

import msgspec
from tests.simulation.world import World

from merx.simulators.alipay.model import TradeStatus

MOVES: Final = {
    "pending_payment": {"placed", "cancelled"},
    "placed": {"closed"},
    "cancelled": {"placed"},
    "closed": set[str](),
}
"""Purchases are audited often enough to see every move but one: a late payment may cancel and place within one step."""
CLOSED_LIKE: Final = ("placed", "closed")

Rows = list[Any]


class Books(msgspec.Struct, frozen=True):
    """Every row that matters, of one moment."""

    purchases: Rows
    orders: Rows
    order_lines: Rows
    payments: Rows
    refunds: Rows
    holds: Rows
    allotments: Rows
    movements: Rows
    transfers: Rows
    fulfilments: Rows
    fulfilment_lines: Rows
    carts: Rows
    events: Rows
    notifications: Rows
    provider_notices: Rows
    product_reviews: Rows


async def read_books(world: World) -> Books:
    """Read all tables in one snapshot."""
    async with world.owner.transaction(isolation="repeatable_read", readonly=True):
        tables = [await world.owner.fetch(f"SELECT * FROM {table}") for table in Books.__struct_fields__]
    return Books(*tables)


async def note_states(world: World) -> None:
    """Follow every purchase's state: only known moves, nothing unknown appears, nothing acknowledged disappears."""
    seen = await world.see_states()
    assert set(seen) == set(world.states), "purchases and acknowledgements are not the same set"
    for purchase_id, state in seen.items():
        before = world.states[purchase_id]
        assert state == before or state in MOVES[before], f"{before} became {state}"
    world.states = seen


async def audit(world: World) -> None:
    """Check every invariant; AssertionError names the first that is broken."""
    await note_states(world)
    books = await read_books(world)
    _stock(world, books)
    _purchases(world, books)
    _money(world, books)
    _parcels(books)
    _workflow(world, books)


def _stock(world: World, books: Books) -> None:
    sold = Counter[UUID]()
    for line in books.order_lines:
        if world.states[line["purchase_id"]] in CLOSED_LIKE:
            sold[line["variant_id"]] += line["quantity"]
    for sku, variant_id in world.shop.variants.items():
        places = [row for row in books.allotments if row["subject_id"] == variant_id]
        assert sum(row["received"] for row in places) == world.received[sku], sku
        assert sum(row["sold"] for row in places) == sold[variant_id] <= world.received[sku], sku
    active = Counter[UUID]()
    for hold in books.holds:
        if hold["state"] == "active":
            active[hold["allotment_id"]] += hold["quantity"]
            assert world.states[hold["purchase_id"]] == "pending_payment", "a hold outlived its purchase"
    journal: dict[UUID, list[int]] = defaultdict(lambda: [0, 0, 0])
    for move in books.movements:
        for index, name in enumerate(("received_delta", "held_delta", "sold_delta")):
            journal[move["allotment_id"]][index] += move[name]
    for row in books.allotments:
        assert journal[row["id"]] == [row["received"], row["held"], row["sold"]], (
            "counters are not the journal's"
        )
        assert row["held"] == active[row["id"]], "held units are not the active holds'"
        assert row["held"] >= 0 <= row["sold"], "a negative counter"
        assert row["held"] + row["sold"] <= row["received"], "oversold"


def _purchases(world: World, books: Books) -> None:
    by_id = {row["id"]: row for row in books.purchases}
    assert len(by_id) == len(books.purchases) == len(world.purchases)
    skus = {variant_id: sku for sku, variant_id in world.shop.variants.items()}
    lines: dict[UUID, dict[str, int]] = defaultdict(dict)
    goods = Counter[UUID]()
    for line in books.order_lines:
        lines[line["purchase_id"]][skus[line["variant_id"]]] = line["quantity"]
        goods[line["order_id"]] += line["unit_price"] * line["quantity"]
    for purchase in world.purchases:
        row = by_id[purchase.id]
        assert (row["number"], row["total"]) == (purchase.number, purchase.total)
        assert lines[purchase.id] == purchase.lines, f"{purchase.name} has other lines than were ordered"
    totals = Counter[UUID]()
    for order in books.orders:
        totals[order["purchase_id"]] += order["total"]
        state = world.states[order["purchase_id"]]
        assert order["goods"] == goods[order["id"]]
        assert order["total"] == order["goods"] + order["shipping"]
        assert order["state"] == state or (state == "placed" and order["state"] == "closed")
        assert order["payment_status"] == "paid" or state not in CLOSED_LIKE
        assert order["payment_status"] != "paid" or state in CLOSED_LIKE
    assert all(totals[purchase.id] == purchase.total for purchase in world.purchases)
    carts = {row["purchase_id"]: row for row in books.carts if row["state"] == "completed"}
    assert set(carts) == set(by_id), "completed carts and purchases are not one to one"


def _money(world: World, books: Books) -> None:
    receivable, clearing, debits, credit = Counter[UUID](), Counter[UUID](), Counter[str](), Counter[str]()
    for row in books.transfers:
        debits[row["currency"]] += row["amount"]
        credit[row["currency"]] += row["amount"]
        for kind, sign in ((row["debit_kind"], 1), (row["credit_kind"], -1)):
            if kind == "customer_receivable":
                receivable[row["purchase_id"]] += sign * row["amount"]
            elif kind == "provider_clearing":
                clearing[row["purchase_id"]] += sign * row["amount"]
    assert debits == credit
    trades = {trade.number: trade for trade in world.alipay.list_trades()}
    refunded = Counter[UUID]()
    for row in books.refunds:
        if row["state"] == "succeeded":
            refunded[row["payment_id"]] += row["amount"]
    payment_of = {row["purchase_id"]: row for row in books.payments}
    assert len(payment_of) == len(books.payments)
    for purchase in world.purchases:
        payment = payment_of[purchase.id]
        state = world.states[purchase.id]
        captured, returned = payment["captured"], refunded[payment["id"]]
        trade = trades.get(payment["number"])
        paid = trade is not None and trade.paid_at is not None
        assert captured in (0, purchase.total)
        assert captured == 0 or paid, f"{purchase.name}: money the provider never had"
        assert returned <= (trade.refunded_fen if trade else 0), f"{purchase.name}: a refund nobody paid"
        assert (trade.refunded_fen if trade else 0) <= payment["refunded"], (
            f"{purchase.name}: paid back unasked"
        )
        assert clearing[purchase.id] == captured - returned
        owed = {"pending_payment": purchase.total, "cancelled": 0}.get(state, purchase.total)
        assert receivable[purchase.id] == owed - captured + returned, (
            f"{purchase.name}: the books do not say so"
        )
        if state in CLOSED_LIKE:
            assert captured == purchase.total, f"{purchase.name}: placed without its money"
            assert payment["refunded"] == 0, f"{purchase.name}: sent and paid back"
        if state == "cancelled" and captured:
            assert payment["refunded"] == captured, f"{purchase.name}: money kept for nothing"


def _parcels(books: Books) -> None:
    shipped, received = Counter[UUID](), Counter[UUID]()
    state = {row["id"]: row["state"] for row in books.fulfilments}
    for row in books.fulfilment_lines:
        shipped[row["order_line_id"]] += row["quantity"]
        if state[row["fulfilment_id"]] == "received":
            received[row["order_line_id"]] += row["quantity"]
    for line in books.order_lines:
        assert (line["shipped"], line["received"]) == (shipped[line["id"]], received[line["id"]])
        assert line["received"] <= line["shipped"] <= line["quantity"]
    reviewed = {row["order_line_id"] for row in books.product_reviews}
    assert all(received[line_id] for line_id in reviewed), "a review of what never came"


def _workflow(world: World, books: Books) -> None:
    told = Counter((row["kind"], row["subject_id"]) for row in books.events)
    orders = Counter(row["purchase_id"] for row in books.orders)
    for purchase in world.purchases:
        assert told["PurchasePlaced", purchase.id] == 1
        paid = orders[purchase.id] if world.states[purchase.id] in CLOSED_LIKE else 0
        assert told["OrderPaid", purchase.id] == paid, purchase.name
    ids = [row["notice_id"] for row in books.provider_notices]
    assert len(ids) == len(set(ids))
    assert all(row["applied_at"] for row in books.provider_notices), "a notice was kept and not applied"


async def final_audit(world: World) -> None:
    """After everything has settled nothing may be unknown, waiting or owed on either side."""
    await audit(world)
    books = await read_books(world)
    assert not world.in_state("pending_payment")
    assert not [row for row in books.payments if row["state"] in ("created", "action_required")]
    assert not [row for row in books.refunds if row["state"] != "succeeded"]
    assert not [row for row in books.holds if row["state"] == "active"]
    assert not [row for row in books.fulfilments if row["state"] != "received"]
    trades = {trade.number: trade for trade in world.alipay.list_trades()}
    for purchase in world.purchases:
        trade = trades.get(f"{purchase.number}P1")
        kept = 0 if trade is None or trade.paid_at is None else trade.amount_fen - trade.refunded_fen
        due = purchase.total if world.states[purchase.id] in CLOSED_LIKE else 0
        assert kept == due, f"{purchase.name}: the provider keeps {kept}, the shop knows of {due}"
        assert trade is None or trade.status is not TradeStatus.WAITING
    paid = Counter(row["subject_id"] for row in books.events if row["kind"] == "OrderPaid")
    sent = sum(row["kind"] == "order_paid" for row in books.notifications)
    assert sent == sum(paid.values()), "each paid order is told to its one seller once"
