import asyncio

import pytest

from merx.accounts import PasswordsBusy, hash_password, passwords, verify_password
from merx.accounts.passwords import NOBODYS_HASH, needs_rehash


async def test_only_the_hashed_password_verifies() -> None:
    hashed = await hash_password("correct horse 电池")
    assert await verify_password(hashed, "correct horse 电池")
    assert not await verify_password(hashed, "correct horse 电池 ")
    assert not await verify_password(hashed, "")


async def test_the_parameters_are_owasps_and_a_salt_makes_each_hash_new() -> None:
    first, second = await hash_password("correct horse"), await hash_password("correct horse")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert not needs_rehash(first)
    assert needs_rehash("$argon2id$v=19$m=8192,t=2,p=1$" + first.split("$", 4)[4])


async def test_nobodys_hash_costs_what_a_real_one_costs_and_never_verifies() -> None:
    assert not needs_rehash(NOBODYS_HASH)
    assert not await verify_password(NOBODYS_HASH, "")
    assert not await verify_password(NOBODYS_HASH, "password")


@pytest.mark.parametrize("hashed", ["", "plain", "$argon2id$v=19$broken"])
async def test_a_damaged_hash_verifies_nothing(hashed: str) -> None:
    assert not await verify_password(hashed, "correct horse")


async def test_an_impossible_password_is_wrong_without_hashing() -> None:
    assert not await verify_password(NOBODYS_HASH, "x" * 129)
    assert not await verify_password(NOBODYS_HASH, "half \ud83d")


async def test_more_than_sixty_four_waiting_hashes_are_refused_and_the_queue_empties() -> None:
    outcomes = await asyncio.gather(
        *(hash_password("correct horse") for _ in range(70)), return_exceptions=True
    )
    assert sum(isinstance(outcome, PasswordsBusy) for outcome in outcomes) == 6
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 64
    assert passwords._QUEUE.length == 0


async def test_a_caller_that_gives_up_keeps_its_place_until_its_thread_is_done() -> None:
    task = asyncio.create_task(hash_password("correct horse"))
    await asyncio.sleep(0)
    assert passwords._QUEUE.length == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert passwords._QUEUE.length == 1
    await hash_password("behind it in the queue")
    for _ in range(1000):
        if passwords._QUEUE.length == 0:
            break
        await asyncio.sleep(0)
    assert passwords._QUEUE.length == 0
