import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from merx.accounts import (
    Account,
    AccountRegistered,
    EmailTaken,
    PersonErased,
    TooManyAttempts,
    account_contacts,
    count_registration,
    new_person,
    person_cipher,
    register,
)
from merx.infra.crypto import MasterKeys, UnreadableSeal
from merx.infra.db import Database, Sql
from merx.infra.outbox import history
from merx.kit.i18n import UnknownLocale
from merx.kit.ids import new_id

NewAccount = Callable[[str], Awaitable[Account]]
COUNTS = Sql("""
SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM account_emails), (SELECT count(*) FROM data_keys),
       (SELECT count(*) FROM events)
""")
STORED = Sql("SELECT email_sealed, name_sealed, password_hash FROM accounts WHERE id = $1")


async def counts(db: Database) -> tuple[int, ...]:
    async with db.read() as read:
        return tuple(await read.row(COUNTS) or ())


async def test_a_new_account_is_stored_sealed_and_reads_back(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    account = await new_account("Anna@Example.com")
    assert (account.email, account.name, account.locale, account.state, account.version) == (
        "Anna@example.com",
        "Anna",
        "en",
        "active",
        1,
    )
    async with db.read() as read:
        row = await read.row(STORED, account.id)
        assert row is not None
        assert b"xample" not in row["email_sealed"]
        assert b"Anna" not in row["name_sealed"]
        assert await account_contacts(read, keys, account_ids=[account.id, new_id()]) == {account.id: account}
        told = await history(read, subject_id=account.id, of=[AccountRegistered])
    assert [(each.event, each.created_at) for each in told] == [
        (AccountRegistered(account.id, "en", actor_id=account.id), now)
    ]
    assert await counts(db) == (1, 1, 1, 1)


async def test_a_taken_email_is_refused_in_any_case_and_leaves_nothing(
    db: Database, new_account: NewAccount
) -> None:
    await new_account("anna@example.com")
    with pytest.raises(EmailTaken):
        await new_account("ANNA@Example.COM")
    assert await counts(db) == (1, 1, 1, 1)


async def test_of_two_registrations_at_once_one_wins(db: Database, new_account: NewAccount) -> None:
    outcomes = await asyncio.gather(
        *(new_account("anna@example.com") for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Account", "EmailTaken"]
    assert await counts(db) == (1, 1, 1, 1)


async def test_an_unknown_language_is_refused(db: Database, keys: MasterKeys, now: datetime) -> None:
    with pytest.raises(UnknownLocale):
        async with db.transaction() as tx:
            await register(tx, keys, email="a@example.com", password_hash="-", name="A", locale="fr", now=now)
    assert await counts(db) == (0, 0, 0, 0)


async def test_a_network_may_register_ten_times_an_hour(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    async def count(remote: str, at: datetime) -> None:
        async with db.transaction() as tx:
            await count_registration(tx, keys, remote=remote, now=at)

    for _ in range(10):
        await count("203.0.113.7", now)
    for _ in range(3):
        with pytest.raises(TooManyAttempts) as caught:
            await count("203.0.113.99", now + timedelta(minutes=29, seconds=1))
        assert caught.value.params == {"retry_after": 59, "minutes": 1}
    await count("203.0.114.7", now)
    await count("203.0.113.7", now + timedelta(minutes=30))


async def test_a_persons_seal_opens_for_nobody_else_and_not_after_erasure(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    anna, ben = new_id(), new_id()
    async with db.transaction() as tx:
        sealed = (await new_person(tx, keys, person_id=anna, now=now)).seal("address", b"home")
        stranger = await new_person(tx, keys, person_id=ben, now=now)
    with pytest.raises(UnreadableSeal):
        stranger.open("address", sealed)
    async with db.read() as read:
        cipher = await person_cipher(read, keys, person_id=anna)
        assert cipher.open("address", sealed) == b"home"
        with pytest.raises(UnreadableSeal):
            cipher.open("email", sealed)
    async with db.transaction() as tx:
        await tx.run(Sql("DELETE FROM data_keys WHERE person_id = $1"), anna)
    async with db.read() as read:
        with pytest.raises(PersonErased):
            await person_cipher(read, keys, person_id=anna)
