"""Money arrives: once, whoever reports it and how often; nothing else counts as money."""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from tests.world.till import Till

from merx.kit.ids import new_id
from merx.kit.money import Money
from merx.payments import NewPayment, NotPayable, open_payments
from merx.payments.providers import PaymentRequest, ProviderUnavailable
from merx.simulators.alipay.model import FaultKind

QUERY = "alipay.trade.query"


async def test_a_paid_purchase_is_placed_with_its_stock_sold_and_its_money_booked(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1, "CUP": 2, "POT": 1})
    assert await till.state(bought) == ("pending_payment", None)
    await till.audit()
    till.simulator.clock.advance(timedelta(minutes=2))
    assert await till.pay(bought) == ["success"]
    assert await till.state(bought) == ("placed", None)
    assert [await till.stock(sku) for sku in ("TEA", "CUP", "POT")] == [(0, 1), (0, 2), (0, 1)]
    payment = await till.owner.fetchrow("SELECT * FROM payments")
    assert (payment["state"], payment["captured"], payment["captured_at"]) == ("captured", 28290, till.now)
    assert payment["provider_reference"] == till.trade(bought).trade_no
    sums = await till.owner.fetch(
        """SELECT kind, sum(amount)::int FROM (
               SELECT debit_kind AS kind, amount FROM transfers
               UNION ALL SELECT credit_kind, -amount FROM transfers) t GROUP BY kind ORDER BY kind"""
    )
    booked = {row[0]: row[1] for row in sums}
    assert (booked["provider_clearing"], booked["customer_receivable"]) == (28290, 0)
    assert sum(booked.values()) == 0
    assert -booked["tax"] == await till.owner.fetchval("SELECT sum(tax)::int FROM orders")
    statuses = await till.owner.fetch("SELECT payment_status FROM orders")
    assert [row[0] for row in statuses] == ["paid", "paid"]
    paid = await till.owner.fetch(
        "SELECT subject_id, data->>'order_number', (data->>'total')::int FROM events WHERE kind = 'OrderPaid' ORDER BY 2"
    )
    assert [tuple(row) for row in paid] == [
        (bought.id, f"{bought.number}-1", 8290),
        (bought.id, f"{bought.number}-2", 20000),
    ]
    assert await till.events("PaymentCaptured") == 1
    await till.provider_agrees()


async def test_fifty_copies_of_a_notice_at_once_are_applied_once_and_all_acknowledged(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.DUPLICATE, copies=49)
    assert await till.pay(bought) == ["success"] * 50
    assert await till.state(bought) == ("placed", None)
    assert [await till.events(kind) for kind in ("OrderPaid", "PaymentCaptured")] == [1, 1]
    notice = await till.owner.fetchrow("SELECT deliveries, outcome FROM provider_notices")
    assert tuple(notice) == (50, "placed")
    assert await till.owner.fetchval("SELECT count(*) FROM payment_events") == 1


async def test_another_notice_of_the_same_payment_changes_nothing_but_is_kept(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    await till.pay(bought)
    before = await till.everything()
    trade = till.trade(bought)
    till.simulator.notices.announce(trade, till.now)
    assert [line.outcome for line in await till.simulator.deliver_due()] == ["success"]
    after = await till.everything()
    assert len(after.pop("provider_notices")) == len(before.pop("provider_notices")) + 1
    assert after == before


async def test_a_browser_that_returns_after_the_notice_changes_nothing(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    await till.pay(bought)
    before = await till.everything()
    address = till.simulator.return_address(till.trade(bought))
    assert address is not None
    assert till.provider.parse_return(urlsplit(address).query) == bought.payment_number
    assert await till.ask_about(bought) is True
    assert await till.everything() == before


async def test_a_browser_that_returns_before_the_notice_places_by_asking_the_provider(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    assert await till.ask_about(bought) is False
    assert await till.state(bought) == ("pending_payment", None)
    till.simulator.pay(bought.payment_number)
    assert await till.ask_about(bought) is True
    assert await till.state(bought) == ("placed", None)
    assert [line.outcome for line in await till.simulator.deliver_due()] == ["success"]
    assert await till.owner.fetchval("SELECT outcome FROM provider_notices") == "already_captured"
    assert await till.events("OrderPaid") == 1


async def test_notices_and_queries_at_once_place_once(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 2})
    till.fault(FaultKind.DUPLICATE, copies=9)
    till.simulator.pay(bought.payment_number)
    await asyncio.gather(till.simulator.deliver_due(), *(till.ask_about(bought) for _ in range(10)))
    assert await till.state(bought) == ("placed", None)
    assert [await till.events(kind) for kind in ("OrderPaid", "PaymentCaptured")] == [1, 1]
    assert await till.stock("TEA") == (0, 2)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (FaultKind.FORGE, "refused: 200 failure"),
        (FaultKind.WRONG_APP, "refused: 200 failure"),
        (FaultKind.WRONG_SELLER, "refused: 200 failure"),
        (FaultKind.WRONG_AMOUNT, "refused: 200 failure"),
    ],
)
async def test_a_notice_not_to_be_believed_changes_nothing_and_the_true_one_still_counts(
    till: Till, kind: FaultKind, answer: str
) -> None:
    bought = await till.at_cashier({"TEA": 1})
    before = await till.everything()
    till.fault(kind)
    assert await till.pay(bought) == [answer]
    assert await till.everything() == before
    await till.simulator.advance(timedelta(minutes=4))
    assert await till.state(bought) == ("placed", None)


async def test_a_notice_for_a_number_we_never_gave_changes_nothing_and_is_refused(till: Till) -> None:
    request = PaymentRequest(
        payment_id=new_id(), number="STRANGE1", amount=Money(5790, "CNY"), subject="?",
        expires_at=till.now + timedelta(minutes=30), notify_url="https://shop.test/payments/alipay/notify",
        return_url="https://shop.test/", locale="en",
    )  # fmt: skip
    await till.at_cashier({"TEA": 1})
    await till.open((await till.provider.start(request)).url)
    before = await till.everything()
    till.simulator.pay("STRANGE1")
    assert [line.outcome for line in await till.simulator.deliver_due()] == ["refused: 200 failure"]
    assert await till.everything() == before


async def test_a_provider_reference_that_paid_something_else_is_refused(till: Till) -> None:
    first = await till.at_cashier({"TEA": 1})
    second = await till.at_cashier({"TEA": 1})
    await till.pay(first)
    till.trade(second).trade_no = till.trade(first).trade_no
    before = await till.everything()
    assert await till.pay(second) == ["refused: 200 failure"]
    assert await till.everything() == before
    till.simulator.clock.advance(timedelta(minutes=1))
    assert await till.ask() == 0
    assert await till.state(second) == ("pending_payment", None)


async def test_a_lost_notice_is_found_by_asking(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    unpaid = await till.at_cashier({"CUP": 1})
    till.fault(FaultKind.LOSE, times=None)
    await till.pay(bought)
    till.simulator.clock.advance(timedelta(seconds=59))
    assert await till.ask() == 0
    assert await till.state(bought) == ("pending_payment", None)
    till.simulator.clock.advance(timedelta(seconds=1))
    till.fault(FaultKind.TIMEOUT, method=QUERY, number=bought.payment_number)
    assert await till.ask() == 0
    assert await till.ask() == 0
    till.simulator.clock.advance(timedelta(minutes=1))
    assert await till.ask() == 1
    assert await till.state(bought) == ("placed", None)
    assert await till.state(unpaid) == ("pending_payment", None)
    assert await till.owner.fetchval("SELECT source FROM payment_events") == "query"
    await till.provider_agrees()


async def test_an_unbelievable_answer_leaves_the_purchase_waiting(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.simulator.pay(bought.payment_number)
    for kind in (FaultKind.UNSIGNED, FaultKind.BAD_SIGNATURE, FaultKind.BUSY):
        till.fault(kind, method=QUERY)
        with pytest.raises(ProviderUnavailable):
            await till.ask_about(bought)
    assert await till.state(bought) == ("pending_payment", None)


async def test_what_is_paid_or_overdue_cannot_be_paid_again(till: Till) -> None:
    paid = await till.at_cashier({"TEA": 1})
    overdue = await till.place({"TEA": 1})
    await till.pay(paid)
    with pytest.raises(NotPayable):
        await till.start(paid)
    till.simulator.clock.advance(timedelta(minutes=30))
    with pytest.raises(NotPayable):
        await till.start(overdue)
    assert await till.owner.fetchval("SELECT count(*) FROM payments WHERE state = 'created'") == 1


async def test_a_second_payment_of_one_purchase_goes_back(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    second = f"{bought.number}P2"
    attempt = NewPayment(
        new_id(), bought.id, "alipay", second, "CNY", bought.total, till.now + timedelta(minutes=30)
    )
    await till.db.write(lambda tx: open_payments(tx, payments=[attempt], now=till.now))
    request = PaymentRequest(
        payment_id=attempt.id, number=second, amount=Money(bought.total, "CNY"), subject="again",
        expires_at=attempt.expires_at, notify_url="https://shop.test/payments/alipay/notify",
        return_url="https://shop.test/", locale="en",
    )  # fmt: skip
    await till.open((await till.provider.start(request)).url)
    await till.pay(bought)
    till.simulator.pay(second)
    assert [line.outcome for line in await till.simulator.deliver_due()] == ["success"]
    assert await till.refunds() == [("duplicate_payment", "approved", bought.total)]
    await till.audit()
    assert await till.refund() == 1
    assert await till.state(bought) == ("placed", None)
    assert till.trade(bought).refunded_fen == 0
    await till.provider_agrees()
