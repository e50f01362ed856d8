"""Purchases that end unpaid, money that comes too late for them, and how it finds its way back."""

import asyncio
from datetime import timedelta

import pytest
from tests.world.people import guest
from tests.world.till import DEADLINE, Bought, Till

from merx.cashier import AlreadyPaid, cancel_purchase
from merx.kit.money import Money
from merx.orders import UnknownPurchase
from merx.payments.providers import ProviderUnavailable
from merx.simulators.alipay.model import FaultKind, TradeStatus

CLOSE = "alipay.trade.close"
REFUND = "alipay.trade.refund"
GRACE = timedelta(minutes=2)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


async def owed(till: Till) -> int:
    """Everything buyers owe or are owed, after whatever happened."""
    amount: int = await till.owner.fetchval(
        """SELECT coalesce(sum(CASE WHEN debit_kind = 'customer_receivable' THEN amount ELSE -amount END), 0)::int
             FROM transfers WHERE 'customer_receivable' IN (debit_kind, credit_kind)"""
    )
    return amount


# ------------------------------------------------------------------------------------------------- cancel


async def test_cancelling_before_payment_closes_the_trade_and_gives_everything_back(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 2, "POT": 1})
    assert await owed(till) == bought.total
    assert await till.cancel(bought) is True
    assert await till.state(bought) == ("cancelled", "buyer")
    assert till.trade(bought).status is TradeStatus.CLOSED
    assert [await till.stock(sku) for sku in ("TEA", "POT")] == [(0, 0), (0, 0)]
    assert await owed(till) == 0
    assert await till.owner.fetchval("SELECT state FROM payments") == "expired"
    assert await till.events("PurchaseCancelled") == 1
    before = await till.everything()
    assert await till.cancel(bought) is False
    assert [line.outcome for line in await till.simulator.deliver_due()] == ["success"]
    after = await till.everything()
    assert [row.endswith(",ignored_closed)") for row in after.pop("provider_notices")] == [True]
    del before["provider_notices"]
    assert after == before


async def test_a_purchase_never_sent_to_a_provider_is_cancelled_without_asking_one(till: Till) -> None:
    bought = await till.place({"TEA": 1})
    till.fault(FaultKind.TIMEOUT)
    assert await till.cancel(bought) is True
    assert len(till.simulator.faults()) == 1
    assert await owed(till) == 0


async def test_cancelling_what_was_just_paid_places_it_instead(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.LOSE)
    assert await till.pay(bought) == ["lost"]
    with pytest.raises(AlreadyPaid):
        await till.cancel(bought)
    assert await till.state(bought) == ("placed", None)
    assert await till.events("OrderPaid") == 1
    before = await till.everything()
    with pytest.raises(AlreadyPaid):
        await till.cancel(bought)
    assert await till.everything() == before
    await till.provider_agrees()


async def test_nobody_else_can_cancel(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    before = await till.everything()
    for access_hash in (None, b"x" * 32):
        with pytest.raises(UnknownPurchase):
            await cancel_purchase(
                till.db, till.providers, purchase_id=bought.id, actor=guest(access_hash), now=till.now
            )  # fmt: skip
    assert await till.everything() == before
    assert till.trade(bought).status is TradeStatus.WAITING


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT, FaultKind.TIMEOUT_AFTER, FaultKind.UNSIGNED])
async def test_a_silent_provider_does_not_stop_the_buyer_from_cancelling(till: Till, kind: FaultKind) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(kind, method=CLOSE)
    assert await till.cancel(bought) is True
    assert await till.state(bought) == ("cancelled", "buyer")
    assert await till.stock("TEA") == (0, 0)
    assert await owed(till) == 0


async def payment_state(till: Till, bought: Bought) -> str:
    state: str = await till.owner.fetchval("SELECT state FROM payments WHERE id = $1", bought.payment_id)
    return state


async def test_what_could_not_be_closed_at_once_is_closed_later(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.TIMEOUT, method=CLOSE, times=2)
    await till.cancel(bought)
    for state in ("action_required", "expired"):
        assert await payment_state(till, bought) == "action_required"
        till.simulator.clock.advance(MINUTE)
        assert await till.ask() == 0
        assert await payment_state(till, bought) == state
    assert till.trade(bought).status is TradeStatus.CLOSED


async def test_money_paid_after_an_unanswered_cancellation_is_found_though_every_notice_is_lost(
    till: Till,
) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.TIMEOUT, method=CLOSE)
    await till.cancel(bought)
    till.fault(FaultKind.LOSE, times=None)
    await till.pay(bought)
    till.simulator.clock.advance(MINUTE)
    assert await till.ask() == 1
    assert await till.state(bought) == ("placed", None)
    await till.provider_agrees()


async def test_a_link_opened_after_the_cancellation_is_closed_and_one_never_opened_is_given_up_at_last(
    till: Till,
) -> None:
    opened = await till.place({"TEA": 1})
    never = await till.place({"TEA": 1})
    url = await till.start(opened)
    await till.start(never)
    assert (await till.cancel(opened), await till.cancel(never)) == (True, True)
    await till.open(url)
    till.simulator.clock.advance(MINUTE)
    assert await till.ask() == 0
    assert till.trade(opened).status is TradeStatus.CLOSED
    assert await payment_state(till, opened) == "expired"
    till.simulator.clock.advance(DEADLINE)
    assert await till.ask() == 0
    assert await payment_state(till, never) == "action_required"
    till.simulator.clock.advance(5 * MINUTE)
    assert await till.ask() == 0
    assert await payment_state(till, never) == "expired"


# ------------------------------------------------------------------------------------------------- expiry


async def test_an_overdue_purchase_is_cancelled_at_its_deadline_and_not_before(till: Till) -> None:
    started = await till.at_cashier({"TEA": 1})
    unstarted = await till.place({"CUP": 1})
    till.simulator.clock.advance(DEADLINE - SECOND)
    assert await till.expire() == 0
    till.simulator.clock.advance(SECOND)
    assert await till.expire() == 2
    assert await till.expire() == 0
    for bought in (started, unstarted):
        assert await till.state(bought) == ("cancelled", "expired")
    assert [await till.stock(sku) for sku in ("TEA", "CUP")] == [(0, 0), (0, 0)]
    assert await owed(till) == 0


async def test_an_overdue_purchase_whose_notice_was_lost_is_placed(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.LOSE)
    await till.pay(bought)
    till.simulator.clock.advance(DEADLINE)
    assert await till.expire() == 0
    assert await till.state(bought) == ("placed", None)
    assert await owed(till) == 0


async def test_an_overdue_purchase_waits_while_its_provider_is_silent_and_others_do_not(till: Till) -> None:
    silent = await till.at_cashier({"TEA": 1})
    other = await till.at_cashier({"TEA": 1})
    till.simulator.clock.advance(DEADLINE)
    till.fault(FaultKind.TIMEOUT, number=silent.payment_number, times=2)
    assert await till.expire() == 1
    assert await till.expire() == 0
    assert await till.state(silent) == ("pending_payment", None)
    assert await till.state(other) == ("cancelled", "expired")
    assert await till.stock("TEA") == (1, 0)
    assert await owed(till) == silent.total
    await till.audit()
    assert await till.expire() == 1
    assert await till.state(silent) == ("cancelled", "expired")


# ------------------------------------------------------------------------------------------------- late money


async def late(till: Till, lines: dict[str, int]) -> Bought:
    """A purchase cancelled as overdue by a clock that is a little ahead: its cashier can still be opened and paid."""
    bought = await till.place(lines)
    url = await till.start(bought)
    till.simulator.clock.advance(DEADLINE - SECOND)
    assert await till.expire(now=till.now + SECOND) == 1
    assert await till.state(bought) == ("cancelled", "expired")
    await till.open(url)
    return bought


async def test_late_money_finds_its_stock_again_and_places_the_purchase(till: Till) -> None:
    bought = await late(till, {"TEA": 1, "POT": 1})
    await till.audit()
    assert await till.pay(bought) == ["success"]
    assert await till.state(bought) == ("placed", None)
    assert [await till.stock(sku) for sku in ("TEA", "POT")] == [(0, 1), (0, 1)]
    assert await owed(till) == 0
    assert await till.events("OrderPaid") == 2
    assert await till.refunds() == []
    await till.provider_agrees()


async def test_late_money_whose_stock_is_gone_goes_back_once(till: Till) -> None:
    bought = await late(till, {"TEA": 1, "POT": 1})
    winner = await till.at_cashier({"POT": 1})
    assert await till.pay(winner) == ["success"]
    assert await till.pay(bought) == ["success"]
    assert await till.state(bought) == ("cancelled", "expired")
    assert await till.refunds() == [("late_payment", "approved", bought.total)]
    assert [await till.stock(sku) for sku in ("TEA", "POT")] == [(0, 0), (0, 1)]
    assert await owed(till) == -bought.total
    await till.audit()
    assert await till.refund() == 1
    assert await till.refunds() == [("late_payment", "succeeded", bought.total)]
    assert (await owed(till), till.trade(bought).refunded_fen) == (0, bought.total)
    told = await till.owner.fetch(
        "SELECT kind, amount FROM payment_events WHERE purchase_id = $1 ORDER BY kind", bought.id
    )
    assert [tuple(row) for row in told] == [("captured", bought.total), ("refunded", bought.total)]
    shown = await till.owner.fetch(
        "SELECT DISTINCT payment_status FROM orders WHERE purchase_id = $1", bought.id
    )
    assert [row[0] for row in shown] == ["refunded"]
    before = await till.everything()
    till.simulator.clock.advance(MINUTE)
    assert await till.refund() == 0
    assert [line.outcome for line in await till.simulator.deliver_due()] == ["success"]
    assert till.trade(bought).status is TradeStatus.CLOSED
    after = await till.everything()
    assert len(after.pop("provider_notices")) == len(before.pop("provider_notices")) + 1
    assert after == before
    await till.provider_agrees()


async def outrun(till: Till) -> Bought:
    """A purchase still waiting for its silent provider, whose stock went to another after its hold ran out, is paid."""
    bought = await till.at_cashier({"CUP": 1, "POT": 1})
    till.fault(FaultKind.LOSE, number=bought.payment_number)
    till.simulator.clock.advance(DEADLINE - SECOND)
    await till.pay(bought)
    till.simulator.clock.advance(SECOND + GRACE)
    till.fault(FaultKind.TIMEOUT, method=CLOSE)
    assert await till.expire() == 0
    winner = await till.at_cashier({"POT": 1})
    await till.pay(winner)
    assert await till.stock("POT") == (0, 1)
    await till.audit()
    return bought


async def test_a_waiting_purchase_that_lost_its_stock_is_cancelled_by_its_money_and_refunded(
    till: Till,
) -> None:
    bought = await outrun(till)
    assert await till.ask() == 1
    assert await till.state(bought) == ("cancelled", "expired")
    assert await till.stock("CUP") == (0, 0)
    assert await till.refunds() == [("late_payment", "approved", bought.total)]
    await till.audit()
    assert await till.refund() == 1
    assert await owed(till) == 0
    await till.provider_agrees()


async def test_a_waiting_purchase_whose_hold_ran_out_keeps_stock_nobody_took(till: Till) -> None:
    bought = await till.at_cashier({"CUP": 3, "POT": 1})
    till.simulator.clock.advance(DEADLINE - SECOND)
    till.simulator.pay(bought.payment_number)
    till.simulator.clock.advance(SECOND + GRACE + MINUTE)
    assert [line.outcome for line in await till.simulator.deliver_due()] == ["success"]
    assert await till.state(bought) == ("placed", None)
    assert [await till.stock(sku) for sku in ("CUP", "POT")] == [(0, 3), (0, 1)]


# ------------------------------------------------------------------------------------------------- refunds


@pytest.mark.parametrize(
    "kind", ["timeout", "timeout_after", "error_before", "error_after", "unsigned", "busy"]
)
async def test_a_refund_without_an_answer_is_asked_again_a_minute_later_and_paid_once(
    till: Till, kind: str
) -> None:
    bought = await outrun(till)
    await till.ask()
    till.fault(FaultKind(kind), method=REFUND)
    assert await till.refund() == 0
    assert await till.refunds() == [("late_payment", "submitted", bought.total)]
    await till.audit()
    till.simulator.clock.advance(MINUTE - SECOND)
    assert await till.refund() == 0
    till.simulator.clock.advance(SECOND)
    assert await till.refund() == 1
    assert await till.refund() == 0
    assert (await owed(till), till.trade(bought).refunded_fen) == (0, bought.total)
    assert await till.events("RefundSucceeded") == 1
    attempts = await till.owner.fetchrow("SELECT state, attempts, settled_at FROM refunds")
    assert tuple(attempts) == ("succeeded", 2, till.now)
    await till.provider_agrees()


async def test_a_slow_refund_is_booked_when_it_is_done(till: Till) -> None:
    bought = await outrun(till)
    await till.ask()
    till.fault(FaultKind.SLOW_REFUND, seconds=90)
    assert await till.refund() == 0
    till.simulator.clock.advance(MINUTE)
    assert await till.refund() == 0
    assert await owed(till) == -bought.total
    till.simulator.clock.advance(2 * MINUTE)
    assert await till.refund() == 1
    assert await owed(till) == 0


async def test_workers_that_refund_at_once_pay_back_once(till: Till) -> None:
    bought = await outrun(till)
    await till.ask()
    assert sum(await asyncio.gather(*(till.refund() for _ in range(6)))) == 1
    assert (await owed(till), till.trade(bought).refunded_fen) == (0, bought.total)
    assert await till.events("RefundSucceeded") == 1


async def test_a_refused_refund_books_nothing_and_does_not_stop_the_others(
    till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    bought = await outrun(till)
    second = await late(till, {"CUP": 3})
    third = await till.at_cashier({"CUP": 1})
    await till.pay(third)
    await till.pay(second)
    till.simulator.clock.advance(MINUTE)
    await till.provider.refund(
        number=bought.payment_number,
        refund_number="BYHAND",
        amount=Money(bought.total, "CNY"),
        reason="by hand",
    )
    assert await till.refund() == 1
    assert till.trade(second).refunded_fen == second.total
    states = await till.owner.fetch("SELECT purchase_id, state FROM refunds")
    assert {row[0]: row[1] for row in states} == {bought.id: "failed", second.id: "succeeded"}
    assert await owed(till) == -bought.total
    assert "was refused: ACQ.TRADE_STATUS_ERROR" in caplog.text


async def test_a_provider_that_is_silent_is_no_reason_to_believe_anything(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.TIMEOUT, times=None)
    before = await till.everything()
    with pytest.raises(ProviderUnavailable):
        await till.ask_about(bought)
    assert await till.everything() == before
