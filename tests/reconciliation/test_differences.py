"""What does not agree, kind by kind: how it is found, how it is resolved, what the books say afterwards."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.world.books import Books
from tests.world.paper import altered, on_paper, payment_row, refund_row
from tests.world.shop import total_of
from tests.world.till import Bought

from merx.kit.actors import Staff
from merx.kit.money import Money
from merx.ledger import Transfer, post, provider_owner
from merx.payments.providers import BillRow, RefundState
from merx.reconciliation import (
    Bill,
    Difference,
    DifferenceKind,
    DifferenceSettled,
    NoteMissing,
    Resolution,
    ResolutionRefused,
    UnknownDifference,
    reconcile_day,
    resolve_difference,
)
from merx.simulators.alipay.model import Fault, FaultKind
from merx.simulators.wechat.model import Fault as WechatFault
from merx.simulators.wechat.model import FaultKind as WechatFaultKind

TEA = total_of({"TEA": 1})


class Desk:
    """A bookkeeper with a bill on paper of the day before."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.paper, self.providers = on_paper(books.providers.get("alipay"))
        self.at = books.now
        self.day = books.day

    async def row(self, bought: Bought, *, fee: int = 58) -> BillRow:
        """As an honest bill has the payment."""
        reference = await self.books.owner.fetchval(
            "SELECT provider_reference FROM payments WHERE id = $1", bought.payment_id
        )
        return payment_row(bought.payment_number, reference or "T1", bought.total, fee=fee, at=self.at)

    async def read(self, *rows: BillRow) -> Bill:
        self.paper.rows = list(rows)
        if self.books.day == self.day:
            self.books.wait(days=1)
        return await reconcile_day(
            self.books.db, self.providers, provider="alipay", day=self.day, now=self.books.now
        )

    async def the_one(self) -> Difference:
        [found] = await self.books.open()
        return found


@pytest.fixture
def desk(books: Books) -> Desk:
    return Desk(books)


async def test_a_row_nobody_knows_is_explained_and_books_nothing(desk: Desk) -> None:
    bill = await desk.read(payment_row("OTHERSHOP1", "T9", 500, fee=3, at=desk.at))
    found = await desk.the_one()
    assert (bill.rows_read, bill.matched, found.kind) == (1, 0, DifferenceKind.MISSING_HERE)
    assert (found.ours, found.theirs, found.purchase_id, found.provider) == (None, 500, None, "alipay")
    for refused in (Resolution.BOOK, Resolution.RECHECK, Resolution.WRITE_OFF, Resolution.ACCEPT_THEIRS):
        with pytest.raises(ResolutionRefused):
            await desk.books.resolve(found, refused)
    with pytest.raises(NoteMissing):
        await desk.books.resolve(found, Resolution.EXPLAIN, " ")
    done = await desk.books.resolve(found, Resolution.EXPLAIN, "the other shop's")
    assert (done.resolution, done.note) == (Resolution.EXPLAIN, "the other shop's")
    assert await desk.books.books() == {}


@pytest.mark.parametrize("other", [None, "T999"])
async def test_money_paid_twice_is_booked_to_be_paid_back(desk: Desk, other: str | None) -> None:
    bought = await desk.books.paid()
    row = await desk.row(bought)
    bill = await desk.read(row, altered(row, reference=other))
    assert (bill.rows_read, bill.matched) == (2, 1)
    found = await desk.the_one()
    assert (found.kind, found.purchase_id) == (DifferenceKind.DUPLICATE_ROW, bought.id)
    assert await desk.books.books() == {"provider_balance": TEA - 58, "provider_fees": 58}
    await desk.books.resolve(found, Resolution.BOOK)
    assert await desk.books.books() == {
        "provider_balance": 2 * (TEA - 58),
        "provider_fees": 2 * 58,
        "provider_difference": -TEA,
    }


async def test_the_row_with_the_providers_number_of_our_payment_is_ours_whatever_comes_first(
    desk: Desk,
) -> None:
    row = await desk.row(await desk.books.paid())
    await desk.read(altered(row, reference="T999"), row)
    assert (await desk.the_one()).reference == "T999"
    assert (
        await desk.books.owner.fetchval("SELECT reference FROM bill_rows WHERE outcome = 'matched'")
        == row.reference
    )


async def test_a_fee_that_changed_is_accepted_as_the_rest(desk: Desk) -> None:
    row = await desk.row(await desk.books.paid())
    await desk.read(row)
    bill = await desk.read(altered(row, fee=10))
    found = await desk.the_one()
    assert (bill.rows_read, found.kind, found.ours, found.theirs) == (2, DifferenceKind.FEE_DIFFERS, 58, 68)
    await desk.books.resolve(found, Resolution.ACCEPT_THEIRS)
    assert await desk.books.books() == {"provider_balance": TEA - 68, "provider_fees": 68}


async def test_less_than_we_booked_is_accepted_against_the_difference(desk: Desk) -> None:
    row = await desk.row(await desk.books.paid())
    await desk.read(altered(row, amount=-100))
    await desk.books.resolve(await desk.the_one(), Resolution.ACCEPT_THEIRS)
    assert await desk.books.books() == {
        "provider_balance": TEA - 100 - 58,
        "provider_fees": 58,
        "provider_difference": 100,
    }


async def test_another_amount_of_a_refund_is_accepted_the_other_way_round(desk: Desk) -> None:
    bought = await desk.books.paid()
    number = await desk.books.refunded(bought)
    row = await desk.row(bought, fee=0)
    await desk.read(row, refund_row(bought.payment_number, number, bought.total - 30, fee=-8, at=desk.at))
    found = await desk.the_one()
    assert (found.kind, found.ours, found.theirs) == (DifferenceKind.AMOUNT_DIFFERS, TEA, TEA - 30)
    await desk.books.resolve(found, Resolution.ACCEPT_THEIRS)
    assert await desk.books.books() == {
        "provider_balance": 30 + 8,
        "provider_fees": -8,
        "provider_difference": -30,
    }


async def test_an_unpaid_payment_with_another_amount_is_not_taken_for_paid(desk: Desk) -> None:
    bought = await desk.books.bought()
    await desk.read(payment_row(bought.payment_number, "T1", 1, at=desk.at))
    found = await desk.the_one()
    assert (found.kind, found.ours, found.theirs) == (DifferenceKind.AMOUNT_DIFFERS, None, 1)
    assert await desk.books.state(bought.id) == "pending_payment"
    with pytest.raises(ResolutionRefused):
        await desk.books.resolve(found, Resolution.ACCEPT_THEIRS)
    await desk.books.resolve(found, Resolution.BOOK)
    assert await desk.books.books() == {"provider_balance": 1, "provider_difference": -1}


async def test_a_recheck_of_an_unpaid_payment_applies_what_the_provider_says(desk: Desk) -> None:
    bought = await desk.books.bought()
    desk.books.pay(bought)
    await desk.read(payment_row(bought.payment_number, "T1", 1, at=desk.at))
    found = await desk.the_one()
    assert (found.ours, await desk.books.state(bought.id)) == (None, "pending_payment")
    asked = await desk.books.resolve(found, Resolution.RECHECK)
    assert (asked.state, asked.answer, asked.ours) == ("open", "captured", TEA)
    assert await desk.books.state(bought.id) == "placed"
    await desk.books.resolve(asked, Resolution.ACCEPT_THEIRS)
    assert (await desk.books.books())["provider_balance"] == 1


async def test_a_number_of_the_provider_that_paid_something_else_is_not_applied_twice(desk: Desk) -> None:
    paid, waiting = await desk.books.paid(), await desk.books.bought()
    row = await desk.row(paid)
    bill = await desk.read(row, payment_row(waiting.payment_number, row.reference, TEA, at=desk.at))
    found = await desk.the_one()
    assert (bill.matched, found.kind, found.purchase_id) == (1, DifferenceKind.MISSING_HERE, waiting.id)
    assert await desk.books.state(waiting.id) == "pending_payment"


async def test_another_currency_is_not_the_same_money(desk: Desk) -> None:
    bought = await desk.books.paid()
    row = await desk.row(bought)
    await desk.read(payment_row(row.number, row.reference, TEA, at=desk.at, currency="USD"))
    kinds = [each.kind for each in await desk.books.open()]
    assert sorted(kinds) == [DifferenceKind.MISSING_HERE, DifferenceKind.MISSING_THERE]


async def test_money_given_up_that_comes_after_all_closes_the_difference(desk: Desk) -> None:
    bought = await desk.books.paid()
    await desk.read()
    found = await desk.the_one()
    with pytest.raises(ResolutionRefused):
        await desk.books.resolve(found, Resolution.EXPLAIN, "whatever")
    await desk.books.resolve(found, Resolution.WRITE_OFF)
    assert await desk.books.books() == {"provider_difference": TEA}
    with pytest.raises(DifferenceSettled):
        await desk.books.resolve(found, Resolution.WRITE_OFF)
    await desk.read(await desk.row(bought))
    assert await desk.books.open() == []
    assert await desk.books.books() == {"provider_balance": TEA - 58, "provider_fees": 58}


async def test_a_refund_given_up_is_written_off_the_other_way_round(desk: Desk) -> None:
    bought = await desk.books.paid()
    await desk.books.refunded(bought)
    await desk.read(await desk.row(bought, fee=0))
    await desk.books.resolve(await desk.the_one(), Resolution.WRITE_OFF)
    assert await desk.books.books() == {"provider_balance": TEA, "provider_difference": -TEA}


async def test_a_refund_made_at_the_providers_own_desk_is_booked_against_the_difference(desk: Desk) -> None:
    bought = await desk.books.paid()
    row = await desk.row(bought, fee=0)
    await desk.read(row, refund_row(bought.payment_number, None, 300, at=desk.at))
    found = await desk.the_one()
    assert (found.kind, found.purchase_id, found.refund_id) == (DifferenceKind.MISSING_HERE, bought.id, None)
    await desk.books.resolve(found, Resolution.BOOK)
    assert await desk.books.books() == {"provider_balance": TEA - 300, "provider_difference": 300}


async def test_a_refund_of_another_payment_is_not_ours(desk: Desk) -> None:
    first, second = await desk.books.paid(), await desk.books.paid()
    number = await desk.books.refunded(first)
    rows = [await desk.row(first), await desk.row(second)]
    await desk.read(*rows, refund_row(second.payment_number, number, TEA, at=desk.at))
    assert sorted(each.kind for each in await desk.books.open()) == ["missing_here", "missing_there"]


async def test_a_missing_refund_is_asked_for_again(desk: Desk) -> None:
    bought = await desk.books.paid()
    await desk.books.refunded(bought)
    await desk.read(await desk.row(bought))
    asked = await desk.books.resolve(await desk.the_one(), Resolution.RECHECK)
    assert (asked.state, asked.answer) == ("open", RefundState.SUCCEEDED.value)


async def test_young_money_is_looked_for_in_the_next_bill(books: Books) -> None:
    desk = Desk(books)
    books.wait(hours=7)  # half past eleven in the evening in China
    bought = await books.paid()
    desk.at = books.now
    books.wait(hours=10)
    await reconcile_day(books.db, desk.providers, provider="alipay", day=desk.day, now=books.now)
    assert await books.open() == []
    books.wait(days=1)
    next_day = desk.day + timedelta(days=1)
    await reconcile_day(books.db, desk.providers, provider="alipay", day=next_day, now=books.now)
    assert [each.number for each in await books.open()] == [bought.payment_number]


async def test_a_refund_under_way_resolves_when_it_ends(books: Books) -> None:
    bought = await books.paid("wechat")
    books.wechat.add_fault(WechatFault(kind=WechatFaultKind.SLOW_REFUND, seconds=3 * 86_400))
    number = await books.approve_refund(bought)
    await books.send()
    books.wait(days=1)
    bill = await books.read("wechat")
    assert (bill.rows_read, bill.matched, bill.open) == (2, 1, 1)
    [found] = await books.open()
    assert (found.kind, found.refund_number) == (DifferenceKind.REFUND_PENDING, number)
    asked = await books.resolve(found, Resolution.RECHECK)
    assert (asked.state, asked.answer) == ("open", "processing")
    books.wait(days=3)
    await books.send()
    await books.job()
    [found] = await books.open("resolved")
    assert (found.resolution, found.resolved_by) == (Resolution.MATCHED, None)
    assert "provider_clearing" not in await books.books()


async def test_a_difference_nobody_has_does_not_exist(books: Books) -> None:
    with pytest.raises(UnknownDifference):
        await books.db.write(
            lambda tx: resolve_difference(
                tx, difference_id=books.staff, resolution=Resolution.WRITE_OFF, note="", actor=Staff(books.staff),
                now=books.now,
            )
        )  # fmt: skip


async def test_every_resolution_is_told_with_who_did_it(desk: Desk) -> None:
    await desk.books.paid()
    await desk.read()
    found = await desk.the_one()
    await desk.books.resolve(found, Resolution.WRITE_OFF)
    row: Any = await desk.books.owner.fetchrow(
        "SELECT subject_id, actor_id, data->>'resolution' FROM events WHERE kind = 'DifferenceResolved'"
    )
    assert tuple(row) == (found.id, desk.books.staff, "write_off")
    told = await desk.books.owner.fetchval("SELECT data->>'open' FROM events WHERE kind = 'BillMatched'")
    assert told == "1"


async def test_a_provider_that_is_silent_leaves_the_difference_as_it_is(books: Books) -> None:
    bought = await books.paid()
    books.wait(days=1)
    books.alipay.add_fault(Fault(kind=FaultKind.SKIP_ROW, number=bought.payment_number))
    await books.job()
    [found] = await books.open()
    books.alipay.add_fault(Fault(kind=FaultKind.TIMEOUT))
    with pytest.raises(Exception, match="does not answer"):
        await books.resolve(found, Resolution.RECHECK)
    assert await books.open() == [found]


async def dispute(books: Books, bought: Bought, *, amount: int, fee: int, reference: str) -> None:
    """What a dispute moved, as its owner books it."""
    owner = provider_owner("alipay")
    legs = [
        (f"withdrawn:{reference}" if amount > 0 else f"reinstated:{reference}", "disputes", amount),
        (f"fee:{reference}", "provider_fees", fee),
    ]
    transfers = [
        Transfer(
            bought.payment_id, leg, bought.id, *(
                (kind, owner, "provider_clearing", owner) if size > 0 else ("provider_clearing", owner, kind, owner)
            ), "CNY", abs(size),
        )
        for leg, kind, size in legs if size
    ]  # fmt: skip
    async with books.db.transaction() as tx:
        await post(tx, transfers, now=books.now)


def dispute_row(reference: str, amount: int, *, fee: int, at: datetime) -> BillRow:
    return BillRow(
        kind="dispute", number="", refund_number=None, reference=reference, amount=Money(amount, "CNY"),
        fee=Money(fee, "CNY"), at=at,
    )  # fmt: skip


async def test_what_a_dispute_took_and_gave_back_leaves_clearing(desk: Desk) -> None:
    bought = await desk.books.paid()
    await dispute(desk.books, bought, amount=TEA, fee=150, reference="txn_1")
    await dispute(desk.books, bought, amount=-TEA, fee=0, reference="txn_2")
    taken = dispute_row("txn_1", TEA, fee=150, at=desk.at)
    bill = await desk.read(await desk.row(bought), taken, dispute_row("txn_2", -TEA, fee=0, at=desk.at))
    assert (bill.rows_read, bill.matched, bill.differences) == (3, 3, 0)
    assert await desk.books.books() == {"provider_balance": TEA - 58 - 150, "provider_fees": 58 + 150}
    again = await desk.read(*desk.paper.rows)
    assert again == bill
    await desk.read(*desk.paper.rows, taken)
    assert (await desk.the_one()).kind == DifferenceKind.DUPLICATE_ROW


async def test_a_dispute_we_hear_of_after_its_bill_resolves_by_itself(desk: Desk) -> None:
    bought = await desk.books.paid()
    await desk.read(await desk.row(bought), dispute_row("txn_1", TEA, fee=150, at=desk.at))
    found = await desk.the_one()
    assert (found.kind, found.movement, found.theirs) == (DifferenceKind.MISSING_HERE, "dispute", TEA)
    await desk.books.job()
    assert [each.id for each in await desk.books.open()] == [found.id]
    await dispute(desk.books, bought, amount=TEA, fee=150, reference="txn_1")
    await desk.books.job()
    assert await desk.books.open() == []
    assert "provider_clearing" not in await desk.books.books()


async def test_a_dispute_of_another_amount_is_for_people(desk: Desk) -> None:
    bought = await desk.books.paid()
    await dispute(desk.books, bought, amount=TEA, fee=150, reference="txn_1")
    await desk.read(await desk.row(bought), dispute_row("txn_1", TEA - 1, fee=150, at=desk.at))
    found = await desk.the_one()
    assert found.kind == DifferenceKind.AMOUNT_DIFFERS
    await desk.books.resolve(found, Resolution.EXPLAIN, "the bank's fee")
