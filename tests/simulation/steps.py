"""What may happen next. Each step returns the line the trace keeps: what was tried and what came of it.

A step states what must come of it from what buyers, sellers and the provider know, never from the shop's own tables.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, Literal

from tests.simulation.after_sales import apply, keep_silence, move_case, retry_refunds
from tests.simulation.paying import another_attempt, come_back, fault, forge, notices, pay, start
from tests.simulation.world import SELLER_OF, Attempt, Purchase, Sent, Shopper, World
from tests.world.people import guest, member
from tests.world.shop import ADDRESS

from merx.cart import create_cart, put_line, remove_line, set_address, set_delivery, set_provider
from merx.cashier import AlreadyPaid, cancel_purchase
from merx.catalog import ProductChanges, edit_product, product_by_id, set_prices
from merx.checkout import Placed, PlaceOrder, Refused
from merx.fulfilment import mark_delivered, receive, ship
from merx.infra.crypto import token_hash
from merx.inventory import Receipt, receive_stock
from merx.kit.ids import new_id
from merx.reviews import AlreadyReviewed, NotReceived, review_product

Step = Callable[[World], Awaitable[str]]


def _access(shopper: Shopper) -> dict[str, Any]:
    return {"cart_id": shopper.cart_id, "actor": guest(shopper.access_hash, shopper.account_id)}


async def _cart(world: World, shopper: Shopper) -> None:
    """Give the shopper a cart with everything chosen but the goods."""
    async with world.db.transaction() as tx:
        cart, token = await create_cart(
            tx, account_id=shopper.account_id, currency="CNY", locale="en", now=world.now
        )
        shopper.cart_id, shopper.access_hash, shopper.lines = cart.id, token_hash(token), {}
        await set_address(tx, world.keys, **_access(shopper), address=ADDRESS, now=world.now)
        await set_delivery(tx, **_access(shopper), method="standard", now=world.now)
        shopper.provider = world.chance.choice(sorted(world.peers.by_code))
        await set_provider(tx, **_access(shopper), provider=shopper.provider, now=world.now)


async def _put(world: World, shopper: Shopper, sku: str, quantity: int) -> None:
    async with world.db.transaction() as tx:
        await put_line(
            tx, **_access(shopper), variant_id=world.shop.variants[sku], quantity=quantity, add=False, now=world.now
        )  # fmt: skip
    shopper.lines[sku] = quantity


async def browse(world: World) -> str:
    """A shopper puts something in the cart, or takes it out."""
    shopper = world.chance.choice(world.shoppers)
    sku = world.chance.choice(sorted(world.prices))
    if shopper.cart_id is None:
        await _cart(world, shopper)
    if sku in shopper.lines and world.chance.random() < 0.3:
        async with world.db.transaction() as tx:
            await remove_line(tx, **_access(shopper), variant_id=world.shop.variants[sku], now=world.now)
        del shopper.lines[sku]
        return f"{shopper.name} takes out {sku}"
    if not world.on_sale[sku]:
        return f"{shopper.name} finds no {sku}"
    quantity = world.chance.randint(1, 3)
    await _put(world, shopper, sku, quantity)
    return f"{shopper.name} puts {quantity} {sku}"


def _command(world: World, shopper: Shopper, *, total: int | None = None) -> PlaceOrder:
    assert shopper.cart_id is not None
    shopper.keys_used += 1
    expected = world.total(shopper.lines) if total is None else total
    return PlaceOrder(
        shopper.cart_id, f"{shopper.name}-{shopper.keys_used}", expected, "CNY", guest(shopper.access_hash, shopper.account_id)
    )  # fmt: skip


def _predict(world: World, shopper: Shopper, command: PlaceOrder, free: dict[str, int]) -> str:
    """What must come of the command; takes its units from `free` when it is placed."""
    lines = shopper.lines
    if not lines or not all(world.on_sale[sku] for sku in lines):
        return "cart_changed"
    if command.expected_total != world.total(lines):
        return "price_changed"
    if any(units > free[sku] for sku, units in lines.items()):
        return "out_of_stock"
    for sku, units in lines.items():
        free[sku] -= units
    return "placed"


def _said(outcome: Placed | Refused) -> str:
    return "placed" if isinstance(outcome, Placed) else outcome.code


def _acknowledged(world: World, shopper: Shopper, command: PlaceOrder, outcome: Placed | Refused) -> None:
    world.sent.append(Sent(shopper, command, outcome))
    if not isinstance(outcome, Placed):
        return
    assert shopper.access_hash is not None
    assert outcome.total == world.total(shopper.lines)
    world.purchases.append(
        Purchase(
            f"p{len(world.purchases)}", outcome.purchase_id, outcome.number, outcome.total, shopper.lines,
            {sku: world.prices[sku] for sku in shopper.lines}, world.now, shopper, shopper.access_hash,
            [Attempt(f"{outcome.number}P1", shopper.provider)],
        )
    )  # fmt: skip
    world.states[outcome.purchase_id] = "pending_payment"
    shopper.cart_id, shopper.access_hash, shopper.lines = None, None, {}


async def _place(world: World, pairs: Sequence[tuple[Shopper, PlaceOrder]]) -> str:
    free = {sku: world.free(sku) for sku in world.received}
    expected = [_predict(world, shopper, command, free) for shopper, command in pairs]
    outcomes = await asyncio.gather(*(world.services.placement.place(command) for _, command in pairs))
    said = [_said(outcome) for outcome in outcomes]
    assert said == expected, f"the shop said {said}, the facts say {expected}"
    for (shopper, command), outcome in zip(pairs, outcomes, strict=True):
        if isinstance(outcome, Refused) and outcome.code == "price_changed":
            assert outcome.params == {"total": world.total(shopper.lines), "currency": "CNY"}
        _acknowledged(world, shopper, command, outcome)
    return ", ".join(f"{shopper.name} {what}" for (shopper, _), what in zip(pairs, said, strict=True))


async def place(world: World) -> str:
    """One to six shoppers order in the same instant; some of them look at an old total."""
    ready = [shopper for shopper in world.shoppers if shopper.cart_id is not None]
    if not ready:
        return "nobody has a cart"
    chosen = world.chance.sample(ready, min(len(ready), world.chance.choice((1, 1, 2, 6))))
    pairs = []
    for shopper in chosen:
        stale = world.chance.random() < 0.1
        pairs.append((shopper, _command(world, shopper, total=1 if stale else None)))
    return await _place(world, pairs)


async def place_again(world: World) -> str:
    """An answer got lost, so a command comes again, three times at once: every time the first outcome."""
    if not world.sent:
        return "nothing to repeat"
    sent = world.chance.choice(world.sent)
    answers = await asyncio.gather(*(world.services.placement.place(sent.command) for _ in range(3)))
    assert answers == [sent.outcome] * 3, f"{answers} instead of {sent.outcome}"
    return f"{sent.shopper.name} again {_said(sent.outcome)}"


async def place_with_a_wrong_key(world: World) -> str:
    """A used key with another request, and somebody else's cart: nothing may come of either."""
    carts = [shopper for shopper in world.shoppers if shopper.lines]
    if not carts or not world.sent:
        return "no cart to attack"
    sent, shopper = world.chance.choice(world.sent), world.chance.choice(carts)
    reused = PlaceOrder(
        sent.command.cart_id, sent.command.idempotency_key, sent.command.expected_total + 1, "CNY",
        sent.command.buyer,
    )  # fmt: skip
    assert shopper.cart_id is not None
    stolen = PlaceOrder(shopper.cart_id, f"thief-{len(world.sent)}", 1, "CNY", guest(b"t" * 32))
    answers = await asyncio.gather(*(world.services.placement.place(each) for each in (reused, stolen)))
    assert [_said(answer) for answer in answers] == ["idempotency_key_reused", "unknown_cart"]
    return f"{shopper.name} is left alone"


async def cancel(world: World) -> str:
    """A buyer cancels."""
    if not world.purchases:
        return "nothing to cancel"
    purchase = world.chance.choice(world.purchases[-10:])
    before = world.states[purchase.id]
    try:
        done = await cancel_purchase(
            world.db, world.services.providers, purchase_id=purchase.id,
            actor=guest(purchase.access_hash, purchase.shopper.account_id), now=world.now,
        )  # fmt: skip
    except AlreadyPaid:
        return f"{purchase.name} is paid"
    assert done == (before == "pending_payment")
    return f"{purchase.name} cancelled {done}"


async def wait(world: World) -> str:
    """Time passes."""
    by = timedelta(seconds=world.chance.choice((1, 20, 20, 60, 60, 120, 120, 300, 300, 900, 2400, 86_400)))
    world.wait(by)
    return f"wait {by.total_seconds():.0f}"


async def run_job(world: World) -> str:
    """A worker runs one of the periodic jobs."""
    name = world.chance.choice(sorted(world.jobs))
    if name == "deliver_events":
        await world.deliver_events()
        return "job deliver_events"
    if name == "act_on_silence":
        return f"job act_on_silence {await keep_silence(world)}"
    done = await world.jobs[name].work(world.now)
    if name == "expire_idle_carts":
        await _lose_carts(world, expected=done)
    return f"job {name} {done}"


async def _lose_carts(world: World, *, expected: int) -> None:
    """Guests whose cart was closed while they were away begin a new one."""
    rows = await world.owner.fetch("SELECT id FROM carts WHERE state = 'expired'")
    gone = {row["id"] for row in rows}
    lost = [shopper for shopper in world.shoppers if shopper.cart_id in gone]
    assert len(lost) == expected
    for shopper in lost:
        assert shopper.account_id is None
        shopper.cart_id, shopper.access_hash, shopper.lines = None, None, {}


async def seller_changes(world: World) -> str:
    """A seller changes a price, takes something off sale, or puts it back."""
    sku = world.chance.choice(sorted(world.prices))
    seller_ids = [world.shop.sellers[SELLER_OF[sku]]]
    async with world.db.transaction() as tx:
        product = await product_by_id(tx, product_id=world.shop.products[sku])
        variant = product.variants[0]
        if world.chance.random() < 0.6:
            price = world.chance.randint(900, 21_000)
            await set_prices(
                tx, variant_id=variant.id, seller_ids=seller_ids, expected_version=variant.version,
                prices={"CNY": price}, now=world.now,
            )  # fmt: skip
            world.prices[sku] = price
            return f"{sku} costs {price}"
        state: Literal["archived", "published"] = "published"
        if world.on_sale[sku] and world.chance.random() < 0.4:
            state = "archived"
        await edit_product(
            tx, product_id=product.id, seller_ids=seller_ids, expected_version=product.version,
            changes=ProductChanges(state=state), now=world.now,
        )  # fmt: skip
    world.on_sale[sku] = state == "published"
    return f"{sku} {state}"


async def restock(world: World) -> str:
    """Goods arrive, and the delivery note is entered twice."""
    sku = world.chance.choice(sorted(world.received))
    units = world.chance.randint(1, 4)
    receipt = Receipt(new_id(), world.shop.variants[sku], world.chance.choice(world.shop.locations), units)
    for new in (1, 0):
        async with world.db.transaction() as tx:
            assert await receive_stock(tx, receipts=[receipt], now=world.now) == new
    world.received[sku] += units
    return f"{units} {sku} arrive"


async def ship_parcel(world: World) -> str:
    """A seller ships some or all of what is left of an order."""
    paid = world.in_state("placed")
    if not paid:
        return "nothing to ship"
    purchase = world.chance.choice(paid)
    seller = world.chance.choice(sorted({SELLER_OF[sku] for sku in purchase.lines}))
    rows = await world.owner.fetch(
        """SELECT o.id AS order_id, l.id, l.sku FROM orders o JOIN order_lines l ON l.order_id = o.id
            WHERE o.purchase_id = $1 AND o.seller_id = $2 AND o.state = 'placed' ORDER BY l.position""",
        purchase.id,
        world.shop.sellers[seller],
    )
    rest = {
        sku: purchase.lines[sku] - purchase.shipped[sku] - purchase.withheld[sku] for sku in purchase.lines
    }
    rows = [row for row in rows if rest[row["sku"]]]
    if not rows:
        return f"{purchase.name} is on its way"
    part = [(rows[0]["id"], 1)] if world.chance.random() < 0.4 else None
    for row in rows[:1] if part else rows:
        purchase.shipped[row["sku"]] += 1 if part else rest[row["sku"]]
    async with world.db.transaction() as tx:
        await ship(
            tx, order_id=rows[0]["order_id"],
            actor=member(world.shop.sellers[seller], account_id=world.staff[seller]),
            carrier="other",
            tracking_number=f"T{world.chance.randint(10**8, 10**9)}", lines=part, now=world.now,
            auto_receive_after=timedelta(days=10),
        )  # fmt: skip
    return f"{purchase.name} ships {'one' if part else 'the rest'} from {seller}"


async def parcel_arrives(world: World) -> str:
    """A parcel is delivered, or its buyer says it is here."""
    purchase = _shipped(world)
    parcels = [] if purchase is None else await world.parcels(purchase)
    if purchase is None or not parcels:
        return "nothing on its way"
    index = world.chance.randrange(len(parcels))
    parcel = parcels[index]
    by_buyer = world.chance.random() < 0.6
    async with world.db.transaction() as tx:
        if by_buyer:
            await receive(
                tx, fulfilment_id=parcel["id"],
                actor=guest(purchase.access_hash, purchase.shopper.account_id),

                now=world.now,
            )  # fmt: skip
        else:
            await mark_delivered(
                tx, fulfilment_id=parcel["id"], actor=member(parcel["seller_id"]), now=world.now
            )
    return f"{purchase.name} parcel {index} {'received' if by_buyer else 'delivered'}"


def _shipped(world: World) -> Purchase | None:
    paid = world.in_state("placed", "closed")
    return world.chance.choice(paid) if paid else None


async def review(world: World) -> str:
    """A buyer with an account reviews what came."""
    bought = [each for each in world.in_state("placed", "closed") if each.shopper.account_id]
    if not bought:
        return "nothing to review"
    purchase = world.chance.choice(bought)
    line = await world.owner.fetchrow(
        "SELECT id, received FROM order_lines WHERE purchase_id = $1 ORDER BY sku LIMIT 1", purchase.id
    )
    assert purchase.shopper.account_id is not None
    assert line is not None
    try:
        async with world.db.transaction() as tx:
            await review_product(
                tx, account_id=purchase.shopper.account_id, order_line_id=line["id"], score=5, body="Good",
                locale="en", now=world.now,
            )  # fmt: skip
    except NotReceived:
        assert line["received"] == 0
        return f"{purchase.name} has not come"
    except AlreadyReviewed:
        return f"{purchase.name} reviewed before"
    return f"{purchase.name} reviewed"


STEPS: Final[tuple[tuple[int, Step], ...]] = (
    (24, browse), (22, place), (4, place_again), (2, place_with_a_wrong_key), (22, start), (5, another_attempt), (24, pay),
    (4, come_back), (10, notices), (3, forge), (8, fault), (4, cancel), (8, wait), (16, run_job), (4, seller_changes),
    (5, restock), (6, ship_parcel), (5, parcel_arrives), (2, review), (9, apply), (14, move_case), (2, retry_refunds),
)  # fmt: skip
