"""The books: each fact once, never changed, and balances that are exact while they are folded."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.infra.db import Database, ReadTx
from merx.kit.ids import new_id
from merx.ledger import (
    AccountKind,
    Transfer,
    balance,
    capture_transfer,
    fold_balances,
    post,
    provider_owner,
    refund_transfer,
    reversed_transfer,
    sale_transfers,
)

CLEARING = provider_owner("alipay")


def capture(amount: int, purchase_id: UUID | None = None) -> Transfer:
    return capture_transfer(
        payment_id=new_id(), purchase_id=purchase_id or new_id(), provider="alipay", currency="CNY", amount=amount
    )  # fmt: skip


async def cleared(tx: ReadTx) -> tuple[int, int]:
    found = await balance(tx, kind=AccountKind.PROVIDER_CLEARING, owner_id=CLEARING, currency="CNY")
    return found.debits, found.credits


@given(
    st.integers(1, 10**12), st.integers(0, 10**6), st.data()
)  # goods, shipping, then the taxes inside them
def test_a_sale_books_its_total_once_and_its_reversal_takes_all_of_it_back(
    goods: int, shipping: int, data: st.DataObject
) -> None:
    shipping_tax = data.draw(st.integers(0, shipping // 2))
    tax = shipping_tax + data.draw(st.integers(0, goods // 2))
    transfers = sale_transfers(
        order_id=new_id(), purchase_id=new_id(), seller_id=new_id(), currency="CNY", goods=goods,
        shipping=shipping, tax=tax, shipping_tax=shipping_tax,
    )  # fmt: skip
    assert sum(each.amount for each in transfers) == goods + shipping
    assert all(each.amount > 0 for each in transfers)
    assert sum(each.amount for each in transfers if each.credit_kind == "tax") == tax
    back = [reversed_transfer(each, leg=f"back:{each.leg}") for each in transfers]
    assert [(b.debit_kind, b.credit_kind, b.amount) for b in back] == [
        (t.credit_kind, t.debit_kind, t.amount) for t in transfers
    ]


async def test_a_leg_of_a_cause_is_booked_once(db: Database, now: datetime, owner: Any) -> None:
    transfer = capture(500)

    async def book() -> None:
        await db.write(lambda tx: post(tx, [transfer, capture(1)], now=now))

    results = await asyncio.gather(*(book() for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(each, asyncpg.UniqueViolationError) for each in results) == 5
    assert await owner.fetchval("SELECT sum(amount) FROM transfers") == 501, "a refused batch leaves nothing"


@pytest.mark.parametrize(
    "sql", ["UPDATE transfers SET amount = 1", "DELETE FROM transfers", "TRUNCATE transfers"]
)
async def test_the_application_cannot_change_what_is_booked(db: Database, sql: str) -> None:
    async with db.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql)


@pytest.mark.parametrize("amount", [0, -5])
async def test_a_transfer_of_nothing_is_refused(db: Database, now: datetime, amount: int, owner: Any) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await db.write(lambda tx: post(tx, [capture(amount)], now=now))
    assert await owner.fetchval("SELECT count(*) FROM transfers") == 0


async def test_a_balance_is_the_same_before_and_after_folding(db: Database, now: datetime) -> None:
    purchase_id = new_id()
    refund = refund_transfer(
        refund_id=new_id(), purchase_id=purchase_id, provider="alipay", currency="CNY", amount=30
    )
    await db.write(lambda tx: post(tx, [capture(100, purchase_id), refund], now=now))
    for _ in range(3):
        async with db.read() as read:
            assert await cleared(read) == (100, 30)
        await db.write(fold_balances)
    await db.write(lambda tx: post(tx, [capture(7)], now=now))
    async with db.read() as read:
        assert await cleared(read) == (107, 30)


async def test_other_owners_and_currencies_have_balances_of_their_own(db: Database, now: datetime) -> None:
    dollars = capture_transfer(
        payment_id=new_id(), purchase_id=new_id(), provider="alipay", currency="USD", amount=9
    )
    await db.write(lambda tx: post(tx, [capture(100), dollars], now=now))
    async with db.read() as read:
        assert await cleared(read) == (100, 0)
        other = await balance(
            read, kind=AccountKind.PROVIDER_CLEARING, owner_id=provider_owner("other"), currency="CNY"
        )
    assert other.net == 0


async def test_a_transfer_that_commits_after_a_later_one_was_folded_is_not_lost(
    db: Database, now: datetime
) -> None:
    async with db.transaction() as slow:
        await post(slow, [capture(1)], now=now)
        await db.write(lambda tx: post(tx, [capture(10)], now=now))
        await db.write(fold_balances)
        async with db.read() as read:
            assert await cleared(read) == (10, 0)
    async with db.read() as read:
        assert await cleared(read) == (11, 0)
    await db.write(fold_balances)
    async with db.read() as read:
        assert await cleared(read) == (11, 0)


async def test_books_folded_by_many_while_others_write_stay_exact(
    db: Database, now: datetime, owner: Any
) -> None:
    async def write(count: int) -> None:
        for _ in range(count):
            await db.write(lambda tx: post(tx, [capture(1)], now=now))

    async def fold(count: int) -> None:
        for _ in range(count):
            await db.write(fold_balances)

    async def watch() -> None:
        last = 0
        for _ in range(30):
            async with db.read() as read:
                debits, credits_ = await cleared(read)
            assert (debits >= last, credits_) == (True, 0)
            last = debits

    await asyncio.gather(write(15), write(15), write(15), fold(8), fold(8), watch())
    async with db.read() as read:
        assert await cleared(read) == (45, 0)
    assert await owner.fetchval("SELECT sum(amount)::int FROM transfers") == 45
