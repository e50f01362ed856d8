import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher

from merx.accounts import (
    Account,
    TooManyAttempts,
    WrongCredentials,
    forget_expired,
    log_in,
    log_out,
    register,
    revoke_all,
)
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, Sql
from merx.kit.ids import new_id
from merx.queries.identity import authenticate
from merx.sellers import add_member, create_seller

NewAccount = Callable[[str], Awaitable[Account]]
SESSIONS = Sql("SELECT count(*) FROM sessions")
SUSPEND = Sql("UPDATE accounts SET state = 'suspended' WHERE id = $1")
HASH = Sql("SELECT password_hash FROM accounts WHERE id = $1")
HERE, ELSEWHERE = "203.0.113.7", "198.51.100.7"


async def sessions(db: Database) -> int:
    async with db.read() as read:
        return int(await read.value(SESSIONS))


async def test_a_log_in_gives_a_token_that_tells_who_is_asking(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    seller_id = new_id()
    async with db.transaction() as tx:
        await create_seller(tx, id=seller_id, code="camp", name={"en": "Camp"}, now=now)
        await add_member(tx, seller_id=seller_id, account_id=anna.id, role="owner", now=now)
    token, account = await log_in(
        db, keys, email=" ANNA@example.com", password="correct horse", remote=HERE, now=now
    )
    assert account == anna
    assert len(token) >= 43
    async with db.read() as read:
        identity = await authenticate(read, keys, token=token, now=now)
        assert identity is not None
        assert identity.account == anna
        assert identity.seller_ids == frozenset([seller_id])
        assert await authenticate(read, keys, token=token + "x", now=now) is None
        assert await authenticate(read, keys, token="é", now=now) is None
        kept = await read.value(Sql("SELECT token_hash FROM sessions"))
    assert token.encode() not in kept


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("anna@example.com", "wrong horse"),
        ("anna@example.com", "correct horse "),
        ("anna@example.com", ""),
        ("anna@example.com", "half \ud83d"),
        ("anna@example.com", "x" * 100_000),
        ("nobody@example.com", "correct horse"),
        ("not an email", "correct horse"),
        ("\ud800@example.com", "correct horse"),
    ],
)
async def test_wrong_credentials_are_refused_alike_and_open_no_session(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount, email: str, password: str
) -> None:
    await new_account("anna@example.com")
    with pytest.raises(WrongCredentials) as caught:
        await log_in(db, keys, email=email, password=password, remote=HERE, now=now)
    assert caught.value.text() == "The e-mail address or the password is wrong."
    assert await sessions(db) == 0


async def test_an_unknown_email_costs_the_statements_of_a_wrong_password(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    await new_account("anna@example.com")
    costs = []
    for email in ("anna@example.com", "nobody@example.com"):
        before = db.statements
        with pytest.raises(WrongCredentials):
            await log_in(db, keys, email=email, password="wrong horse", remote=HERE, now=now)
        costs.append(db.statements - before)
    assert costs[0] == costs[1]


async def test_after_eight_wrong_guesses_the_right_password_waits_too_but_not_elsewhere(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    await new_account("anna@example.com")

    async def attempt(password: str, remote: str, at: datetime) -> None:
        await log_in(db, keys, email="anna@example.com", password=password, remote=remote, now=at)

    for _ in range(8):
        with pytest.raises(WrongCredentials):
            await attempt("wrong horse", HERE, now)
    for password in ("wrong horse", "correct horse"):
        with pytest.raises(TooManyAttempts) as caught:
            await attempt(password, HERE, now)
        assert caught.value.params == {"retry_after": 900, "minutes": 15}
    assert await sessions(db) == 0
    await attempt("correct horse", ELSEWHERE, now)
    await attempt("correct horse", HERE, now + timedelta(minutes=15))
    assert await sessions(db) == 2


async def test_unknown_emails_are_limited_like_known_ones(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    for _ in range(8):
        with pytest.raises(WrongCredentials):
            await log_in(db, keys, email="nobody@example.com", password="x", remote=HERE, now=now)
    with pytest.raises(TooManyAttempts):
        await log_in(db, keys, email="nobody@example.com", password="x", remote=HERE, now=now)


async def test_parallel_guesses_are_all_counted(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    await new_account("anna@example.com")
    outcomes = await asyncio.gather(
        *(
            log_in(db, keys, email="anna@example.com", password="wrong horse", remote=HERE, now=now)
            for _ in range(12)
        ),
        return_exceptions=True,
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds.count(WrongCredentials) == 8
    assert kinds.count(TooManyAttempts) == 4


async def test_a_log_in_forgets_the_wrong_guesses_at_this_account_only(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    await new_account("anna@example.com")
    await new_account("mallory@example.com")

    async def attempt(email: str, password: str) -> str:
        try:
            await log_in(db, keys, email=email, password=password, remote=HERE, now=now)
        except (WrongCredentials, TooManyAttempts) as error:
            return error.code
        return "in"

    for _ in range(7):
        assert await attempt("anna@example.com", "wrong horse") == "wrong_credentials"
    assert await attempt("mallory@example.com", "correct horse") == "in"
    assert await attempt("anna@example.com", "wrong horse") == "wrong_credentials"
    assert await attempt("anna@example.com", "correct horse") == "too_many_attempts"

    for _ in range(7):
        assert await attempt("mallory@example.com", "wrong horse") == "wrong_credentials"
    assert await attempt("mallory@example.com", "correct horse") == "in"
    assert await attempt("mallory@example.com", "wrong horse") == "wrong_credentials"


async def test_a_suspended_account_can_neither_log_in_nor_go_on(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    token, _ = await log_in(
        db, keys, email="anna@example.com", password="correct horse", remote=HERE, now=now
    )
    async with db.transaction() as tx:
        await tx.run(SUSPEND, anna.id)
    async with db.read() as read:
        assert await authenticate(read, keys, token=token, now=now) is None
    with pytest.raises(WrongCredentials):
        await log_in(db, keys, email="anna@example.com", password="correct horse", remote=HERE, now=now)
    assert await sessions(db) == 1


async def test_logging_out_ends_one_session_and_revoking_ends_all(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    anna = await new_account("anna@example.com")
    tokens = [
        (await log_in(db, keys, email="anna@example.com", password="correct horse", remote=HERE, now=now))[0]
        for _ in range(3)
    ]

    async def valid() -> list[bool]:
        async with db.read() as read:
            return [await authenticate(read, keys, token=token, now=now) is not None for token in tokens]

    async with db.transaction() as tx:
        await log_out(tx, token=tokens[0], now=now)
        await log_out(tx, token=tokens[0], now=now)
        await log_out(tx, token="never was", now=now)
    assert await valid() == [False, True, True]
    async with db.transaction() as tx:
        assert await revoke_all(tx, account_id=anna.id, now=now) == 2
    assert await valid() == [False, False, False]


async def test_a_session_ends_after_thirty_days_and_is_forgotten_after_sixty(
    db: Database, keys: MasterKeys, now: datetime, new_account: NewAccount
) -> None:
    await new_account("anna@example.com")
    token, _ = await log_in(
        db, keys, email="anna@example.com", password="correct horse", remote=HERE, now=now
    )
    end = now + timedelta(days=30)
    async with db.read() as read:
        assert await authenticate(read, keys, token=token, now=end - timedelta(seconds=1)) is not None
        assert await authenticate(read, keys, token=token, now=end) is None
    assert await forget_expired(db, now=end) == 3  # the counters of the log-in
    assert await sessions(db) == 1
    assert await forget_expired(db, now=end + timedelta(days=30, seconds=1)) == 1
    assert await sessions(db) == 0


async def test_a_hash_of_older_parameters_is_renewed_at_log_in(
    db: Database, keys: MasterKeys, now: datetime
) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("correct horse")
    async with db.transaction() as tx:
        anna = await register(
            tx, keys, email="anna@example.com", password_hash=old, name="Anna", locale="en", now=now
        )
    await log_in(db, keys, email="anna@example.com", password="correct horse", remote=HERE, now=now)
    async with db.read() as read:
        renewed = await read.value(HASH, anna.id)
    assert renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    await log_in(db, keys, email="anna@example.com", password="correct horse", remote=HERE, now=now)
