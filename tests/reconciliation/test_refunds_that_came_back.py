"""Refunds that come back from the payer's bank, in the card provider's bills: clearing returns to zero."""

from tests.world.books import Books
from tests.world.shop import total_of
from tests.world.till import Bought

from merx.payments import retry_refund
from merx.refunds import ask_refunds
from merx.simulators.card.model import Fault, FaultKind

TEA = total_of({"TEA": 1})


async def came_back(books: Books) -> tuple[Bought, str]:
    """A purchase whose refund succeeded, and came back from the card's bank an hour later; the shop does not know."""
    bought = await books.paid("card")
    books.card.add_fault(Fault(kind=FaultKind.FAILED_REFUND, seconds=3600))
    number = await books.refunded(bought)
    assert await refund_state(books) == ("succeeded", 0)
    books.wait(hours=2)
    books.card.settle()
    return bought, number


async def refund_state(books: Books) -> tuple[str, int]:
    row = await books.owner.fetchrow("SELECT state, reversals FROM refunds")
    return row[0], row[1]


async def hear(books: Books, number: str) -> None:
    """The shop is told to ask about the refund, and does."""
    await books.owner.execute("UPDATE refunds SET doubted_at = $2 WHERE number = $1", number, books.now)
    assert await ask_refunds(books.db, books.providers, now=books.now) == 1


async def refund_again(books: Books) -> None:
    refund_id = await books.owner.fetchval("SELECT id FROM refunds")
    await books.db.write(lambda tx: retry_refund(tx, refund_id=refund_id, now=books.now))
    for _ in range(2):
        await books.send()
        books.wait(minutes=2)
    assert await refund_state(books) == ("succeeded", 1)


async def legs(books: Books) -> list[str]:
    """What left clearing for the balance, or came from there, for the refund."""
    rows = await books.owner.fetch(
        """
        SELECT t.leg FROM transfers t JOIN refunds r ON r.id = t.cause_id
         WHERE 'provider_balance' IN (t.debit_kind, t.credit_kind) ORDER BY 1
        """
    )
    return [row[0] for row in rows]


async def test_a_refund_that_came_back_and_was_paid_again_leaves_clearing_at_zero(books: Books) -> None:
    _, number = await came_back(books)
    await hear(books, number)
    await refund_again(books)
    books.wait(days=1)
    bill = await books.read("card")
    assert (bill.rows_read, bill.matched, bill.differences) == (4, 4, 0)
    assert set(await books.books()) == {"provider_balance", "provider_fees"}
    assert await legs(books) == ["settled", "settled:1", "taken_back:1"]
    [totals] = bill.totals
    assert (totals.refunds, totals.refunded) == (2, TEA)
    before = await books.counts(["transfers", "bill_rows", "differences"])
    await books.read("card", bill.day)
    assert await books.counts(["transfers", "bill_rows", "differences"]) == before


async def test_every_day_has_its_part_of_a_refund_that_came_back_and_was_paid_again(books: Books) -> None:
    bought = await books.paid("card")
    books.card.add_fault(Fault(kind=FaultKind.FAILED_REFUND, seconds=86_400))
    number = await books.refunded(bought)
    books.wait(days=1)
    assert (await books.read("card")).differences == 0
    assert "provider_clearing" not in await books.books()
    books.card.settle()
    await hear(books, number)
    assert (await books.books())["provider_clearing"] == TEA
    books.wait(days=1)
    assert (await books.read("card")).differences == 0
    assert "provider_clearing" not in await books.books()
    assert await legs(books) == ["settled", "taken_back:1"]
    await refund_again(books)
    assert (await books.books())["provider_clearing"] == -TEA
    books.wait(days=1)
    assert (await books.read("card")).differences == 0
    assert "provider_clearing" not in await books.books()
    assert await legs(books) == ["settled", "settled:1", "taken_back:1"]


async def test_the_bill_tells_of_a_refund_that_came_back_and_nothing_tells_again(books: Books) -> None:
    _, number = await came_back(books)
    books.wait(days=1)
    bill = await books.read("card")
    assert await refund_state(books) == ("failed", 1)
    assert (bill.matched, bill.differences, bill.open) == (3, 1, 0)
    [found] = await books.open("resolved")
    assert (found.movement, found.resolution, found.theirs) == ("refund_failure", "recorded", TEA)
    assert set(await books.books()) == {"provider_balance", "provider_fees"}
    await books.owner.execute("UPDATE refunds SET doubted_at = $2 WHERE number = $1", number, books.now)
    assert await ask_refunds(books.db, books.providers, now=books.now) == 0
    assert await refund_state(books) == ("failed", 1)
    await refund_again(books)
    books.wait(days=1)
    assert (await books.read("card")).open == 0
    assert "provider_clearing" not in await books.books()


async def test_a_refund_the_shop_never_heard_of_that_came_back_is_recorded_both_ways(books: Books) -> None:
    bought = await books.paid("card")
    books.card.add_fault(Fault(kind=FaultKind.FAILED_REFUND, seconds=60))
    await books.approve_refund(bought)
    books.card.add_fault(Fault(kind=FaultKind.TIMEOUT_AFTER, on="POST /v1/refunds"))
    await books.send()
    assert await refund_state(books) != ("succeeded", 0)
    books.wait(hours=2)
    books.card.settle()
    books.wait(days=1)
    bill = await books.read("card")
    assert await refund_state(books) == ("failed", 1)
    assert (bill.rows_read, bill.open) == (3, 0)
    assert await legs(books) == ["settled", "taken_back:1"]
    assert set(await books.books()) == {"provider_balance", "provider_fees"}
