import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from merx.accounts import (
    Account,
    BadPhone,
    PersonErased,
    PostalAddress,
    SavedAddress,
    StaleAddress,
    TooManyAddresses,
    UnknownAddress,
    add_address,
    delete_address,
    get_address,
    list_addresses,
    open_address,
    person_cipher,
    seal_address,
    update_address,
)
from merx.infra.crypto import MasterKeys, UnreadableSeal
from merx.infra.db import Database, Sql
from merx.kit.ids import new_id

NewAccount = Callable[[str], Awaitable[Account]]
HOME = PostalAddress(name="Anna", phone="13800138000", line1="1 Nanjing Road", city="Shanghai", country="CN")
WORK = msgspec.structs.replace(HOME, line1="8 Century Avenue")
ROWS = Sql("SELECT sealed, country FROM addresses")


async def add(
    db: Database,
    keys: MasterKeys,
    account: Account,
    address: PostalAddress,
    now: datetime,
    *,
    default: bool = False,
) -> SavedAddress:
    async with db.transaction() as tx:
        return await add_address(
            tx, keys, account_id=account.id, address=address, make_default=default, now=now
        )


async def book(db: Database, keys: MasterKeys, account: Account) -> list[SavedAddress]:
    async with db.read() as read:
        return await list_addresses(read, keys, account_id=account.id)


async def test_an_address_is_sealed_and_the_first_is_the_default(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    home = await add(db, keys, anna, HOME, now)
    work = await add(db, keys, anna, WORK, now + timedelta(seconds=1))
    assert home == SavedAddress(home.id, HOME, is_default=True, version=1)
    assert work == SavedAddress(work.id, WORK, is_default=False, version=1)
    assert await book(db, keys, anna) == [home, work]
    async with db.read() as read:
        assert await get_address(read, keys, account_id=anna.id, address_id=work.id) == work
        for row in await read.rows(ROWS):
            assert row["country"] == "CN"
            assert b"Shanghai" not in row["sealed"]


async def test_making_an_address_the_default_unmakes_the_other(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    home = await add(db, keys, anna, HOME, now)
    work = await add(db, keys, anna, WORK, now, default=True)
    assert [(each.id, each.is_default) for each in await book(db, keys, anna)] == [
        (work.id, True),
        (home.id, False),
    ]
    async with db.transaction() as tx:
        changed = await update_address(
            tx,
            keys,
            account_id=anna.id,
            address_id=home.id,
            expected_version=1,
            address=HOME,
            make_default=True,
            now=now,
        )
    assert changed == SavedAddress(home.id, HOME, is_default=True, version=2)
    assert [(each.id, each.is_default) for each in await book(db, keys, anna)] == [
        (home.id, True),
        (work.id, False),
    ]


async def test_a_change_needs_the_version_that_was_read(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    home = await add(db, keys, anna, HOME, now)

    async def change(address: PostalAddress, version: int) -> SavedAddress:
        async with db.transaction() as tx:
            return await update_address(
                tx,
                keys,
                account_id=anna.id,
                address_id=home.id,
                expected_version=version,
                address=address,
                now=now,
            )

    assert await change(WORK, 1) == SavedAddress(home.id, WORK, is_default=True, version=2)
    with pytest.raises(StaleAddress) as caught:
        await change(HOME, 1)
    assert caught.value.params == {"version": 2}
    with pytest.raises(BadPhone):
        await change(msgspec.structs.replace(HOME, phone="none"), 2)
    assert await book(db, keys, anna) == [SavedAddress(home.id, WORK, is_default=True, version=2)]


async def test_of_two_changes_at_once_one_is_stale(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    home = await add(db, keys, anna, HOME, now)

    async def change(line1: str) -> SavedAddress:
        async with db.transaction() as tx:
            address = msgspec.structs.replace(HOME, line1=line1)
            return await update_address(
                tx, keys, account_id=anna.id, address_id=home.id, expected_version=1, address=address, now=now
            )

    outcomes = await asyncio.gather(change("a"), change("b"), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["SavedAddress", "StaleAddress"]


async def test_default_addresses_added_at_once_leave_one_default(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    await asyncio.gather(*(add(db, keys, anna, HOME, now, default=True) for _ in range(4)))
    assert [each.is_default for each in await book(db, keys, anna)] == [True, False, False, False]


async def test_somebody_elses_address_does_not_exist(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna, ben = await new_account("anna@example.com"), await new_account("ben@example.com")
    home = await add(db, keys, anna, HOME, now)
    for address_id in (home.id, new_id()):
        with pytest.raises(UnknownAddress):
            async with db.read() as read:
                await get_address(read, keys, account_id=ben.id, address_id=address_id)
        with pytest.raises(UnknownAddress):
            async with db.transaction() as tx:
                await update_address(
                    tx,
                    keys,
                    account_id=ben.id,
                    address_id=address_id,
                    expected_version=1,
                    address=WORK,
                    now=now,
                )
        with pytest.raises(UnknownAddress):
            async with db.transaction() as tx:
                await delete_address(tx, account_id=ben.id, address_id=address_id)
    assert await book(db, keys, anna) == [home]
    assert await book(db, keys, ben) == []


async def test_when_the_default_is_deleted_the_newest_becomes_it(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    first, second, third = [
        await add(db, keys, anna, HOME, now + timedelta(seconds=second)) for second in range(3)
    ]

    async def delete(address: SavedAddress) -> list[tuple[object, bool]]:
        async with db.transaction() as tx:
            await delete_address(tx, account_id=anna.id, address_id=address.id)
        return [(each.id, each.is_default) for each in await book(db, keys, anna)]

    assert await delete(first) == [(third.id, True), (second.id, False)]
    assert await delete(second) == [(third.id, True)]
    assert await delete(third) == []


async def test_an_address_book_holds_fifty(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    async with db.transaction() as tx:
        for _ in range(50):
            await add_address(tx, keys, account_id=anna.id, address=HOME, now=now)
    with pytest.raises(TooManyAddresses):
        await add(db, keys, anna, HOME, now)
    assert len(await book(db, keys, anna)) == 50


async def test_an_erased_persons_addresses_open_for_nobody(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna, ben = await new_account("anna@example.com"), await new_account("ben@example.com")
    await add(db, keys, anna, HOME, now)
    async with db.transaction() as tx:
        await tx.run(Sql("DELETE FROM data_keys WHERE person_id = $1"), anna.id)
    with pytest.raises(PersonErased):
        await book(db, keys, anna)
    async with db.read() as read:
        sealed = (await read.rows(ROWS))[0]["sealed"]
        strangers = await person_cipher(read, keys, person_id=ben.id)
    with pytest.raises(UnreadableSeal):
        open_address(strangers, sealed)
    assert open_address(strangers, seal_address(strangers, HOME)) == HOME
