"""Derived order facts, and what a buyer may do with a purchase. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.kit.actors import Actor, Agent, Buyer, SellerMember
from merx.orders.model import Order, OrderLine, OrderState, Purchase, Replacement


def may_see(actor: Actor, *, seller_id: UUID, account_id: UUID | None, access_hash: bytes | None) -> bool:
    """Who may see an order: its buyer and who acts for them, its seller, the platform.

    It was bought by `account_id`, or else by whoever shows the token with `access_hash`.
    """
    match actor:
        case Buyer():
            return actor.owns(account_id=account_id, access_hash=access_hash)
        case Agent():
            return actor.buyer.owns(account_id=account_id, access_hash=access_hash)
        case SellerMember():
            return actor.works_for(seller_id)
        case _:
            return True


def fulfilment_status(lines: Sequence[tuple[int, int, int]], *, delivered: bool) -> str:
    """Derive an order's fulfilment status.

    `lines` are (quantity, shipped, received); `delivered` says whether every parcel that left has been delivered.
    """
    quantity = sum(line[0] for line in lines)
    shipped = sum(line[1] for line in lines)
    received = sum(line[2] for line in lines)
    if shipped == 0:
        return "unfulfilled"
    if shipped < quantity:
        return "partial"
    if received == quantity:
        return "received"
    return "delivered" if delivered else "shipped"


def pick_replacements(
    lines: Sequence[OrderLine], shipped: Sequence[tuple[UUID, int]]
) -> list[tuple[UUID, Replacement, int]]:
    """Which of these units replace exchanged ones, as (line, replacement, units).

    A line's own units leave first, then replacements, the one that is owed longest first.
    """
    known = {line.id: line for line in lines}
    picked = []
    for line_id, quantity in shipped:
        line = known[line_id]
        rest = quantity - (line.to_ship - line.to_replace)
        for each in line.replacements:
            part = min(each.left, rest)
            if part > 0:
                rest -= part
                picked.append((line_id, each, part))
    return picked


def can_pay(purchase: Purchase, *, now: datetime) -> bool:
    """Whether it still waits for its money: it can be paid, by this or another method, until its deadline."""
    return purchase.state == OrderState.PENDING_PAYMENT and purchase.expires_at > now


def can_cancel(purchase: Purchase, orders: Sequence[Order]) -> bool:
    """Whether its buyer may cancel it: while it is unpaid, and served on an authorization until something was shipped."""
    if purchase.state == OrderState.PLACED and purchase.paid_at is None:
        return all(order.fulfilment_status == "unfulfilled" for order in orders)
    return purchase.state == OrderState.PENDING_PAYMENT
