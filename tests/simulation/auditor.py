"""The auditor: holds what the shop's tables say against what buyers, sellers and the providers know.

It reads raw rows and adds them up in Python; it shares no arithmetic, no state table and no SQL with the shop.
"""

from collections import Counter, defaultdict
from typing import Any, Final
from uuid import UUID

import msgspec
from tests.simulation.world import Attempt, Purchase, World

MOVES: Final = {
    "pending_payment": {"placed", "cancelled"},
    "placed": {"closed", "cancelled"},
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
    returns: Rows
    stock_returns: Rows


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
    for purchase in world.purchases:
        unpaid = seen[purchase.id] == "cancelled" and world.states[purchase.id] == "placed"
        assert not unpaid or purchase.given == purchase.total, f"{purchase.name}: cancelled with its money"
    world.states = seen


async def audit(world: World) -> None:
    """Check every invariant; AssertionError names the first that is broken."""
    await note_states(world)
    books = await read_books(world)
    _stock(world, books)
    _purchases(world, books)
    _money(world, books)
    _parcels(world, books)
    _after_sales(world, books)
    _workflow(world, books)


def _stock(world: World, books: Books) -> None:
    sold = Counter[UUID]()
    for purchase in world.purchases:
        if world.sold(purchase):
            for sku, units in purchase.lines.items():
                sold[world.shop.variants[sku]] += units - purchase.back[sku]
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
    sold = {purchase.id: world.sold(purchase) for purchase in world.purchases}
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
        before_end = state in CLOSED_LIKE and order["state"] in ("placed", "closed", "cancelled")
        assert order["state"] == state or before_end
        assert (
            order["state"] != "cancelled" or state not in CLOSED_LIKE or order["refunded"] == order["total"]
        )
        paid = sold[order["purchase_id"]]
        money = "refunded" if order["refunded"] == order["total"] else "partially_refunded"
        expected = (money if order["refunded"] else "paid") if paid else "unpaid"
        # Money that came too late goes back from an order that was cancelled before.
        assert order["payment_status"] == expected or (not paid and order["payment_status"] == "refunded")
    assert all(totals[purchase.id] == purchase.total for purchase in world.purchases)
    carts = {row["purchase_id"]: row for row in books.carts if row["state"] == "completed"}
    assert set(carts) == set(by_id), "completed carts and purchases are not one to one"


def _money(world: World, books: Books) -> None:
    receivable, at_provider, debits, credit = Counter[UUID](), Counter[UUID](), Counter[str](), Counter[str]()
    for row in books.transfers:
        debits[row["currency"]] += row["amount"]
        credit[row["currency"]] += row["amount"]
        for kind, sign in ((row["debit_kind"], 1), (row["credit_kind"], -1)):
            if kind == "customer_receivable":
                receivable[row["purchase_id"]] += sign * row["amount"]
            elif kind.startswith("provider_"):  # wherever a bill has put it since
                at_provider[row["purchase_id"]] += sign * row["amount"]
    assert debits == credit
    back, promised, of_sales = Counter[UUID](), Counter[UUID](), Counter[UUID]()
    for row in books.refunds:
        done = row["state"] == "succeeded"
        back[row["payment_id"]] += row["amount"] * done
        promised[row["purchase_id"]] += row["amount"] * (row["reason"] == "after_sales")
        of_sales[row["purchase_id"]] += row["amount"] * (row["reason"] == "after_sales") * done
    payments = defaultdict(list)
    for row in books.payments:
        payments[row["purchase_id"]].append(row)
    for purchase in world.purchases:
        assert promised[purchase.id] == purchase.given, f"{purchase.name}: other money than was agreed on"
        mine = {row["number"]: row for row in payments[purchase.id]}
        assert set(mine) == {attempt.number for attempt in purchase.attempts}
        for attempt in purchase.attempts:
            _payment(purchase, attempt, mine[attempt.number], back[mine[attempt.number]["id"]], world)
        captured = sum(row["captured"] for row in mine.values())
        returned = sum(back[row["id"]] for row in mine.values())
        kept = captured - sum(row["refunded"] for row in mine.values())
        assert at_provider[purchase.id] == captured - returned
        sold = world.sold(purchase)
        owed = purchase.total if sold or world.states[purchase.id] == "pending_payment" else 0
        assert receivable[purchase.id] == owed - captured + returned - of_sales[purchase.id], (
            f"{purchase.name}: the books do not say so"
        )
        due = purchase.total - purchase.given if sold else 0
        assert kept == due, f"{purchase.name}: {kept} is kept and {due} is due"


def _payment(purchase: Purchase, attempt: Attempt, row: Any, back: int, world: World) -> None:
    """One attempt, and what its provider has of it."""
    held = world.peers.by_code[attempt.provider].held(attempt.number)
    assert row["captured"] in (0, purchase.total)
    assert row["captured"] <= held.paid, f"{purchase.name}: money {attempt.provider} never had"
    assert held.paid in (0, purchase.total)
    assert back <= held.refunded, f"{purchase.name}: a refund nobody paid"
    assert held.refunded <= row["refunded"], f"{purchase.name}: paid back unasked"


def _parcels(world: World, books: Books) -> None:
    shipped, received = Counter[UUID](), Counter[UUID]()
    state = {row["id"]: row["state"] for row in books.fulfilments}
    for row in books.fulfilment_lines:
        shipped[row["order_line_id"]] += row["quantity"]
        if state[row["fulfilment_id"]] == "received":
            received[row["order_line_id"]] += row["quantity"]
    purchases = {purchase.id: purchase for purchase in world.purchases}
    for line in books.order_lines:
        purchase, sku = purchases[line["purchase_id"]], line["sku"]
        assert (line["shipped"], line["received"]) == (shipped[line["id"]], received[line["id"]])
        assert line["received"] <= line["shipped"] == purchase.shipped[sku]
        assert line["shipped"] + line["withheld"] <= line["quantity"]
        asked = (line["withheld"], line["returned"], line["refunded_quantity"])
        assert asked == (purchase.withheld[sku], purchase.returned[sku], purchase.refunded[sku]), (
            purchase.name
        )
    reviewed = {row["order_line_id"] for row in books.product_reviews}
    assert all(received[line_id] for line_id in reviewed), "a review of what never came"


def _after_sales(world: World, books: Books) -> None:
    """Each case is where its people brought it; what they agreed to put on the shelf again is there."""
    states = {row["id"]: row["state"] for row in books.returns}
    assert set(states) == {case.id for case in world.cases}
    for case in world.cases:
        if case.state in ("paying", "inspected"):
            early = "approved" if case.state == "paying" else "inspected"
            assert states[case.id] in (early, "settled"), case.name
        else:
            assert states[case.id] == case.state, case.name
    back = Counter[UUID]()
    for row in books.stock_returns:
        back[row["purchase_id"]] += row["quantity"]
    assert back == Counter({each.id: each.back.total() for each in world.purchases if each.back.total()})


def _workflow(world: World, books: Books) -> None:
    told = Counter((row["kind"], row["subject_id"]) for row in books.events)
    orders = Counter(row["purchase_id"] for row in books.orders)
    for purchase in world.purchases:
        assert told["PurchasePlaced", purchase.id] == 1
        paid = orders[purchase.id] if world.sold(purchase) else 0
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
    assert {row["state"] for row in books.returns} <= {"settled", "rejected", "withdrawn"}
    for purchase in world.purchases:
        held = [world.peers.by_code[each.provider].held(each.number) for each in purchase.attempts]
        kept = sum(each.paid - each.refunded for each in held)
        due = purchase.total - purchase.given if world.sold(purchase) else 0
        assert kept == due, f"{purchase.name}: the providers keep {kept}, the shop knows of {due}"
        assert not any(each.open for each in held), f"{purchase.name}: somebody may still pay for it"
    paid = Counter(row["subject_id"] for row in books.events if row["kind"] == "OrderPaid")
    sent = sum(row["kind"] == "order_paid" for row in books.notifications)
    assert sent == sum(paid.values()), "each paid order is told to its one seller once"
