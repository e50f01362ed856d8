"""The providers' bills, read through their simulators, against our books."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.world.books import Books
from tests.world.shop import total_of

from merx.kit.money import Money
from merx.reconciliation import (
    DayNotOver,
    DifferenceKind,
    NoSuchBill,
    Resolution,
    match_bill,
)
from merx.reconciliation.store import bills as stored_bills
from merx.simulators.alipay.model import Fault as AlipayFault
from merx.simulators.alipay.model import FaultKind as AlipayFaultKind
from merx.simulators.card.model import Fault as CardFault
from merx.simulators.card.model import FaultKind as CardFaultKind
from merx.simulators.wechat.model import Fault as WechatFault
from merx.simulators.wechat.model import FaultKind as WechatFaultKind

TEA = total_of({"TEA": 1})


def fault(books: Books, provider: str, kind: str, number: str | None = None) -> None:
    """Make a bill wrong."""
    peers: dict[str, tuple[Any, Any, Any]] = {
        "alipay": (books.alipay, AlipayFault, AlipayFaultKind),
        "wechat": (books.wechat, WechatFault, WechatFaultKind),
        "card": (books.card, CardFault, CardFaultKind),
    }
    peer, make, kinds = peers[provider]
    peer.add_fault(make(kind=kinds(kind), number=number))


@pytest.mark.parametrize("provider", ["alipay", "wechat", "card"])
async def test_a_day_with_payments_refunds_and_fees_leaves_clearing_at_zero(
    books: Books, provider: str
) -> None:
    kept, gone = await books.paid(provider), await books.paid(provider, {"CUP": 2})
    await books.refunded(gone)
    before = await books.books()
    assert set(before) == {"provider_clearing"}
    books.wait(days=1)
    bill = await books.read(provider)
    assert (bill.state, bill.rows_read, bill.matched, bill.differences) == ("matched", 3, 3, 0)
    after = await books.books()
    assert set(after) == {"provider_balance", "provider_fees"}
    assert after["provider_balance"] + after["provider_fees"] == before["provider_clearing"]
    [totals] = bill.totals
    assert (totals.payments, totals.refunds) == (2, 1)
    assert totals.paid - totals.refunded == before["provider_clearing"]
    assert totals.fees == after["provider_fees"] > 0
    assert await books.state(kept.id) == "placed"


@pytest.mark.parametrize("provider", ["alipay", "wechat", "card"])
async def test_a_row_that_is_left_out_is_missing_there_until_the_bill_has_it(
    books: Books, provider: str
) -> None:
    bought, _ = await books.paid(provider), await books.paid(provider)
    books.wait(days=1)
    fault(books, provider, "skip_row", bought.payment_number)
    bill = await books.read(provider)
    assert (bill.rows_read, bill.matched, bill.open) == (1, 1, 1)
    [found] = await books.open()
    assert (found.kind, found.number) == (DifferenceKind.MISSING_THERE, bought.payment_number)
    assert (found.ours, found.theirs, found.payment_id) == (TEA, None, bought.payment_id)
    assert (await books.books())["provider_clearing"] == TEA
    again = await books.read(provider)
    assert (again.rows_read, again.matched, again.open) == (2, 2, 0)
    [found] = await books.open("resolved")
    assert (found.resolution, found.resolved_by) == (Resolution.MATCHED, None)
    assert "provider_clearing" not in await books.books()


@pytest.mark.parametrize("provider", ["alipay", "wechat", "card"])
async def test_another_amount_is_accepted_by_staff_with_its_fee(books: Books, provider: str) -> None:
    bought = await books.paid(provider)
    books.wait(days=1)
    fault(books, provider, "alter_row", bought.payment_number)
    bill = await books.read(provider)
    assert (bill.rows_read, bill.matched) == (1, 0)
    found, *others = await books.open()
    assert (found.kind, found.ours, found.theirs) == (DifferenceKind.AMOUNT_DIFFERS, TEA, TEA + 1)
    assert [each.kind for each in others] == ["balance_differs"] * (provider == "wechat")
    assert await books.books() == {"provider_clearing": TEA}
    done = await books.resolve(found, Resolution.ACCEPT_THEIRS, " one cent ")
    assert (done.state, done.note, done.resolved_by, done.resolved_at) == (
        "resolved",
        "one cent",
        books.staff,
        books.now,
    )
    after = await books.books()
    assert after == {
        "provider_balance": TEA + 1 - found.fee,
        "provider_fees": found.fee,
        "provider_difference": -1,
    }


async def test_an_altered_amount_resolves_by_itself_when_the_bill_is_corrected(books: Books) -> None:
    bought = await books.paid()
    books.wait(days=1)
    fault(books, "alipay", "alter_row", bought.payment_number)
    await books.read()
    bill = await books.read()
    assert (bill.rows_read, bill.matched, bill.differences, bill.open) == (2, 1, 1, 0)
    assert "provider_clearing" not in await books.books()


@pytest.mark.parametrize("provider", ["alipay", "wechat", "card"])
async def test_money_that_nobody_told_us_of_is_recorded_from_the_bill(books: Books, provider: str) -> None:
    bought = await books.bought(provider)
    books.pay(bought, provider)
    assert await books.state(bought.id) == "pending_payment"
    books.wait(days=1)
    bill = await books.read(provider)
    assert (bill.rows_read, bill.matched, bill.differences, bill.open) == (1, 1, 1, 0)
    assert await books.state(bought.id) == "placed"
    assert (
        await books.owner.fetchval(
            "SELECT source FROM payment_events WHERE payment_id = $1", bought.payment_id
        )
        == "bill"
    )
    [found] = await books.open("resolved")
    assert (found.kind, found.resolution) == (DifferenceKind.MISSING_HERE, Resolution.RECORDED)
    assert set(await books.books()) == {"provider_balance", "provider_fees"}


async def test_a_refund_nobody_told_us_of_is_settled_from_the_bill(books: Books) -> None:
    bought = await books.paid()
    number = await books.approve_refund(bought)
    provider = books.providers.get("alipay")
    await books.owner.execute("UPDATE refunds SET state = 'submitted', attempts = 1")
    await books.owner.execute(
        "INSERT INTO refund_attempts SELECT id, 1, purchase_id, created_at FROM refunds"
    )
    amount = Money(await books.owner.fetchval("SELECT amount FROM refunds"), "CNY")
    assert await provider.refund(number=bought.payment_number, refund_number=number, amount=amount)
    books.wait(days=1)
    bill = await books.read()
    assert (bill.rows_read, bill.matched, bill.differences, bill.open) == (2, 2, 1, 0)
    assert await books.owner.fetchval("SELECT state FROM refunds") == "succeeded"
    [found] = await books.open("resolved")
    assert (found.refund_number, found.resolution) == (number, Resolution.RECORDED)


async def test_a_bill_read_twice_books_once(books: Books) -> None:
    await books.refunded(await books.paid())
    books.wait(days=1)
    first = await books.read()
    counted = await books.counts(["bill_rows", "transfers", "differences", "events"])
    books.wait(hours=1)
    again = await books.read()
    assert again == first
    assert await books.counts(["bill_rows", "transfers", "differences", "events"]) == counted


async def test_two_ways_to_pay_of_one_account_share_its_bill(books: Books) -> None:
    await books.paid("alipay"), await books.paid("alipay_qr")
    books.wait(days=1)
    bill = await books.read("alipay_qr")
    assert (bill.provider, bill.codes, bill.rows_read, bill.matched) == (
        "alipay",
        ["alipay", "alipay_qr"],
        2,
        2,
    )
    assert (
        await books.owner.fetchval("SELECT count(DISTINCT debit_owner) FROM transfers WHERE leg = 'settled'")
        == 2
    )


async def test_two_readers_at_once_book_once(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await books.paid()
    books.wait(days=1)
    kept_rows, both = stored_bills.kept_rows, asyncio.Barrier(2)

    async def at_the_same_moment(*args: Any) -> Any:
        found = await kept_rows(*args)
        await both.wait()
        return found

    monkeypatch.setattr(stored_bills, "kept_rows", at_the_same_moment)
    outcomes = await asyncio.gather(books.read(), books.read(), return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["Bill", "BillBusy"]
    monkeypatch.setattr(stored_bills, "kept_rows", kept_rows)
    bill = await books.read()
    assert (bill.rows_read, bill.matched, bill.differences) == (3, 3, 0)
    assert "provider_clearing" not in await books.books()


async def test_a_reader_that_dies_leaves_the_rest_to_the_next(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await books.paid()
    books.wait(days=1)
    monkeypatch.setattr(match_bill, "BATCH", 2)
    keep, batches = match_bill._keep, []

    async def dies(*args: Any, **more: Any) -> None:
        batches.append(args)
        if len(batches) == 2:
            raise OSError("the power is gone")
        await keep(*args, **more)

    monkeypatch.setattr(match_bill, "_keep", dies)
    with pytest.raises(OSError, match="the power is gone"):
        await books.read()
    assert await books.counts(["bill_rows"]) == [2]
    assert (await books.books())["provider_clearing"] == 3 * TEA
    monkeypatch.setattr(match_bill, "_keep", keep)
    bill = await books.read()
    assert (bill.rows_read, bill.matched, bill.differences) == (5, 5, 0)


async def test_the_job_reads_every_day_once_and_waits_for_bills_that_are_not_made(books: Books) -> None:
    await books.paid("alipay"), await books.paid("card")
    assert await books.job() == 0
    assert await books.counts(["bills"]) == [0]
    books.wait(hours=16)  # half past eight in China: no bill before nine
    assert await books.job() == 1
    [state, failure, again] = await books.owner.fetchrow(
        "SELECT state, failure, next_attempt_at FROM bills WHERE provider = 'alipay'"
    )
    assert (state, failure, again) == (
        "waiting",
        "the provider has not made it yet",
        books.now + timedelta(minutes=10),
    )
    books.wait(minutes=5)
    assert await books.job() == 0
    assert await books.owner.fetchval("SELECT attempts FROM bills WHERE provider = 'alipay'") == 1
    books.wait(hours=1)
    assert await books.job() == 1
    books.wait(days=2)
    assert await books.job() == 4
    rows = await books.owner.fetch("SELECT provider, day::text, state, rows_read FROM bills ORDER BY 1, 2")
    assert [tuple(row) for row in rows] == [
        ("alipay", "2026-11-21", "matched", 1),
        ("alipay", "2026-11-22", "matched", 0),
        ("alipay", "2026-11-23", "matched", 0),
        ("card", "2026-11-21", "matched", 1),
        ("card", "2026-11-22", "matched", 0),
        ("card", "2026-11-23", "matched", 0),
    ]


async def test_a_day_waits_for_the_day_before_it_but_not_for_ever(books: Books) -> None:
    await books.paid()
    books.wait(days=1)
    await books.paid()
    books.alipay.add_fault(AlipayFault(kind=AlipayFaultKind.NOT_READY, times=None))
    books.wait(days=1)
    assert await books.job() == 0
    assert await books.owner.fetchval("SELECT sum(attempts) FROM bills") == 1
    books.alipay.clear_faults()
    assert await books.job() == 0  # the first day backs off, the second waits for it
    await books.owner.execute(
        "UPDATE bills SET failing_since = $1 WHERE failing_since IS NOT NULL", books.now - timedelta(days=4)
    )
    assert await books.job() == 1
    rows = await books.owner.fetch("SELECT state FROM bills ORDER BY day")
    assert [row[0] for row in rows] == ["waiting", "matched"]
    books.wait(minutes=11)
    assert await books.job() == 1
    assert "provider_clearing" not in await books.books()


async def test_a_day_without_trades_of_which_no_bill_is_made_is_an_empty_one(books: Books) -> None:
    await books.paid()
    books.wait(days=1)
    assert await books.job() == 1
    books.alipay.add_fault(AlipayFault(kind=AlipayFaultKind.NOT_READY, times=None))
    books.wait(days=1)
    assert await books.job() == 0
    books.wait(days=3)
    assert await books.job() >= 1
    first = await books.owner.fetchrow(
        "SELECT day::text, state, rows_read FROM bills WHERE day = '2026-11-22'"
    )
    assert tuple(first) == ("2026-11-22", "matched", 0)


async def test_a_provider_that_does_not_answer_is_tried_again_later_each_time(books: Books) -> None:
    await books.paid()
    books.wait(days=1)
    books.alipay.add_fault(AlipayFault(kind=AlipayFaultKind.TIMEOUT, times=None))
    for minutes in (10, 20, 40):
        assert await books.job() == 0
        again = await books.owner.fetchval("SELECT next_attempt_at FROM bills")
        assert again == books.now + timedelta(minutes=minutes)
        books.wait(minutes=minutes)
    books.alipay.clear_faults()
    assert await books.job() == 1
    assert "provider_clearing" not in await books.books()


async def test_no_bill_is_read_of_a_day_that_is_not_over_or_of_a_stranger(books: Books) -> None:
    with pytest.raises(DayNotOver):
        await books.read(day=books.day)
    with pytest.raises(NoSuchBill):
        await books.read("cash_on_delivery")
    assert await books.counts(["bills"]) == [0]


async def test_a_bill_that_its_own_balance_contradicts_is_a_difference_until_it_is_corrected(
    books: Books,
) -> None:
    bought = await books.paid("wechat")
    books.wait(days=1)
    fault(books, "wechat", "alter_row", bought.payment_number)
    await books.read("wechat")
    _, found = await books.open()
    assert (found.kind, found.ours, found.theirs) == (
        DifferenceKind.BALANCE_DIFFERS,
        TEA + 1 - found_fee(TEA),
        TEA - found_fee(TEA),
    )
    bill = await books.read("wechat")
    assert (bill.rows_read, bill.matched, bill.open) == (2, 1, 0)
    assert {each.resolution for each in await books.open("resolved")} == {Resolution.MATCHED}
    again = await books.read("wechat")
    assert again == bill


def found_fee(fen: int) -> int:
    return (fen * 6 + 500) // 1000
