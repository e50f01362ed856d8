"""One key, one effect, one answer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.infra.db import Database, Sql, Tx
from merx.infra.idempotency import IdempotencyKeyReused, OutcomeUnknown, claim, once, reopen, request_hash
from merx.kit.errors import Conflict

EFFECT = Sql("INSERT INTO leases (name, holder, expires_at) VALUES ($1, gen_random_uuid(), now())")


class Done(msgspec.Struct, frozen=True):
    """What a command answers."""

    number: int


Call = Callable[..., Awaitable[Done]]


@pytest.fixture
def call(db: Database, now: datetime) -> Call:
    """Runs a command under a key; its effect is a row that can exist once."""

    async def run(
        key: str = "k", *, request: Any = 1, answer: int = 1, fail: bool = False, scope: str = "s"
    ) -> Done:
        async def command(tx: Tx) -> Done:
            async def work() -> Done:
                await tx.run(EFFECT, f"{scope}/{key}")
                if fail:
                    raise Conflict
                return Done(answer)

            return await once(
                tx, scope=scope, key=key, fingerprint=request_hash(request), now=now, outcome=Done, work=work
            )

        return await db.write(command)

    return run


async def test_a_replay_gets_the_first_answer_and_writes_its_own_row(call: Call, owner: Any) -> None:
    assert await call(answer=7) == Done(7)
    assert await call(answer=8) == Done(7)
    row = await owner.fetchrow(
        "SELECT replays, replayed_at IS NOT NULL AS again, outcome FROM idempotency_keys"
    )
    assert tuple(row) == (1, True, '{"number": 7}')
    assert await owner.fetchval("SELECT count(*) FROM leases") == 1


async def test_thirty_callers_at_once_make_one_effect(call: Call, owner: Any) -> None:
    answers = await asyncio.gather(*(call(answer=n) for n in range(30)))
    assert len(set(answers)) == 1
    assert await owner.fetchval("SELECT replays FROM idempotency_keys") == 29
    assert await owner.fetchval("SELECT count(*) FROM leases") == 1


async def test_a_key_with_another_request_is_refused_and_changes_nothing(call: Call, owner: Any) -> None:
    await call(request={"a": 1})
    before = await owner.fetchrow("SELECT * FROM idempotency_keys")
    with pytest.raises(IdempotencyKeyReused):
        await call(request={"a": 2})
    assert await owner.fetchrow("SELECT * FROM idempotency_keys") == before


async def test_a_refusal_leaves_the_key_free(call: Call, owner: Any) -> None:
    with pytest.raises(Conflict):
        await call(fail=True)
    assert await owner.fetchval("SELECT count(*) FROM idempotency_keys") == 0
    assert await owner.fetchval("SELECT count(*) FROM leases") == 0
    assert await call(request="other", answer=3) == Done(3)


async def test_keys_of_other_scopes_are_other_keys(call: Call) -> None:
    assert [await call(scope="a", answer=1), await call(scope="b", answer=2)] == [Done(1), Done(2)]


async def test_a_taken_key_without_an_answer_is_not_guessed_at(call: Call, owner: Any) -> None:
    await call()
    await owner.execute("UPDATE idempotency_keys SET outcome = NULL")
    with pytest.raises(OutcomeUnknown):
        await call()


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_the_database_bounds_keys(call: Call, key: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await call(key)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON)
def test_hashes_are_equal_exactly_for_equal_requests(left: Any, right: Any) -> None:
    same = msgspec.json.encode(left, order="deterministic") == msgspec.json.encode(
        right, order="deterministic"
    )
    assert (request_hash(left) == request_hash(right)) == same
    assert len(request_hash(left)) == 32


def test_the_order_of_fields_does_not_matter_but_the_order_of_parts_does() -> None:
    assert request_hash({"a": 1, "b": 2}) == request_hash({"b": 2, "a": 1})
    assert request_hash(1, 2) != request_hash(2, 1)
    assert request_hash("12") != request_hash("1", "2")


async def test_a_key_that_was_given_back_is_fresh_again_also_for_another_request(
    db: Database, call: Call, now: datetime
) -> None:
    async def take(tx: Tx, request: int) -> bool:
        taken = await claim(
            tx, [("s", "k")], hashes=[request_hash(request)], outcomes=['{"number": 9}'], now=now
        )
        await reopen(tx, [("s", "k")])
        return taken["s", "k"].fresh

    assert await db.write(lambda tx: take(tx, 1))
    assert await db.write(lambda tx: take(tx, 2))
    assert await call(request=3, answer=7) == Done(7)
    assert await call(request=3, answer=8) == Done(7)
    with pytest.raises(IdempotencyKeyReused):
        await call(request=1)
