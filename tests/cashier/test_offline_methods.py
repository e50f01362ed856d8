"""Bank transfer and cash on delivery: money that people confirm, once, in the right amount, or not at all."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.world.counter import DEADLINE, Counter, Sold, a_counter
from tests.world.people import member

from merx.cashier import confirm_cash, confirm_offline, expire_unpaid, void_now
from merx.cashier.errors import ReceivedInFuture
from merx.checkout import Refused
from merx.fulfilment import BadParcel, NothingUndelivered, ParcelMoved, auto_receive, receive
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.actors import Staff
from merx.kit.errors import Invalid
from merx.kit.ids import new_id
from merx.kit.money import Money
from merx.orders import UnknownOrder
from merx.payments import (
    AmountMismatch,
    PaymentMoved,
    ReferenceTaken,
    RefundMoved,
    UnknownPayment,
    UnknownRefund,
    offline_refunds,
    retry_refund,
)
from merx.payments.providers import ConfirmedByHand
from merx.queries.payments import offline_payments
from merx.refunds import fail_offline_refund, send_refunds, settle_offline_refund
from merx.returns import (
    Application,
    BadReturn,
    OnlyAuthorized,
    ReturnKind,
    ReturnReason,
    Wanted,
    approve_return,
    record_undelivered,
    request_return,
)
from merx.verify import verify

STAFF = Staff(new_id())
HOLDS_UNTIL = "SELECT DISTINCT expires_at FROM holds WHERE purchase_id = $1"


@pytest.fixture
async def counter(db: Database, keys: MasterKeys, owner: Any, now: Any) -> Counter:
    return await a_counter(db, keys, owner, now)


async def confirm(counter: Counter, sold: Sold, minor: int | None = None, **more: Any) -> str:
    payment = await counter.payment(sold)
    given = {
        "amount": Money(sold.total if minor is None else minor, "CNY"), "reference": "BANK-1",
        "received_at": counter.now, "actor": STAFF, **more,
    }  # fmt: skip
    return await counter.db.write(
        lambda tx: confirm_offline(tx, counter.providers, payment_id=payment.id, now=counter.now, **given)
    )


async def paid_back(counter: Counter, refund_id: UUID, reference: str) -> None:
    await counter.db.write(
        lambda tx: settle_offline_refund(
            tx, counter.providers, refund_id=refund_id, reference=reference, actor=STAFF, now=counter.now
        )
    )


async def sound(counter: Counter) -> None:
    report = await verify(counter.db, now=counter.now, key_ids=None)
    assert [(each.code, each.named) for each in report.results if each.breaks] == []


async def clearing(counter: Counter) -> int:
    return sum(amount for (kind, _), amount in (await counter.books()).items() if kind == "provider_clearing")


# ---------------------------------------------------------------- bank transfer


async def test_a_transfer_has_days_and_so_have_its_holds(counter: Counter) -> None:
    transfer, other = (
        await counter.place({"TEA": 1}, "bank_transfer"),
        await counter.place({"TEA": 1}, "bank"),
    )
    for sold, until in ((transfer, timedelta(days=3)), (other, DEADLINE)):
        assert (await counter.view(sold)).purchase.expires_at == counter.now + until
        assert (await counter.payment(sold)).expires_at == counter.now + until
        assert await counter.owner.fetchval(HOLDS_UNTIL, sold.id) == counter.now + until + timedelta(
            minutes=2
        )
    counter.now += timedelta(hours=1)
    assert await expire_unpaid(counter.db, counter.providers, now=counter.now) == 1
    assert (await counter.state(transfer))[0] == "pending_payment"
    counter.now += timedelta(days=3)
    assert await expire_unpaid(counter.db, counter.providers, now=counter.now) == 1
    assert (await counter.state(transfer))[::3] == ("cancelled", "expired")
    await sound(counter)


async def test_the_buyer_is_told_where_to_pay_and_what_to_name(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1, "CUP": 2}, "bank_transfer")
    action = await counter.start(sold)
    assert action.kind == "instructions"
    assert action.instructions == {
        "holder": "Merx Ltd", "bank": "Bank of Tests", "account": "DE02 1203", "amount": "82.90", "currency": "CNY",
        "reference": sold.payment_number,
    }  # fmt: skip


async def test_a_confirmed_transfer_pays_the_purchase_once(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1, "POT": 1}, "bank_transfer")
    assert await confirm(counter, sold) == "placed"
    assert await counter.state(sold) == ("placed", None, [("placed", "paid"), ("placed", "paid")], "captured")
    assert await clearing(counter) == sold.total
    fact = await counter.owner.fetchrow("SELECT kind, reference, amount, source FROM payment_events")
    assert tuple(fact) == ("captured", "BANK-1", sold.total, "staff")
    actor = await counter.owner.fetchval("SELECT actor_id FROM events WHERE kind = 'PaymentConfirmed'")
    assert actor == STAFF.account_id
    books = await counter.books()
    assert await confirm(counter, sold) == "already_captured"
    assert await counter.books() == books
    before = await counter.everything()
    with pytest.raises(PaymentMoved):
        await confirm(counter, sold, reference="BANK-2")
    assert await counter.everything() == before
    await sound(counter)


async def test_twenty_confirmations_at_once_pay_once(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1}, "bank_transfer")
    outcomes = await asyncio.gather(*(confirm(counter, sold) for _ in range(20)))
    assert sorted(outcomes) == ["already_captured"] * 19 + ["placed"]
    assert await clearing(counter) == sold.total
    await sound(counter)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"amount": 1}, AmountMismatch),
        ({"amount": 10**9}, AmountMismatch),
        ({"more": {"amount": Money(5790, "USD")}}, AmountMismatch),
        ({"more": {"reference": "   "}}, Invalid),
        ({"more": {"reference": "x" * 65}}, Invalid),
        ({"more": {"received_at": "tomorrow"}}, ReceivedInFuture),
    ],
)
async def test_a_wrong_confirmation_changes_nothing(
    counter: Counter, given: dict[str, Any], refusal: type[Exception]
) -> None:
    sold = await counter.place({"TEA": 1}, "bank_transfer")
    before = await counter.everything()
    more = dict(given.get("more", {}))
    if more.get("received_at") == "tomorrow":
        more["received_at"] = counter.now + timedelta(days=1)
    with pytest.raises(refusal):
        await confirm(counter, sold, given.get("amount"), **more)
    assert await counter.everything() == before


async def test_one_transfer_does_not_pay_two_purchases(counter: Counter) -> None:
    first, second = [await counter.place({"TEA": 1}, "bank_transfer") for _ in range(2)]
    await confirm(counter, first)
    before = await counter.everything()
    with pytest.raises(ReferenceTaken):
        await confirm(counter, second)
    assert await counter.everything() == before


async def test_only_offline_payments_are_confirmed_by_people(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1}, "bank")
    before = await counter.everything()
    with pytest.raises(UnknownPayment):
        await confirm(counter, sold)
    with pytest.raises(UnknownPayment):
        await counter.db.write(
            lambda tx: confirm_offline(
                tx, counter.providers, payment_id=new_id(), amount=Money(1, "CNY"), reference="x", received_at=counter.now,
                actor=STAFF, now=counter.now,
            )
        )  # fmt: skip
    assert await counter.everything() == before


async def test_a_transfer_that_comes_too_late_is_paid_back_by_staff(counter: Counter) -> None:
    sold = await counter.place({"POT": 1}, "bank_transfer")
    counter.now += timedelta(days=4)
    await expire_unpaid(counter.db, counter.providers, now=counter.now)
    other = await counter.place({"POT": 1}, "bank_transfer")
    assert await confirm(counter, sold) == "refund_approved"
    async with counter.db.read() as read:
        assert await offline_refunds(read, providers=["bank_transfer"]) == []
    assert await send_refunds(counter.db, counter.providers, now=counter.now) == 0
    counter.now += timedelta(days=2)
    assert await send_refunds(counter.db, counter.providers, now=counter.now) == 0
    async with counter.db.read() as read:
        [refund] = await offline_refunds(read, providers=["bank_transfer"])
    assert (refund.state, refund.amount) == ("submitted", sold.total)
    await paid_back(counter, refund.id, "OUT-1")
    attempts = await counter.owner.fetch("SELECT outcome, detail FROM refund_attempts")
    assert [tuple(row) for row in attempts] == [("succeeded", "OUT-1")]
    source = await counter.owner.fetchval("SELECT source FROM payment_events WHERE kind = 'refunded'")
    assert source == "staff"
    before = await counter.everything()
    await paid_back(counter, refund.id, "OUT-1")
    assert await counter.everything() == before
    await counter.cancel(other)
    assert await counter.books() == {}
    await sound(counter)


async def test_a_refund_that_cannot_be_paid_back_is_tried_again(counter: Counter) -> None:
    sold = await counter.place({"POT": 1}, "bank_transfer")
    await counter.cancel(sold)
    await counter.place({"POT": 1}, "bank_transfer")
    await confirm(counter, sold)
    refund_id: UUID = await counter.owner.fetchval("SELECT id FROM refunds")

    async def fail() -> None:
        await counter.db.write(
            lambda tx: fail_offline_refund(
                tx,
                counter.providers,
                refund_id=refund_id,
                reason="Account closed",
                actor=STAFF,
                now=counter.now,
            )
        )

    with pytest.raises(RefundMoved):
        await fail()
    await send_refunds(counter.db, counter.providers, now=counter.now)
    await fail()
    await fail()
    row = await counter.owner.fetchrow("SELECT state, failure FROM refunds")
    assert tuple(row) == ("failed", "Account closed")
    await counter.db.write(lambda tx: retry_refund(tx, refund_id=refund_id, now=counter.now))
    await send_refunds(counter.db, counter.providers, now=counter.now)
    await paid_back(counter, refund_id, "OUT-2")
    attempts = await counter.owner.fetch("SELECT outcome, detail FROM refund_attempts ORDER BY attempt")
    assert [tuple(row) for row in attempts] == [("refused", "Account closed"), ("succeeded", "OUT-2")]
    with pytest.raises(RefundMoved):
        await fail()
    await sound(counter)


async def test_a_refund_that_a_provider_carries_out_is_not_the_staffs(counter: Counter) -> None:
    with pytest.raises(UnknownRefund):
        await paid_back(counter, new_id(), "x")


async def test_what_waits_is_found_by_the_number_the_payer_named(counter: Counter) -> None:
    first, second = [await counter.place({"TEA": 1}, "bank_transfer") for _ in range(2)]
    await confirm(counter, first)
    codes = counter.providers.codes(ConfirmedByHand)
    async with counter.db.read() as read:
        waiting = await offline_payments(read, providers=codes)
        found = await offline_payments(read, providers=codes, number=first.payment_number)
        none = await offline_payments(read, providers=codes, number="%")
        typed = f" {first.number[:8].lower()} {first.number[8:].lower()}-1 "
        by = [await offline_payments(read, providers=codes, number=each) for each in (typed, "BANK-1")]
    assert [each.number for each in waiting] == [second.payment_number]
    assert [(each.number, each.state.value) for each in found] == [(first.payment_number, "captured")]
    assert none == []
    assert by == [found, found]
    assert waiting[0].order_numbers == [f"{second.number}-1"]


# ---------------------------------------------------------------- cash on delivery


async def undelivered(counter: Counter, sold: Sold, restocked: dict[str, int], **more: Any) -> None:
    [each] = (await counter.view(sold)).orders
    back = [Wanted(line.id, restocked.get(line.sku, 0)) for line in each.lines]
    given = {"actor": member(each.order.seller_id), "restocked": back, **more}
    unwanted = await counter.db.write(
        lambda tx: record_undelivered(tx, counter.providers, order_id=each.order.id, now=counter.now, **given)
    )
    await void_now(counter.db, counter.providers, unwanted, now=counter.now)


async def cash(counter: Counter, sold: Sold, amount: int | None = None, **more: Any) -> str:
    order = (await counter.view(sold)).orders[0].order
    given = {"actor": member(order.seller_id), "reference": "R-7", **more}
    return await counter.db.write(
        lambda tx: confirm_cash(
            tx, counter.providers, order_id=order.id, amount=Money(sold.total if amount is None else amount, "CNY"),
            now=counter.now, **given,
        )
    )  # fmt: skip


async def test_ordering_authorizes_the_payment_at_the_door(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1, "CUP": 2}, "cash_on_delivery")
    assert await counter.state(sold) == ("placed", None, [("placed", "authorized")], "authorized")
    fact = await counter.owner.fetchrow("SELECT kind, amount, source FROM payment_events")
    assert tuple(fact) == ("authorized", sold.total, "buyer")
    assert await clearing(counter) == 0
    await sound(counter)


@pytest.mark.parametrize("lines", [{"TEA": 1, "POT": 1}])
async def test_cash_is_for_one_seller(counter: Counter, lines: dict[str, int]) -> None:
    cart = await counter.ready(lines, "cash_on_delivery")
    before = await counter.everything()
    outcome = await counter.order(cart)
    assert outcome == Refused(
        "payment_method_not_offered",
        {
            "field": "payment",
            "method": "cash_on_delivery",
            "reason": "sellers",
            "offered": "bank, bank_transfer",
        },
    )
    assert await counter.everything() == before
    assert await counter.owner.fetchval("SELECT state FROM carts") == "open"


async def test_cash_is_for_the_countries_of_the_setting(counter: Counter) -> None:
    offered = counter.providers.offered
    assert "cash_on_delivery" in [each.code for each in offered("CNY", sellers=1, country="CN")]
    assert "cash_on_delivery" in [each.code for each in offered("CNY", sellers=1, country=None)]
    assert "cash_on_delivery" not in [each.code for each in offered("CNY", sellers=1, country="DE")]
    assert "cash_on_delivery" not in [each.code for each in offered("CNY", sellers=2, country="CN")]
    assert [each.code for each in offered("USD", sellers=1, country="CN")] == []


async def test_cash_at_the_door_pays_the_order_once(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1, "CUP": 2}, "cash_on_delivery")
    await counter.ship(sold)
    assert await cash(counter, sold) == "placed"
    assert await counter.state(sold) == ("placed", None, [("placed", "paid")], "captured")
    assert await clearing(counter) == sold.total
    assert await cash(counter, sold) == "already_captured"
    assert await counter.owner.fetchval("SELECT count(*) FROM refunds") == 0
    before = await counter.everything()
    with pytest.raises(PaymentMoved):
        await cash(counter, sold, reference="R-8")
    with pytest.raises(PaymentMoved):
        await undelivered(counter, sold, {"TEA": 1})
    assert await counter.everything() == before
    await sound(counter)


async def test_another_seller_and_another_amount_are_refused(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1, "CUP": 2}, "cash_on_delivery")
    await counter.ship(sold)
    before = await counter.everything()
    with pytest.raises(UnknownOrder):
        await cash(counter, sold, actor=member(counter.shop.sellers["pottery"]))
    with pytest.raises(AmountMismatch):
        await cash(counter, sold, sold.total - 1)
    with pytest.raises(UnknownOrder):
        await undelivered(counter, sold, {}, actor=member(counter.shop.sellers["pottery"]))
    for wrong, refusal in (({"TEA": 2}, BadParcel), ({"TEA": -1}, BadReturn)):
        with pytest.raises(refusal):
            await undelivered(counter, sold, wrong)
    assert await counter.everything() == before


async def test_refused_at_the_door_leaves_every_account_as_before(counter: Counter) -> None:
    sold = await counter.place({"TEA": 2, "CUP": 3}, "cash_on_delivery")
    await counter.ship(sold, {"TEA": 2, "CUP": 1})
    await undelivered(counter, sold, {"TEA": 1, "CUP": 1})
    assert await counter.state(sold) == ("cancelled", "undelivered", [("cancelled", "unpaid")], "voided")
    assert await counter.books() == {}
    assert [await counter.stock(sku) for sku in ("TEA", "CUP")] == [(0, 1), (0, 0)]
    assert await counter.owner.fetchval("SELECT state FROM fulfilments") == "returned"
    told = await counter.events(sold)
    assert [told.count(each) for each in ("ParcelReturned", "OrderCancelled", "PurchaseCancelled")] == [
        1,
        1,
        1,
    ]
    before = await counter.everything()
    with pytest.raises(PaymentMoved):
        await undelivered(counter, sold, {})
    with pytest.raises(PaymentMoved):
        await cash(counter, sold)
    assert await counter.everything() == before
    await sound(counter)


async def test_what_never_left_was_not_refused_at_the_door(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1}, "cash_on_delivery")
    before = await counter.everything()
    with pytest.raises(NothingUndelivered):
        await undelivered(counter, sold, {})
    assert await counter.everything() == before
    assert await counter.cancel(sold)
    assert await counter.state(sold) == ("cancelled", "buyer", [("cancelled", "unpaid")], "voided")
    assert await counter.books() == {}
    with pytest.raises(PaymentMoved):
        await cash(counter, sold)
    await sound(counter)


async def test_what_the_buyer_has_was_not_refused_at_the_door(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1}, "cash_on_delivery")
    [parcel] = await counter.ship(sold)
    await counter.db.write(
        lambda tx: receive(
            tx, fulfilment_id=parcel.id, actor=sold.cart.command.buyer,
            now=counter.now,
        )
    )  # fmt: skip
    before = await counter.everything()
    with pytest.raises(ParcelMoved):
        await undelivered(counter, sold, {"TEA": 1})
    assert await counter.everything() == before
    assert await cash(counter, sold) == "placed"
    await sound(counter)


async def test_the_timer_does_not_receive_what_is_not_paid(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1}, "cash_on_delivery")
    await counter.ship(sold)
    counter.now += timedelta(days=11)
    assert await auto_receive(counter.db, now=counter.now) == 0
    await cash(counter, sold)
    assert await auto_receive(counter.db, now=counter.now) == 1


async def test_after_sales_wait_for_the_money_and_then_it_goes_back_by_hand(counter: Counter) -> None:
    sold = await counter.place({"CUP": 2}, "cash_on_delivery")
    await counter.ship(sold)
    [each] = (await counter.view(sold)).orders

    async def apply() -> Any:
        application = Application(
            kind=ReturnKind.REFUND_ONLY, reason=ReturnReason.DAMAGED, lines=[Wanted(each.lines[0].id, 2)]
        )
        return await counter.db.write(
            lambda tx: request_return(
                tx, order_id=each.order.id, actor=sold.cart.command.buyer,
                application=application, default_days=15, now=counter.now,
            )
        )  # fmt: skip

    before = await counter.everything()
    with pytest.raises(OnlyAuthorized):
        await apply()
    assert await counter.everything() == before
    await cash(counter, sold)
    case = await apply()
    await counter.db.write(
        lambda tx: approve_return(tx, return_id=case.id, actor=member(each.order.seller_id), now=counter.now)
    )
    await send_refunds(counter.db, counter.providers, now=counter.now)
    async with counter.db.read() as read:
        [refund] = await offline_refunds(read, providers=["cash_on_delivery"])
    await paid_back(counter, refund.id, "OUT-3")
    assert await counter.books() == {}
    assert (await counter.state(sold))[2] == [("placed", "refunded")]
    await sound(counter)


@pytest.mark.parametrize("turns", [0, 4, 16, 64])
async def test_cash_and_a_refusal_at_once_have_one_winner(counter: Counter, turns: int) -> None:
    sold = await counter.place({"TEA": 1}, "cash_on_delivery")
    await counter.ship(sold)

    async def refuse() -> bool:
        for _ in range(turns):
            await asyncio.sleep(0)
        try:
            await undelivered(counter, sold, {"TEA": 1})
        except PaymentMoved:
            return False
        return True

    async def pay() -> bool:
        try:
            return await cash(counter, sold) == "placed"
        except PaymentMoved:
            return False

    refused, paid = await asyncio.gather(refuse(), pay())
    assert refused != paid
    assert (await counter.state(sold))[::3] == (
        ("cancelled", "voided") if refused else ("placed", "captured")
    )
    await sound(counter)
