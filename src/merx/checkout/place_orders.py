"""Place orders: a list of carts in, for each a purchase or a refusal out, in one transaction.

The batch locks what is limited in one order (keys, carts, stock, each sorted), decides in memory in order of arrival,
writes set-based and commits once. One order is a batch of one. A refused command never harms the others.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from merx.cart import CartLine, CartOwner, ClaimedCart, cart_owners, claim_carts, owns_cart, reopen_carts
from merx.checkout.errors import (
    CartChanged,
    CartIncomplete,
    CartNotFound,
    DeliveryRefused,
    OutOfStock,
    PlacementFailed,
    PriceChanged,
    is_passing,
    refused,
)
from merx.checkout.model import Outcome, Placed, PlaceOrder, Refused
from merx.checkout.price_carts import PricedCart, Terms, price_cart, read_offers
from merx.checkout.purchase_rows import PurchaseRows
from merx.infra import idempotency
from merx.infra.db import Database, Tx
from merx.infra.idempotency import Claim, IdempotencyKeyReused
from merx.infra.outbox import publish
from merx.inventory import (
    SCARCE_BELOW,
    Shortage,
    StockSheet,
    ensure_limits,
    expire_holds,
    hold_stock,
    lock_stock,
)
from merx.kit.actors import Buyer
from merx.kit.ids import new_id, new_number
from merx.ledger import post
from merx.orders import insert_purchases
from merx.payments import open_payments
from merx.payments.providers import MethodNotOffered, Methods, Sale, check_method
from merx.pricing import AmountTooLarge, QuoteItem, delivery_problem, line_problem, sale_terms
from merx.promotions import OfferBook, PromotionUsedUp

_LOG = logging.getLogger(__name__)
HOLD_GRACE: Final = timedelta(minutes=2)
"""Holds outlive the payment deadline by this, so that money paid in the last second finds its stock."""


async def place_orders(
    db: Database,
    commands: Sequence[PlaceOrder],
    *,
    now: datetime,
    deadline: timedelta,
    methods: Methods | None = None,
) -> list[Outcome]:
    """Place the commands in order of arrival; the outcome of each, in the same order.

    Commands that share a key or a cart with an earlier one wait for its outcome and go in a further transaction.
    When the database refuses a batch for a fault no retry cures, its commands are placed one by one, so that only the
    faulty one fails. `methods` are those of the shop at this moment; without them every method serves every cart.
    """
    outcomes: dict[int, Outcome] = {}
    waiting = list(enumerate(commands))
    while waiting:
        batch, waiting = _first_of_each(waiting)
        chosen = [command for _, command in batch]
        try:
            results = await db.write(
                partial(_place, commands=chosen, now=now, deadline=deadline, methods=methods)
            )
        except asyncpg.PostgresError:
            if len(chosen) == 1:
                _LOG.exception("placement failed")
                results = [refused(PlacementFailed)]
            else:
                results = [
                    (await place_orders(db, [command], now=now, deadline=deadline, methods=methods))[0]
                    for command in chosen
                ]
        outcomes.update((index, result) for (index, _), result in zip(batch, results, strict=True))
    return [outcomes[index] for index in range(len(commands))]


Waiting = list[tuple[int, PlaceOrder]]


def _first_of_each(waiting: Waiting) -> tuple[Waiting, Waiting]:
    """Split off the commands that are the first for their cart."""
    seen: set[UUID] = set()
    first: Waiting = []
    rest: Waiting = []
    for entry in waiting:
        cart_id = entry[1].cart_id
        (rest if cart_id in seen else first).append(entry)
        seen.add(cart_id)
    return first, rest


async def _place(
    tx: Tx, *, commands: Sequence[PlaceOrder], now: datetime, deadline: timedelta, methods: Methods | None
) -> list[Outcome]:  # fmt: skip
    """One transaction. Twelve statements with BEGIN and COMMIT when nothing is short and nothing refused."""
    day = now.strftime("%y%m%d")
    tentative = [
        Placed(new_id(), new_number(day), command.expected_total, command.currency) for command in commands
    ]
    outcomes = await _claim_keys(tx, commands, tentative, now=now)
    fresh = [index for index, outcome in enumerate(outcomes) if outcome is None]
    if fresh:
        wanted = [(commands[index].cart_id, tentative[index].purchase_id) for index in fresh]
        carts, lines = await claim_carts(tx, wanted=wanted, now=now)
        decided = await _decide_and_write(
            tx,
            [(commands[index], tentative[index]) for index in fresh],
            carts=carts,
            lines=lines,
            now=now,
            deadline=deadline,
            methods=methods,
        )
        await _store_refusals(tx, [commands[index] for index in fresh], decided, carts)
        for index, outcome in zip(fresh, decided, strict=True):
            outcomes[index] = outcome
    return [outcome for outcome in outcomes if outcome is not None]


def _scope(command: PlaceOrder) -> tuple[str, str]:
    return f"place:{command.cart_id}", command.idempotency_key


async def _claim_keys(
    tx: Tx, commands: Sequence[PlaceOrder], tentative: Sequence[Placed], *, now: datetime
) -> list[Outcome | None]:
    """Take the keys; the stored outcome for a replay, a refusal for a key reused, None for a fresh command.

    A fresh key is written with the outcome it will have when all goes well, so that the usual case needs no second write.
    """
    hashes = [
        idempotency.request_hash(
            command.expected_total,
            command.currency,
            *_shown(command.buyer),
        )
        for command in commands
    ]
    claims = await idempotency.claim(
        tx,
        [_scope(command) for command in commands],
        hashes=hashes,
        outcomes=[msgspec.json.encode(placed).decode() for placed in tentative],
        now=now,
    )
    return [
        _replayed(claims[_scope(command)], fingerprint)
        for command, fingerprint in zip(commands, hashes, strict=True)
    ]


def _shown(buyer: Buyer) -> tuple[str, str]:
    """What a key remembers of who used it. Keys live on over releases: this text must stay what it is."""
    return "".join(sorted(each.hex() for each in buyer.access)), str(buyer.account_id)


def _replayed(claim: Claim, fingerprint: bytes) -> Outcome | None:
    if claim.fresh:
        return None
    if claim.request_hash != fingerprint or claim.outcome is None:
        return refused(IdempotencyKeyReused)
    outcome: Outcome = msgspec.json.decode(claim.outcome, type=Outcome)
    return outcome


async def _decide_and_write(
    tx: Tx,
    fresh: Sequence[tuple[PlaceOrder, Placed]],
    *,
    carts: dict[UUID, ClaimedCart],
    lines: dict[UUID, list[CartLine]],
    now: datetime,
    deadline: timedelta,
    methods: Methods | None,
) -> list[Outcome]:
    terms = await _terms(tx, carts, lines)
    book = await read_offers(tx, carts, lines, terms, now=now)
    gone = [command.cart_id for command, _ in fresh if command.cart_id not in carts]
    owners = await cart_owners(tx, cart_ids=gone) if gone else {}
    judged = [_judge(command, carts, owners, lines, terms, methods, book, now=now) for command, _ in fresh]
    priced = [result for result in judged if isinstance(result, PricedCart)]
    await ensure_limits(
        tx, limits=[limit for each in priced for limit in each.limits if limit.kind == "person"], now=now
    )
    demand: Counter[UUID] = Counter()
    for each in priced:
        _count(demand, each)
    sheet = await lock_stock(tx, variant_ids=demand) if demand else StockSheet()
    short = sheet.short(demand)
    if short:
        await expire_holds(tx, sheet=sheet, variant_ids=short, now=now)
    own = {
        code: now + each.terms.deadline
        for code, each in (methods or {}).items()
        if each.terms.deadline is not None
    }
    rows = PurchaseRows(now + deadline, own)
    outcomes: list[Outcome] = []
    for (command, placed), result in zip(fresh, judged, strict=True):
        if isinstance(result, Refused):
            outcomes.append(result)
            continue
        flat = _goods(result)
        wanted = [*flat, *((limit.subject_id, 1) for limit in result.limits)]
        shortages = sheet.shortages(wanted)
        if shortages:
            outcomes.append(_short_of(shortages, result))
            continue
        parts = sheet.take(wanted)
        scarce = [variant_id for variant_id, _ in flat if sheet.available(variant_id) < SCARCE_BELOW]
        rows.add(carts[command.cart_id], placed, result, parts, scarce=scarce)
        outcomes.append(placed)
    await _write(tx, rows, now=now, expires_at=now + deadline)
    return outcomes


async def _terms(tx: Tx, carts: dict[UUID, ClaimedCart], lines: dict[UUID, list[CartLine]]) -> Terms:
    wanted = [
        (line.variant_id, cart.currency, cart.delivery) for cart in carts.values() for line in lines[cart.id]
    ]
    return await sale_terms(tx, wanted=wanted) if wanted else {}


def _judge(
    command: PlaceOrder,
    carts: dict[UUID, ClaimedCart],
    owners: dict[UUID, CartOwner],
    lines: dict[UUID, list[CartLine]],
    terms: Terms,
    methods: Methods | None,
    book: OfferBook,
    *,
    now: datetime,
) -> PricedCart | Refused:
    """Everything that can be decided without stock: whose cart, is it complete, what does it cost."""
    cart = carts.get(command.cart_id)
    owner = cart or owners.get(command.cart_id)
    if owner is None or not owns_cart(command.buyer, owner):
        return refused(CartNotFound)
    if cart is None:
        return refused(CartChanged)
    unready = _not_ready(cart)
    if unready is not None:
        return unready
    items: list[QuoteItem] = []
    for line in lines[cart.id]:
        found = terms.get((line.variant_id, cart.currency, cart.delivery))
        if found is None or line_problem(found) is not None:
            return refused(CartChanged)
        items.append(QuoteItem(found, line.quantity))
    if not items:
        return refused(CartChanged)
    assert cart.country is not None
    if delivery_problem(items, cart.country) is not None:
        return refused(DeliveryRefused)
    try:
        priced = price_cart(cart, items, book, now=now)
    except AmountTooLarge:
        return refused(AmountTooLarge)
    quoted = priced.quote
    if quoted.total != command.expected_total or command.currency != cart.currency:
        return refused(PriceChanged, total=quoted.total, currency=cart.currency)
    return _unpayable(cart, methods, sellers=len(quoted.orders)) or priced


def _unpayable(cart: ClaimedCart, methods: Methods | None, *, sellers: int) -> Refused | None:
    """Why it may not be paid the way that was chosen."""
    if methods is None:
        return None
    assert cart.provider is not None
    sale = Sale(cart.currency, sellers, cart.country)
    try:
        check_method(methods, cart.provider, sale, field="payment")
    except MethodNotOffered as error:
        return refused(MethodNotOffered, **error.params)
    return None


def _not_ready(cart: ClaimedCart) -> Refused | None:
    """What is still to be chosen."""
    missing = [
        name
        for name, value in (
            ("address", cart.country),
            ("delivery", cart.delivery),
            ("payment", cart.provider),
        )
        if value is None
    ]
    if missing:
        return refused(CartIncomplete, missing=", ".join(missing))
    return None


def _goods(priced: PricedCart) -> list[tuple[UUID, int]]:
    return [(line.terms.variant_id, line.quantity) for order in priced.quote.orders for line in order.lines]


def _count(demand: Counter[UUID], priced: PricedCart) -> None:
    for variant_id, quantity in _goods(priced):
        demand[variant_id] += quantity
    for limit in priced.limits:
        demand[limit.subject_id] += 1


def _short_of(shortages: list[Shortage], priced: PricedCart) -> Refused:
    """Out of stock, or, with all goods there, of the uses of a promotion."""
    limited = {limit.subject_id for limit in priced.limits}
    of_goods = [each for each in shortages if each.variant_id not in limited]
    return _out_of_stock(of_goods) if of_goods else refused(PromotionUsedUp)


def _out_of_stock(shortages: list[Shortage]) -> Refused:
    return refused(
        OutOfStock,
        lines=[
            {"variant_id": str(each.variant_id), "wanted": each.wanted, "available": max(0, each.available)}
            for each in shortages
        ],
    )


async def _write(tx: Tx, rows: PurchaseRows, *, now: datetime, expires_at: datetime) -> None:
    """Stock is written first, under locks already held; every package writes its own rows in one statement."""
    if not rows.purchases:
        return
    longer = {purchase_id: ends + HOLD_GRACE for purchase_id, ends in rows.longer.items()}
    await hold_stock(tx, claims=rows.claims, expires_at=expires_at + HOLD_GRACE, longer=longer, now=now)
    await insert_purchases(
        tx,
        purchases=rows.purchases,
        orders=rows.orders,
        lines=rows.lines,
        adjustments=rows.adjustments,
        now=now,
    )
    await open_payments(tx, payments=rows.payments, now=now)
    await post(tx, rows.transfers, now=now)
    await publish(tx, rows.events, now=now)


async def _store_refusals(
    tx: Tx, commands: Sequence[PlaceOrder], outcomes: Sequence[Outcome], carts: dict[UUID, ClaimedCart]
) -> None:
    """Put refused carts back and replace the outcome their keys were written with.

    What a repeat may cure is no outcome: its key is given back.
    """
    refusals = [
        (command, outcome)
        for command, outcome in zip(commands, outcomes, strict=True)
        if isinstance(outcome, Refused)
    ]
    if not refusals:
        return
    await reopen_carts(tx, cart_ids=[command.cart_id for command, _ in refusals if command.cart_id in carts])
    lasting = [(command, outcome) for command, outcome in refusals if not is_passing(outcome)]
    await idempotency.settle(
        tx,
        [_scope(command) for command, _ in lasting],
        outcomes=[msgspec.json.encode(outcome).decode() for _, outcome in lasting],
    )
    await idempotency.reopen(tx, [_scope(command) for command, outcome in refusals if is_passing(outcome)])
