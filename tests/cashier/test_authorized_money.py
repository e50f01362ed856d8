"""Money that is authorized: the order is served, the books wait, and the authorization is captured or voided."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.world.counter import Counter, Sold, a_counter

from merx.cashier import (
    AlreadyPaid,
    AlreadyShipped,
    ask_in_doubt,
    ask_provider,
    authorize_payment,
    cancel_authorized,
    capture_authorized,
    capture_payment,
    confirm_payment,
    void_authorized,
)
from merx.cashier.provider_facts import fact_of_notice
from merx.fulfilment import NotPaid
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.actors import Staff
from merx.kit.ids import new_id
from merx.kit.money import Money
from merx.orders import close_received
from merx.payments import AmountMismatch, Fact, NewPayment, PaymentMoved, open_payments, payments_of
from merx.payments.providers import ProviderNotice, ProviderStatus, ProviderUnavailable
from merx.refunds import send_refunds
from merx.verify import verify

STAFF = Staff(new_id())
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def counter(db: Database, keys: MasterKeys, owner: Any, now: Any) -> Counter:
    return await a_counter(db, keys, owner, now)


async def authorized(counter: Counter, lines: dict[str, int] | None = None) -> Sold:
    """A purchase whose money the bank has authorized, and whose browser came back."""
    sold = await counter.place(lines or {"TEA": 1, "CUP": 2}, "bank")
    counter.bank.authorize(sold.payment_number)
    payment = await counter.payment(sold)
    assert await ask_provider(counter.db, counter.providers, payment_id=payment.id, now=counter.now)
    return sold


async def take(counter: Counter) -> int:
    return await capture_authorized(counter.db, counter.providers, now=counter.now)


async def sound(counter: Counter) -> None:
    report = await verify(counter.db, now=counter.now, key_ids=None)
    assert [(each.code, each.named) for each in report.results if each.breaks] == []


async def test_an_authorization_places_the_order_and_leaves_the_books_as_they_were(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1, "POT": 1}, "bank")
    before = await counter.books()
    counter.bank.authorize(sold.payment_number)
    payment = await counter.payment(sold)
    assert await ask_provider(counter.db, counter.providers, payment_id=payment.id, now=counter.now)
    assert await counter.state(sold) == (
        "placed", None, [("placed", "authorized"), ("placed", "authorized")], "authorized",
    )  # fmt: skip
    assert [await counter.stock(sku) for sku in ("TEA", "POT")] == [(0, 1), (0, 1)]
    assert await counter.books() == before
    assert await counter.events(sold) == [
        "PurchasePlaced",
        "PaymentAuthorized",
        "OrderAuthorized",
        "OrderAuthorized",
    ]
    row = await counter.owner.fetchrow("SELECT authorized_at, paid_at FROM purchases")
    assert tuple(row) == (counter.now, None)
    await sound(counter)


async def test_an_authorization_told_again_changes_nothing(counter: Counter) -> None:
    sold = await authorized(counter)
    before = await counter.everything()
    payment = await counter.payment(sold)
    await ask_provider(counter.db, counter.providers, payment_id=payment.id, now=counter.now)
    fact = Fact("authorized", "another", payment.amount, "CNY", "notice", counter.now)
    outcome = await counter.db.write(
        lambda tx: authorize_payment(
            tx, purchase_id=sold.id, payment_id=payment.id, fact=fact, now=counter.now
        )
    )
    assert outcome == "already_authorized"
    assert await counter.everything() == before


@pytest.mark.parametrize(("amount", "currency"), [(1, "CNY"), (8290, "USD")])
async def test_an_authorization_of_other_money_is_refused(
    counter: Counter, amount: int, currency: str
) -> None:
    sold = await counter.place({"TEA": 1, "CUP": 2}, "bank")
    payment = await counter.payment(sold)
    before = await counter.everything()
    fact = Fact("authorized", "x", amount, currency, "notice", counter.now)
    with pytest.raises(AmountMismatch):
        await counter.db.write(
            lambda tx: authorize_payment(
                tx, purchase_id=sold.id, payment_id=payment.id, fact=fact, now=counter.now
            )
        )
    assert await counter.everything() == before


async def test_the_money_is_taken_when_the_first_parcel_has_left(counter: Counter) -> None:
    sold = await authorized(counter, {"TEA": 1, "POT": 1})
    assert await take(counter) == 0
    assert "capture" not in counter.bank.calls
    await counter.ship(sold, {"TEA": 1})
    assert await take(counter) == 1
    assert await counter.state(sold) == ("placed", None, [("placed", "paid"), ("placed", "paid")], "captured")
    books = await counter.books()
    assert sum(amount for (kind, _), amount in books.items() if kind == "provider_clearing") == sold.total
    assert not any(kind == "customer_receivable" for kind, _ in books)
    assert (await counter.events(sold)).count("OrderPaid") == 2
    assert await counter.owner.fetchval("SELECT count(*) FROM refunds") == 0
    assert await take(counter) == 0
    await sound(counter)


@pytest.mark.parametrize("fault", ["silent", "mute"])
async def test_a_capture_of_which_nothing_is_known_is_asked_for_again(counter: Counter, fault: str) -> None:
    sold = await authorized(counter)
    await counter.ship(sold)
    setattr(counter.bank, fault, 1)
    assert await take(counter) == 0
    assert (await counter.state(sold))[3] == "authorized"
    assert await take(counter) == 0  # not before a minute has passed
    counter.now += MINUTE
    assert await take(counter) == 1
    assert (await counter.state(sold))[3] == "captured"
    assert counter.bank.calls.count("capture") == 2
    await sound(counter)


async def test_a_capture_by_hand_whose_answer_is_lost_is_finished_by_the_job(counter: Counter) -> None:
    sold = await authorized(counter)
    counter.bank.mute = 1
    payment = await counter.payment(sold)
    with pytest.raises(ProviderUnavailable):
        await capture_payment(counter.db, counter.providers, payment_id=payment.id, now=counter.now)
    counter.now += MINUTE
    assert await take(counter) == 1
    assert (await counter.state(sold))[2:] == ([("placed", "paid")], "captured")
    with pytest.raises(PaymentMoved):
        await capture_payment(counter.db, counter.providers, payment_id=payment.id, now=counter.now)
    await sound(counter)


async def test_an_authorization_that_ran_out_is_left_to_staff_with_its_order(counter: Counter) -> None:
    sold = await authorized(counter)
    await counter.ship(sold)
    counter.bank.forget(sold.payment_number)
    assert await take(counter) == 0
    payment = await counter.payment(sold)
    assert (payment.state, payment.capture_failure) == ("authorized", "closed")
    assert (await counter.state(sold))[:3] == ("placed", None, [("placed", "authorized")])
    assert (await counter.events(sold)).count("CaptureFailed") == 1
    counter.now += timedelta(days=1)
    assert await take(counter) == 0
    assert counter.bank.calls.count("capture") == 1
    assert not await capture_payment(counter.db, counter.providers, payment_id=payment.id, now=counter.now)
    assert counter.bank.calls.count("capture") == 2
    await sound(counter)


async def test_a_buyer_cancels_before_anything_left_and_every_account_is_as_before(counter: Counter) -> None:
    assert await counter.books() == {}
    sold = await authorized(counter, {"TEA": 2, "POT": 1})
    assert await counter.cancel(sold)
    assert await counter.state(sold) == (
        "cancelled", "buyer", [("cancelled", "unpaid"), ("cancelled", "unpaid")], "voided",
    )  # fmt: skip
    assert await counter.books() == {}
    assert [await counter.stock(sku) for sku in ("TEA", "POT")] == [(0, 0), (0, 0)]
    assert counter.bank.money[sold.payment_number][0] == "closed"
    told = await counter.events(sold)
    assert [told.count(kind) for kind in ("OrderCancelled", "PurchaseCancelled", "PaymentVoided")] == [
        2,
        1,
        1,
    ]
    before = await counter.everything()
    assert not await counter.cancel(sold)
    assert await counter.everything() == before
    with pytest.raises(NotPaid):
        await counter.ship(sold)
    await sound(counter)


async def test_a_bank_that_is_silent_does_not_stop_a_cancellation(counter: Counter) -> None:
    sold = await authorized(counter)
    counter.bank.silent = 1
    assert await counter.cancel(sold)
    assert await counter.state(sold) == ("cancelled", "buyer", [("cancelled", "unpaid")], "authorized")
    await sound(counter)
    counter.bank.silent = 1
    assert await void_authorized(counter.db, counter.providers, now=counter.now) == 0
    counter.now += MINUTE
    assert await void_authorized(counter.db, counter.providers, now=counter.now) == 1
    assert (await counter.state(sold))[3] == "voided"
    await sound(counter)


async def test_a_purchase_of_which_something_left_is_not_cancelled(counter: Counter) -> None:
    sold = await authorized(counter, {"TEA": 1, "POT": 1})
    await counter.ship(sold, {"POT": 1})
    before = await counter.everything()
    with pytest.raises(AlreadyShipped):
        await counter.cancel(sold)
    with pytest.raises(AlreadyShipped):
        await cancel_authorized(
            counter.db, counter.providers, purchase_id=sold.id, actor=STAFF, now=counter.now
        )
    assert await counter.everything() == before
    assert "close" not in counter.bank.calls


async def test_staff_cancel_an_authorization_but_not_a_payment(counter: Counter) -> None:
    sold, paid = await authorized(counter, {"TEA": 1}), await authorized(counter, {"CUP": 1})
    await counter.ship(paid)
    await take(counter)
    with pytest.raises(AlreadyPaid):
        await cancel_authorized(
            counter.db, counter.providers, purchase_id=paid.id, actor=STAFF, now=counter.now
        )
    await cancel_authorized(counter.db, counter.providers, purchase_id=sold.id, actor=STAFF, now=counter.now)
    assert await counter.state(sold) == ("cancelled", "staff", [("cancelled", "unpaid")], "voided")
    actor = await counter.owner.fetchval("SELECT actor_id FROM events WHERE kind = 'OrderCancelled'")
    assert actor == STAFF.account_id
    await sound(counter)


async def test_money_taken_although_the_purchase_was_cancelled_goes_back(counter: Counter) -> None:
    sold = await authorized(counter)
    payment = await counter.payment(sold)
    counter.bank.silent = 1
    await counter.cancel(sold)
    await counter.bank.capture(number=sold.payment_number, amount=counter.bank.money[sold.payment_number][1])
    counter.now += MINUTE
    assert await void_authorized(counter.db, counter.providers, now=counter.now) == 0
    assert (await counter.state(sold))[::3] == ("cancelled", "captured")
    assert [tuple(row) for row in await counter.owner.fetch("SELECT reason, amount FROM refunds")] == [
        ("duplicate_payment", payment.amount)
    ]
    assert await send_refunds(counter.db, counter.providers, now=counter.now) == 1
    assert await counter.books() == {}
    assert await counter.stock("TEA") == (0, 0)
    await sound(counter)


async def second_attempt(counter: Counter, sold: Sold, provider: str) -> NewPayment:
    """Another attempt of the same purchase, begun in another window."""
    attempt = NewPayment(
        id=new_id(), purchase_id=sold.id, provider=provider, number=f"{sold.number}P2", currency="CNY",
        amount=sold.total, expires_at=counter.now + timedelta(minutes=30),
    )  # fmt: skip
    await counter.db.write(lambda tx: open_payments(tx, payments=[attempt], now=counter.now))
    return attempt


@pytest.mark.parametrize("first", ["captured", "authorized"])
async def test_a_second_authorization_for_a_purchase_is_given_back(counter: Counter, first: str) -> None:
    sold = await authorized(counter)
    if first == "captured":
        await counter.ship(sold)
        await take(counter)
    other = await second_attempt(counter, sold, "bank")
    counter.bank.money[other.number] = ("authorized", counter.bank.money[sold.payment_number][1])
    await ask_provider(counter.db, counter.providers, payment_id=other.id, now=counter.now)
    await sound(counter)
    assert await void_authorized(counter.db, counter.providers, now=counter.now) == 1
    async with counter.db.read() as read:
        states = [each.state.value for each in await payments_of(read, [sold.id])]
    assert states == [first, "voided"]
    assert counter.bank.money[other.number][0] == "closed"
    await sound(counter)


async def test_money_that_comes_beside_an_authorization_goes_back(counter: Counter) -> None:
    sold = await authorized(counter)
    other = await second_attempt(counter, sold, "bank")
    fact = Fact("captured", "B2", sold.total, "CNY", "notice", counter.now)
    outcome = await counter.db.write(
        lambda tx: confirm_payment(tx, purchase_id=sold.id, payment_id=other.id, fact=fact, now=counter.now)
    )
    assert outcome == "refund_approved"
    assert (await counter.state(sold))[2] == [("placed", "authorized")]
    await sound(counter)


async def test_an_authorization_that_comes_late_finds_its_stock_again_or_is_given_back(
    counter: Counter,
) -> None:
    lucky, unlucky = await counter.place({"TEA": 1}, "bank"), await counter.place({"POT": 1}, "bank")
    for sold in (lucky, unlucky):
        counter.bank.authorize(sold.payment_number)
        counter.bank.silent = 1
        assert await counter.cancel(sold)
    other = await counter.place({"POT": 1}, "bank")
    counter.bank.money[lucky.payment_number] = ("authorized", counter.bank.money[lucky.payment_number][1])
    for sold, outcome in ((lucky, "placed"), (unlucky, "void_wanted")):
        payment = await counter.payment(sold)
        fact = Fact("authorized", f"B{payment.number}", payment.amount, "CNY", "notice", counter.now)
        assert outcome == await counter.db.write(
            lambda tx, p=payment, f=fact: authorize_payment(  # type: ignore[misc]
                tx, purchase_id=p.purchase_id, payment_id=p.id, fact=f, now=counter.now
            )
        )
    assert (await counter.state(lucky))[:3] == ("placed", None, [("placed", "authorized")])
    assert (await counter.state(unlucky))[:3] == ("cancelled", "buyer", [("cancelled", "unpaid")])
    assert await counter.cancel(lucky)
    assert [await counter.stock(sku) for sku in ("TEA", "POT")] == [(0, 0), (1, 0)]
    assert await counter.cancel(other)
    await void_authorized(counter.db, counter.providers, now=counter.now)
    assert await counter.books() == {}
    await sound(counter)


async def test_an_order_is_not_closed_before_it_is_paid(counter: Counter) -> None:
    sold = await authorized(counter)
    await counter.ship(sold)
    await counter.owner.execute("UPDATE orders SET received_at = $1", counter.now)
    counter.now += timedelta(days=60)

    async def close() -> int:
        return await counter.db.write(
            lambda tx: close_received(tx, received_before=counter.now, limit=9, now=counter.now)
        )

    assert await close() == 0
    await counter.owner.execute("UPDATE orders SET received_at = NULL")
    assert await take(counter) == 1
    await counter.owner.execute(
        "UPDATE orders SET received_at = $1, fulfilment_status = 'received'", counter.now
    )
    assert await close() == 1


async def test_an_authorization_in_doubt_is_asked_for(counter: Counter) -> None:
    sold = await counter.place({"TEA": 1}, "bank")
    counter.bank.authorize(sold.payment_number)
    counter.now += timedelta(minutes=2)
    assert await ask_in_doubt(counter.db, counter.providers, now=counter.now) == 1
    assert (await counter.state(sold))[0] == "placed"


@pytest.mark.parametrize("turns", [0, 3, 9, 27, 81])
async def test_a_cancellation_and_a_parcel_at_once_have_one_winner(counter: Counter, turns: int) -> None:
    sold = await authorized(counter)

    async def cancel() -> bool:
        for _ in range(turns):
            await asyncio.sleep(0)
        try:
            return await counter.cancel(sold)
        except AlreadyShipped:
            return False

    async def send() -> bool:
        try:
            return len(await counter.ship(sold)) == 1
        except NotPaid:
            return False

    cancelled, shipped = await asyncio.gather(cancel(), send())
    assert cancelled != shipped
    await take(counter)
    assert (await counter.state(sold))[::3] == (
        ("cancelled", "voided") if cancelled else ("placed", "captured")
    )
    await sound(counter)


@pytest.mark.parametrize("turns", [0, 5, 25, 75])
async def test_a_cancellation_and_a_capture_at_once_leave_the_truth(counter: Counter, turns: int) -> None:
    sold = await authorized(counter)
    payment = await counter.payment(sold)

    async def cancel() -> bool:
        for _ in range(turns):
            await asyncio.sleep(0)
        try:
            return await counter.cancel(sold)
        except AlreadyPaid:
            return False

    async def capture() -> bool:
        try:
            return await capture_payment(
                counter.db, counter.providers, payment_id=payment.id, now=counter.now
            )
        except PaymentMoved:
            return False

    await asyncio.gather(cancel(), capture())
    counter.now += MINUTE
    await void_authorized(counter.db, counter.providers, now=counter.now)
    await take(counter)
    await send_refunds(counter.db, counter.providers, now=counter.now)
    state, _, _, paid = await counter.state(sold)
    held = counter.bank.money[sold.payment_number][0]
    assert (state, paid, held) in {
        ("placed", "captured", "captured"),
        ("cancelled", "voided", "closed"),
        ("cancelled", "captured", "captured"),
    }
    if state == "cancelled":
        assert await counter.books() == {}
        assert (held == "captured") == bool(counter.bank.refunded)
    await sound(counter)


@pytest.mark.parametrize(
    ("status", "kind"), [("authorized", "authorized"), ("captured", "captured"), ("waiting", None)]
)
async def test_a_notice_says_whether_money_is_there_or_authorized(
    now: Any, status: str, kind: str | None
) -> None:
    notice = ProviderNotice(
        provider="bank", notice_id="n", number="1P1", provider_reference="B1", status=ProviderStatus(status),
        amount=Money(100, "CNY"), occurred_at=now, app_id="", seller_id="", raw={},
    )  # fmt: skip
    fact = fact_of_notice(notice)
    assert fact == (Fact(kind, "B1", 100, "CNY", "notice", now) if kind else None)
