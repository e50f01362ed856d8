"""Any bill, however rows are left out, repeated, altered or shuffled: what agrees is booked exactly once."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.world.books import Books
from tests.world.paper import altered, on_paper, payment_row, refund_row
from tests.world.shop import a_shop

from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.payments.providers import BillRow
from merx.reconciliation import match_bill, reconcile_day

BEGAN: Final = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
EXAMPLES: Final = 25
_SETTLED = """
SELECT cause_id, CASE WHEN debit_kind = 'provider_balance' THEN amount ELSE -amount END AS amount
  FROM transfers WHERE leg = 'settled'
"""


class Change(msgspec.Struct, frozen=True):
    """A row of the bill: which of the true ones it is, and what is wrong with it."""

    index: int
    amount: int = 0
    fee: int = 0
    other_reference: bool = False
    unknown: bool = False


CHANGES = st.lists(
    st.builds(
        Change,
        index=st.integers(0, 5),
        amount=st.sampled_from([0, 0, 0, 0, 1, -1]),
        fee=st.sampled_from([0, 0, 0, 7]),
        other_reference=st.sampled_from([False, False, False, True]),
        unknown=st.sampled_from([False, False, False, False, True]),
    ),
    max_size=14,
)


class True_(msgspec.Struct, frozen=True):  # noqa: N801 - the plain word is taken
    """A row as it should be. `known`: our books have the money before the bill comes."""

    row: BillRow
    cause: Any
    known: bool


async def a_day(books: Books) -> list[True_]:
    """Three payments that we know of, one of them paid back; two that we do not."""
    rows = []
    for index in range(5):
        known = index < 3
        bought = await (books.paid() if known else books.bought())
        reference = await books.owner.fetchval(
            "SELECT provider_reference FROM payments WHERE id = $1", bought.payment_id
        )
        row = payment_row(
            bought.payment_number,
            reference or f"T{bought.payment_number}",
            bought.total,
            fee=58,
            at=books.now,
        )
        rows.append(True_(row, bought.payment_id, known))
        if index == 0:
            number = await books.refunded(bought)
            refund_id = await books.owner.fetchval("SELECT id FROM refunds WHERE number = $1", number)
            back = refund_row(bought.payment_number, number, bought.total, fee=-58, at=books.now)
            rows.append(True_(back, refund_id, known=True))
    return rows


def as_written(true: list[True_], changes: list[Change]) -> list[tuple[True_ | None, BillRow]]:
    """The rows of the bill, each with the true one it is of."""
    written: list[tuple[True_ | None, BillRow]] = []
    for position, change in enumerate(changes):
        of = true[change.index]
        row = altered(
            of.row, amount=change.amount, fee=change.fee,
            reference=f"X{of.row.number}{position}" if change.other_reference else None,
        )  # fmt: skip
        if change.unknown:
            row = msgspec.structs.replace(row, number=f"U{position}", refund_number=f"U{position}R1")
        written.append((None if change.unknown else of, row))
    return written


def expected(written: list[tuple[True_ | None, BillRow]]) -> dict[Any, BillRow]:
    """The row that each payment or refund is settled by: the first that agrees."""
    settled: dict[Any, BillRow] = {}
    for of, row in written:
        if of is None or of.cause in settled or row.amount != of.row.amount:
            continue
        ours = row.reference == of.row.reference or not of.known or row.kind == "refund"
        if ours:
            settled[of.cause] = row
    return settled


async def check(books: Books, changes: list[Change], batch: int) -> None:
    before = Counter(await books.books())
    true = await a_day(books)
    captured = sum(each.row.amount.amount for each in true if each.known and each.row.kind == "payment")
    refunded = sum(each.row.amount.amount for each in true if each.row.kind == "refund")
    written = as_written(true, changes)
    day = books.day
    paper, providers = on_paper(books.providers.get("alipay"))
    paper.rows = [row for _, row in written]
    books.wait(days=1)
    match_bill.BATCH = batch  # type: ignore[misc]
    bill = await reconcile_day(books.db, providers, provider="alipay", day=day, now=books.now)
    settled = expected(written)
    assert (bill.rows_read, bill.matched) == (len(written), len(settled))
    booked = {row["cause_id"]: row["amount"] for row in await books.owner.fetch(_SETTLED)}
    signed = {
        cause: row.amount.amount * (1 if row.kind == "payment" else -1) for cause, row in settled.items()
    }
    assert {each.cause: booked.get(each.cause) for each in true} == {
        each.cause: signed.get(each.cause) for each in true
    }
    recorded = sum(signed[each.cause] for each in true if not each.known and each.cause in signed)
    fees = sum(row.fee.amount for row in settled.values())
    total = sum(signed.values())
    after = Counter(await books.books())
    after.subtract(before)
    assert {kind: net for kind, net in after.items() if net} == {
        kind: net
        for kind, net in (
            ("provider_balance", total - fees),
            ("provider_fees", fees),
            ("provider_clearing", captured + recorded - refunded - total),
        )
        if net
    }
    counted = await books.counts(["bill_rows", "transfers", "differences"])
    paper.rows = paper.rows[::-1]
    again = await reconcile_day(books.db, providers, provider="alipay", day=day, now=books.now)
    assert await books.counts(["bill_rows", "transfers", "differences"]) == counted
    assert again == bill


@pytest.mark.slow
def test_any_bill_books_every_row_that_agrees_exactly_once(
    worker_dsn: str, emptying: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_bill, "BATCH", match_bill.BATCH)
    keys = MasterKeys({"k2": b"2" * 32, "k1": b"1" * 32}, index_key=b"i" * 32)
    with asyncio.Runner() as runner:
        db = runner.run(Database(worker_dsn, pool_size=4).open())
        owner = runner.run(asyncpg.connect(worker_dsn))
        shop = runner.run(a_shop(db, now=BEGAN, stock={"TEA": 100_000}))

        async def opened() -> Books:
            return Books(db, keys, owner, shop, BEGAN)

        books = runner.run(opened())

        @settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
            suppress_health_check=[HealthCheck.too_slow],
        )  # fmt: skip
        @given(changes=CHANGES, batch=st.sampled_from([1, 3, 1000]))
        def any_bill(changes: list[Change], batch: int) -> None:
            books.wait(days=1)
            runner.run(check(books, changes, batch))

        try:
            any_bill()
            runner.run(books.sound("money", "data"))  # nobody asks after the payments left waiting
        finally:
            runner.run(books.close())
            runner.run(owner.execute(emptying))
            runner.run(owner.close())
            runner.run(db.close())
