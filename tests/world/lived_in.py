"""A shop that has lived: purchases in every state, parcels, refunds, reviews, messages, pictures, prices that changed."""

import io
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from PIL import Image
from tests.world.counter import Counter
from tests.world.feed import deliver_events, fold_everything
from tests.world.offers import FIVE_YUAN, an_offer, keeper
from tests.world.people import member, shopper
from tests.world.shop import ReadyCart, Shop, a_ready_cart, a_shop
from tests.world.till import DEADLINE, Bought, Till

from merx.accounts import Account, register
from merx.cart import add_code
from merx.cashier import apply_dispute, confirm_cash, confirm_payment, void_now
from merx.catalog import product_by_slug, render_picture, save_media, set_prices
from merx.checkout import Placed, Refused, place_orders
from merx.fulfilment import fulfilments_of, mark_delivered, receive, ship
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.actors import Buyer
from merx.kit.ids import new_id
from merx.kit.money import Money
from merx.orders import OrderView, close_received, purchase_view
from merx.orders import record_refunded as record_order_refunded
from merx.payments import (
    Fact,
    NewPayment,
    claim_refunds,
    get_payment,
    open_payments,
    payments_of,
    record_refunded,
)
from merx.payments.providers import DisputeMove, DisputeReport, DisputeState
from merx.promotions import Trigger, claim_coupon, end_promotion
from merx.reconciliation import reconcile_day
from merx.returns import (
    Application,
    Return,
    ReturnKind,
    ReturnReason,
    Wanted,
    approve_return,
    inspect_return,
    record_undelivered,
    request_return,
    send_back,
)
from merx.reviews import review_product, review_seller
from merx.sellers import add_member
from merx.simulators.alipay.model import FaultKind

STOCK = {"TEA": 30, "CUP": 30, "POT": 1}
KEYS = MasterKeys({"k2": b"2" * 32, "k1": b"1" * 32}, index_key=b"i" * 32)


async def a_lived_in_shop(db: Database, owner: Any, *, now: datetime, media: Path) -> datetime:
    """Live; returns the moment at which it is looked at."""
    shop = await a_shop(db, now=now, stock=STOCK)
    till = Till(db, KEYS, owner, shop, now)
    try:
        people = await _people(db, shop, now=now)
        await _pictures(db, media, now=now)
        await _reconciled(till)
        await _overdue_and_late(till)
        await _cancelled_and_revived(till)
        await _cancelled_in_doubt(till)
        await _taken_back(till)
        await _exchanged(till)
        await _paid_twice(till)
        await _refused(till)
        await _disputed(till)
        await _delivered(till, people)
        await _authorized(till)
        await _left_behind(till)
        await _with_promotions(till)
        await _reprice(till)
        await fold_everything(till.db, till.owner)
        await deliver_events(till.db, till.owner, now=till.now)
        await fold_everything(till.db, till.owner)
        after_folding = await till.at_cashier({"CUP": 1})
        assert set(await till.pay(after_folding)) == {"success"}
        return till.now
    finally:
        await till.close()


async def _disputed(till: Till) -> None:
    """Holders object to two payments: one dispute is open, the other was lost."""
    for name, state in (("dp_open", DisputeState.NEEDS_RESPONSE), ("dp_lost", DisputeState.LOST)):
        bought = await till.at_cashier({"CUP": 1})
        assert set(await till.pay(bought)) == {"success"}
        amount = Money(bought.total, "CNY")
        move = DisputeMove(reference=f"{name}_move", amount=amount, fee=Money(150, "CNY"), at=till.now)
        report = DisputeReport(
            reference=name, state=state, amount=amount, reason="fraudulent", url="https://provider.test/",
            opened_at=till.now, due_at=till.now, moves=(move,),
        )  # fmt: skip
        async with till.db.snapshot() as read:
            payment = await get_payment(read, bought.payment_id)
        await till.db.write(partial(apply_dispute, payment=payment, report=report, now=till.now))


async def _people(db: Database, shop: Shop, *, now: datetime) -> dict[str, Account]:
    people: dict[str, Account] = {}
    async with db.transaction() as tx:
        for name in ("buyer", "seller"):
            people[name] = await register(
                tx, KEYS, email=f"{name}@example.com", password_hash="-", name=name, locale="en", now=now
            )
        for seller_id in shop.sellers.values():
            await add_member(tx, seller_id=seller_id, account_id=people["seller"].id, role="owner", now=now)
    return people


async def _pictures(db: Database, media: Path, *, now: datetime) -> None:
    drafts = []
    for colour in ((200, 30, 30), (30, 200, 30)):
        out = io.BytesIO()
        Image.new("RGB", (40, 30), colour).save(out, "PNG")
        drafts.append(render_picture(out.getvalue(), folder=media))
    async with db.transaction() as tx:
        await save_media(tx, pictures=drafts, now=now)


async def _taken_back(till: Till) -> None:
    """One cup of three is refunded before it left, one is sent back and sold again, one is asked back."""
    bought = await till.at_cashier({"CUP": 3})
    assert set(await till.pay(bought)) == {"success"}
    buyer = bought.cart.command.buyer
    async with till.db.read() as read:
        view = await purchase_view(read, purchase_id=bought.id, actor=buyer)
    (order,) = view.orders

    async def ask(kind: ReturnKind) -> Return:
        one = [Wanted(order.lines[0].id, 1)]
        application = Application(kind=kind, reason=ReturnReason.CHANGED_MIND, lines=one)
        return await till.db.write(
            lambda tx: request_return(
                tx, order_id=order.order.id, actor=buyer, application=application,
                default_days=15, now=till.now,
            )
        )  # fmt: skip

    seller: dict[str, Any] = {"actor": member(order.order.seller_id), "now": till.now}
    unshipped = await ask(ReturnKind.REFUND_ONLY)
    await till.db.write(lambda tx: approve_return(tx, return_id=unshipped.id, **seller))
    await _send(till, order, None)
    back = await ask(ReturnKind.RETURN_AND_REFUND)
    await till.db.write(lambda tx: approve_return(tx, return_id=back.id, **seller))
    await till.db.write(
        lambda tx: send_back(
            tx, return_id=back.id, actor=buyer, carrier="shunfeng",
            tracking_number="SF9876543210123", now=till.now,
        )
    )  # fmt: skip
    restocked = [Wanted(order.lines[0].id, 1)]
    await till.db.write(lambda tx: inspect_return(tx, return_id=back.id, restocked=restocked, **seller))
    await ask(ReturnKind.REFUND_ONLY)
    assert await till.refund() == 2


async def _reconciled(till: Till) -> None:
    """The day before: one of two cups went back, another payment is not in the bill, and a second bill agrees."""
    bought = await till.at_cashier({"CUP": 2})
    assert set(await till.pay(bought)) == {"success"}
    buyer = bought.cart.command.buyer
    async with till.db.transaction() as tx:
        view = await purchase_view(tx, purchase_id=bought.id, actor=buyer)
        (order,) = view.orders
        application = Application(
            kind=ReturnKind.REFUND_ONLY, reason=ReturnReason.LATE, lines=[Wanted(order.lines[0].id, 1)]
        )
        case = await request_return(
            tx, order_id=order.order.id, actor=buyer, application=application,
            default_days=15, now=till.now,
        )  # fmt: skip
        await approve_return(tx, return_id=case.id, actor=member(order.order.seller_id), now=till.now)
    assert await till.refund() == 1
    lacking = await till.at_cashier({"TEA": 1})
    assert set(await till.pay(lacking)) == {"success"}
    till.fault(FaultKind.SKIP_ROW, number=lacking.payment_number)
    day = (till.now + timedelta(hours=8)).date()
    till.simulator.clock.advance(timedelta(hours=18))
    bill = await reconcile_day(till.db, till.providers, provider="alipay", day=day, now=till.now)
    assert (bill.rows_read, bill.matched, bill.open) == (2, 2, 1)


async def _exchanged(till: Till) -> None:
    """Of three cups one is replaced, one came back and its replacement is owed, one is to be sent back."""
    await till.restock("CUP", 6)
    bought = await till.at_cashier({"CUP": 3})
    assert set(await till.pay(bought)) == {"success"}
    buyer = bought.cart.command.buyer
    async with till.db.read() as read:
        view = await purchase_view(read, purchase_id=bought.id, actor=buyer)
    (order,) = view.orders
    await _send(till, order, None)
    seller: dict[str, Any] = {"actor": member(order.order.seller_id), "now": till.now}
    me: dict[str, Any] = {"actor": buyer, "now": till.now}
    application = Application(
        kind=ReturnKind.EXCHANGE, reason=ReturnReason.DEFECTIVE, lines=[Wanted(order.lines[0].id, 1)]
    )
    for step in range(3):
        case = await till.db.write(
            lambda tx: request_return(
                tx, order_id=order.order.id, application=application, default_days=15, **me
            )
        )
        await till.db.write(lambda tx, id_=case.id: approve_return(tx, return_id=id_, **seller))  # type: ignore[misc]
        if step == 2:
            return
        await till.db.write(
            lambda tx, id_=case.id: send_back(  # type: ignore[misc]
                tx, return_id=id_, carrier="shunfeng", tracking_number="SF9876543210123", **me
            )
        )
        await till.db.write(
            lambda tx, id_=case.id: inspect_return(tx, return_id=id_, restocked=[], **seller)  # type: ignore[misc]
        )
        if step == 0:
            await _send(till, order, None)


async def _overdue_and_late(till: Till) -> None:
    """One is cancelled for its deadline; another's hold goes to a quicker buyer, and its money comes too late."""
    late = await till.place({"POT": 1})
    await till.at_cashier({"CUP": 1})
    till.simulator.clock.advance(DEADLINE + timedelta(minutes=5))
    quicker = await till.at_cashier({"POT": 1})
    assert set(await till.pay(quicker)) == {"success"}
    assert await _money_comes(till, late.id, late.payment_id) == "refund_approved"
    async with till.db.transaction() as tx:
        (refund,) = await claim_refunds(
            tx, now=till.now, first_pause=timedelta(), longest_pause=timedelta(), limit=10
        )
        (payment,) = await payments_of(tx, [late.id])
        assert await record_refunded(tx, payment=payment, refund=refund, now=till.now)
        await record_order_refunded(tx, purchase_id=late.id)
    assert await till.expire() == 1


async def _cancelled_and_revived(till: Till) -> None:
    assert await till.cancel(await till.place({"TEA": 1, "CUP": 1}))
    revived = await till.place({"TEA": 2})
    assert await till.cancel(revived)
    assert await _money_comes(till, revived.id, revived.payment_id) == "placed"


async def _cancelled_in_doubt(till: Till) -> None:
    """The provider does not say that it closed the payment: it may still take the money."""
    doubtful = await till.at_cashier({"CUP": 1})
    till.fault(FaultKind.TIMEOUT, method="alipay.trade.close", number=doubtful.payment_number)
    assert await till.cancel(doubtful)


async def _paid_twice(till: Till) -> None:
    twice = await till.at_cashier({"TEA": 3})
    assert set(await till.pay(twice)) == {"success"}
    again = NewPayment(
        new_id(), twice.id, "alipay", f"{twice.number}P2", "CNY", twice.total, till.now + DEADLINE
    )
    async with till.db.transaction() as tx:
        await open_payments(tx, payments=[again], now=till.now)
    assert await _money_comes(till, twice.id, again.id) == "refund_approved"


async def _refused(till: Till) -> None:
    [outcome] = await place_orders(
        till.db, [(await till.ready({"POT": 1})).command], now=till.now, deadline=DEADLINE
    )
    assert isinstance(outcome, Refused)


async def _delivered(till: Till, people: dict[str, Account]) -> None:
    """Three paid purchases of an account: received, reviewed and closed; in two parcels on the way; in part."""
    for index, step in enumerate(("closed", "sent", "in part")):
        cart = await a_ready_cart(
            till.db, till.keys, till.shop, {"TEA": 2, "CUP": 2}, now=till.now, account_id=people["buyer"].id,
            key=f"account-{index}",
        )  # fmt: skip
        bought = await _buy(till, cart)
        assert await _money_comes(till, bought.id, bought.payment_id) == "placed"
        (order,) = await _orders(till, bought.id, people["buyer"].id)
        tea, cup = order.lines
        if step == "closed":
            await _send(till, order, None)
            await _arrive(till, order, people["buyer"].id, review=True)
        elif step == "sent":
            await _send(till, order, [(tea.id, 2)])
            await _send(till, order, [(cup.id, 2)])
            await _deliver_first(till, order)
        else:
            await _send(till, order, [(tea.id, 1)])


async def _authorized(till: Till) -> None:
    """Paid at the door: on its way, paid, cancelled before it left, and refused at the door with one unit broken."""
    counter = Counter(till.db, till.keys, till.owner, till.shop, till.now)
    waits, paid, cancelled, refused = [
        await counter.place({"TEA": 1, "CUP": 2}, "cash_on_delivery") for _ in range(4)
    ]
    for sold in (waits, paid, refused):
        await counter.ship(sold)
    seller = (await counter.view(paid)).orders[0]
    at: dict[str, Any] = {"actor": member(seller.order.seller_id), "now": till.now}
    amount = Money(paid.total, "CNY")
    await till.db.write(
        lambda tx: confirm_cash(
            tx, counter.providers, order_id=seller.order.id, amount=amount, reference="R-1", **at
        )
    )
    assert await counter.cancel(cancelled)
    [back] = (await counter.view(refused)).orders
    restocked = [Wanted(line.id, 1) for line in back.lines]
    unwanted = await till.db.write(
        lambda tx: record_undelivered(
            tx, counter.providers, order_id=back.order.id, restocked=restocked, **at
        )
    )
    await void_now(till.db, counter.providers, unwanted, now=till.now)


async def _buy(till: Till, cart: ReadyCart) -> Bought:
    [placed] = await place_orders(till.db, [cart.command], now=till.now, deadline=DEADLINE)
    assert isinstance(placed, Placed), placed
    async with till.db.read() as read:
        (payment,) = await payments_of(read, [placed.purchase_id])
    return Bought(placed.purchase_id, placed.number, placed.total, cart, payment.id)


async def _orders(till: Till, purchase_id: UUID, account_id: UUID) -> list[OrderView]:
    async with till.db.read() as read:
        view = await purchase_view(read, purchase_id=purchase_id, actor=Buyer(account_id))
    return view.orders


async def _send(till: Till, order: OrderView, lines: list[tuple[UUID, int]] | None) -> None:
    async with till.db.transaction() as tx:
        await ship(
            tx, order_id=order.order.id, actor=member(order.order.seller_id), carrier="shunfeng",
            tracking_number="SF1234567890123", lines=lines, now=till.now,
            auto_receive_after=timedelta(days=10),
        )  # fmt: skip


async def _deliver_first(till: Till, order: OrderView) -> None:
    async with till.db.transaction() as tx:
        parcel, _ = await fulfilments_of(tx, order_ids=[order.order.id])
        await mark_delivered(tx, fulfilment_id=parcel.id, actor=member(order.order.seller_id), now=till.now)


async def _arrive(till: Till, order: OrderView, account_id: UUID, *, review: bool) -> None:
    async with till.db.transaction() as tx:
        for parcel in await fulfilments_of(tx, order_ids=[order.order.id]):
            await receive(tx, fulfilment_id=parcel.id, actor=shopper(account_id), now=till.now)
        if review:
            await review_product(
                tx, account_id=account_id, order_line_id=order.lines[0].id, score=5, body="Good", locale="en", now=till.now
            )  # fmt: skip
            await review_seller(
                tx,
                account_id=account_id,
                order_id=order.order.id,
                score=4,
                body="",
                locale="en",
                now=till.now,
            )
        assert await close_received(tx, received_before=till.now, limit=10, now=till.now) == 1


async def _with_promotions(till: Till) -> None:
    """A seller's code of which few are left, and a coupon of the platform's: bought with both, one paid back whole."""
    code = await an_offer(
        till.db, till.shop, now=till.now, trigger=Trigger.CODE, code="TEA-5", uses_total=3, **FIVE_YUAN
    )
    coupon = await an_offer(
        till.db, till.shop, now=till.now, of=None, trigger=Trigger.COUPON, uses_total=9, uses_per_person=2, threshold=4000,
        **FIVE_YUAN,
    )  # fmt: skip
    async with till.db.transaction() as tx:
        account = await register(
            tx, KEYS, email="saver@example.com", password_hash="x", name="Saver", locale="en", now=till.now
        )
        await claim_coupon(tx, actor=Buyer(account.id), promotion_id=coupon.id, now=till.now)
        await claim_coupon(tx, actor=Buyer(account.id), promotion_id=coupon.id, now=till.now)
    cart = await a_ready_cart(
        till.db, KEYS, till.shop, {"TEA": 1}, now=till.now, account_id=account.id, expected_total=4990 + 800 - 1000
    )  # fmt: skip
    await till.db.write(
        lambda tx: add_code(tx, cart_id=cart.cart_id, actor=cart.command.buyer, code="tea-5", now=till.now)
    )
    bought = await _buy(till, cart)
    await till.open(await till.start(bought))
    assert set(await till.pay(bought)) == {"success"}
    async with till.db.transaction() as tx:
        await end_promotion(
            tx, actor=keeper(till.shop.sellers["tea-house"]), promotion_id=code.id, now=till.now
        )


async def _left_behind(till: Till) -> None:
    """What is open when the shop is looked at: a cart, a purchase nobody pays yet, one at the cashier."""
    await till.ready({"TEA": 1})
    await till.place({"TEA": 1})
    await till.at_cashier({"CUP": 2})


async def _reprice(till: Till) -> None:
    async with till.db.transaction() as tx:
        product = await product_by_slug(tx, slug="tea")
        await set_prices(
            tx, variant_id=product.variants[0].id, seller_ids={product.seller_id},
            expected_version=product.variants[0].version, prices={"CNY": 5990}, now=till.now,
        )  # fmt: skip


async def _money_comes(till: Till, purchase_id: UUID, payment_id: UUID) -> str:
    """The provider says the money of a payment is there, however late."""
    async with till.db.read() as read:
        payment = next(each for each in await payments_of(read, [purchase_id]) if each.id == payment_id)
    fact = Fact("captured", f"T{payment.number}", payment.amount, payment.currency, "query", till.now)
    return await till.db.write(
        lambda tx: confirm_payment(
            tx, purchase_id=purchase_id, payment_id=payment_id, fact=fact, now=till.now
        )
    )
