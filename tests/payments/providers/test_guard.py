"""What stands between us and a provider, on a clock of its own and with a provider that answers as told."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from tests.world.peer import Peer, waiting

from merx.infra.db import Database
from merx.kit.errors import DomainError
from merx.kit.money import Money
from merx.payments.providers import (
    BillNotReady,
    BreakerRules,
    CapturingProvider,
    GuardedProvider,
    GuardRules,
    GuardTools,
    PaymentNotPossible,
    PaymentRequest,
    ProviderDown,
    ProviderRefused,
    ProviderRegistry,
    ProviderState,
    ProviderStatus,
    ProviderUnavailable,
    UnknownProvider,
)

AMOUNT = Money(100, "CNY")
REQUEST = PaymentRequest(
    payment_id=UUID(int=1), number="N1", amount=AMOUNT, subject="Tea", expires_at=datetime(2026, 1, 2, tzinfo=UTC),
    notify_url="http://shop.test/n", return_url="http://shop.test/r", locale="en",
)  # fmt: skip
RULES = GuardRules(repeats=2, breaker=BreakerRules(failures=3, within=60, first_pause=5, longest_pause=20))
LONE = GuardRules(breaker=RULES.breaker)


class Lab:
    """A provider behind its guard, and the time that passes there: a pause takes no time at all."""

    def __init__(self, rules: GuardRules = RULES) -> None:
        self.time = 1_000.0
        self.pauses: list[float] = []
        self.peer = Peer("tea")
        tools = GuardTools(clock=lambda: self.time, sleep=self.pause, chance=lambda: 0.5)
        self.registry = ProviderRegistry([self.peer], rules=rules, tools=tools)
        self.provider = self.registry.get("tea")

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def fails(self, *outcomes: type[DomainError] | None, takes: float = 0.0) -> None:
        """The next calls end so; all later ones as the last."""
        left = list(outcomes)

        async def answer(_number: str) -> ProviderStatus:
            self.time += takes
            outcome = left.pop(0) if len(left) > 1 else left[0]
            if outcome is not None:
                raise outcome(provider="tea", reason="as told", day="")
            return ProviderStatus.WAITING

        self.peer.answer = answer

    async def down(self) -> None:
        """Ask in vain until the guard has had enough."""
        self.fails(ProviderUnavailable, takes=2)
        while not self.provider.is_down:
            with pytest.raises(ProviderUnavailable):
                await self.provider.query("N1")


CALLS: list[Callable[[GuardedProvider], Awaitable[object]]] = [
    lambda p: p.start(REQUEST),
    lambda p: p.query("N1"),
    lambda p: p.close("N1"),
    lambda p: p.refund(number="N1", refund_number="R1", amount=AMOUNT),
    lambda p: p.refund_state(number="N1", refund_number="R1", amount=AMOUNT),
    lambda p: p.bill(date(2026, 1, 1)),
]
NAMES = ["start", "query", "close", "refund", "refund_state", "bill"]


# --- repeats


@pytest.mark.parametrize("call", CALLS, ids=NAMES)
async def test_a_call_that_failed_fast_is_repeated_twice_with_growing_pauses(
    call: Callable[[GuardedProvider], Awaitable[object]],
) -> None:
    lab = Lab()
    lab.fails(ProviderUnavailable, ProviderUnavailable, None)
    await call(lab.provider)
    assert len(lab.peer.asked) == 3
    assert len(set(lab.peer.asked)) == 1
    assert lab.pauses == [pytest.approx(0.15), pytest.approx(0.3)]


async def test_after_two_repeats_the_last_failure_is_the_answer() -> None:
    lab = Lab()
    lab.fails(ProviderUnavailable)
    with pytest.raises(ProviderUnavailable, match="does not answer"):
        await lab.provider.query("N1")
    assert lab.peer.asked == ["query N1"] * 3


@pytest.mark.parametrize("kind", [ProviderRefused, PaymentNotPossible, BillNotReady])
async def test_what_no_repeat_cures_is_not_repeated_and_does_not_count(kind: type[DomainError]) -> None:
    lab = Lab()
    lab.fails(kind)
    for _ in range(4):
        with pytest.raises(kind):
            await lab.provider.query("N1")
    assert (len(lab.peer.asked), lab.pauses, lab.provider.is_down) == (4, [], False)


async def test_a_call_that_failed_slowly_is_not_repeated() -> None:
    lab = Lab()
    lab.fails(ProviderUnavailable, takes=1.5)
    with pytest.raises(ProviderUnavailable):
        await lab.provider.query("N1")
    assert (len(lab.peer.asked), lab.pauses) == (1, [])


# --- deadlines


@pytest.mark.parametrize("call", CALLS, ids=NAMES)
async def test_a_provider_that_never_answers_is_given_up_at_the_deadline(
    call: Callable[[GuardedProvider], Awaitable[object]],
) -> None:
    lab = Lab(GuardRules(buyer=0.01, job=0.01, bill=0.01, repeats=2))

    async def hang(_number: str) -> ProviderStatus:
        await asyncio.Event().wait()
        return ProviderStatus.UNKNOWN

    lab.peer.answer = hang
    with pytest.raises(ProviderUnavailable) as caught:
        await call(lab.provider)
    assert caught.value.params == {"provider": "tea", "reason": "no answer in 0.01 s"}
    assert len(lab.peer.asked) == 1


async def test_repeats_and_pauses_count_towards_the_deadline() -> None:
    lab = Lab(GuardRules(buyer=0.01, repeats=2))
    lab.fails(ProviderUnavailable)

    async def long(_seconds: float) -> None:
        await asyncio.Event().wait()

    lab.provider._tools = GuardTools(sleep=long)
    with pytest.raises(ProviderUnavailable, match="does not answer"):
        await lab.provider.query("N1")
    assert len(lab.peer.asked) == 1


# --- the circuit breaker


def offered(lab: Lab) -> list[str]:
    return [each.code for each in lab.registry.offered("CNY", sellers=1, country="CN")]


async def test_failures_in_a_row_take_a_provider_down_and_one_answer_brings_it_back() -> None:
    lab = Lab(LONE)
    assert offered(lab) == ["tea"]
    with capture_logs() as logs:
        await lab.down()
        assert len(lab.peer.asked) == 3
        assert (offered(lab), lab.registry.is_down("tea")) == ([], True)
        with pytest.raises(ProviderDown):
            await lab.provider.query("N1")
        assert len(lab.peer.asked) == 3, "a provider that is down is not asked"
        lab.time += 5
        assert not lab.registry.is_down("tea")
        lab.fails(None)
        await lab.provider.query("N1")
    assert offered(lab) == ["tea"]
    assert [(each["event"], each["provider"]) for each in logs] == [
        ("payment_provider_down", "tea"),
        ("payment_provider_up", "tea"),
    ]
    assert (logs[0]["seconds"], logs[0]["reason"]) == (5.0, "as told")


async def test_a_provider_that_stays_down_is_tried_after_longer_and_longer_pauses() -> None:
    lab = Lab(LONE)
    await lab.down()
    pauses = []
    for _ in range(5):
        pauses.append(lab.provider._breaker.open_until - lab.time)
        lab.time = lab.provider._breaker.open_until
        before = len(lab.peer.asked)
        with pytest.raises(ProviderUnavailable):
            await lab.provider.query("N1")
        assert len(lab.peer.asked) == before + 1
        assert lab.provider.is_down
    assert pauses == [5, 10, 20, 20, 20]


async def test_after_the_pause_one_call_finds_out_and_all_others_are_refused_meanwhile() -> None:
    lab = Lab(LONE)
    await lab.down()
    lab.time += 5
    answered = asyncio.Event()

    async def late(_number: str) -> ProviderStatus:
        await answered.wait()
        return ProviderStatus.WAITING

    lab.peer.answer = late
    before = len(lab.peer.asked)
    trial = asyncio.create_task(lab.provider.query("N1"))
    await asyncio.sleep(0)
    assert lab.provider.is_down
    for call in CALLS[:5]:
        with pytest.raises(ProviderDown):
            await call(lab.provider)
    assert len(lab.peer.asked) == before + 1
    answered.set()
    await trial
    assert not lab.provider.is_down


async def test_a_trial_whose_caller_goes_away_leaves_the_trial_to_the_next() -> None:
    lab = Lab(LONE)
    await lab.down()
    lab.time += 5

    async def hang(_number: str) -> ProviderStatus:
        await asyncio.Event().wait()
        return ProviderStatus.UNKNOWN

    lab.peer.answer = hang
    trial = asyncio.create_task(lab.provider.query("N1"))
    await asyncio.sleep(0)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert not lab.provider.is_down
    lab.fails(None)
    await lab.provider.query("N1")
    assert not lab.provider.is_down


async def test_callers_that_waited_in_vain_count_as_failures_and_impatient_ones_do_not() -> None:
    for waited, down in ((0.5, False), (3.0, True)):
        lab = Lab(LONE)

        async def hang(_number: str) -> ProviderStatus:
            await asyncio.Event().wait()
            return ProviderStatus.UNKNOWN

        lab.peer.answer = hang
        for _ in range(3):
            caller = asyncio.create_task(lab.provider.query("N1"))
            await asyncio.sleep(0)
            lab.time += waited
            caller.cancel()
            await asyncio.wait([caller])
        assert lab.provider.is_down is down


async def test_failures_with_answers_between_them_or_long_ago_take_nothing_down() -> None:
    lab = Lab(LONE)
    for _ in range(4):
        lab.fails(ProviderUnavailable)
        for _ in range(2):
            with pytest.raises(ProviderUnavailable):
                await lab.provider.query("N1")
        lab.fails(None)
        await lab.provider.query("N1")
    lab.fails(ProviderUnavailable)
    for _ in range(4):
        lab.time += 61
        with pytest.raises(ProviderUnavailable):
            await lab.provider.query("N1")
    assert not lab.provider.is_down


async def test_a_refusal_is_an_answer() -> None:
    lab = Lab(LONE)
    await lab.down()
    lab.time += 5
    lab.fails(ProviderRefused)
    with pytest.raises(ProviderRefused):
        await lab.provider.query("N1")
    assert not lab.provider.is_down


async def test_an_answer_to_what_was_asked_before_does_not_bring_a_provider_back() -> None:
    lab = Lab(LONE)
    answered = asyncio.Event()

    async def late(_number: str) -> ProviderStatus:
        await answered.wait()
        return ProviderStatus.WAITING

    lab.peer.answer = late
    early = asyncio.create_task(lab.provider.query("N1"))
    await asyncio.sleep(0)
    await lab.down()
    answered.set()
    await early
    assert lab.provider.is_down


async def test_a_bill_is_fetched_while_payments_are_down_and_its_failures_take_nothing_down() -> None:
    lab = Lab(LONE)
    lab.fails(ProviderUnavailable)
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await lab.provider.bill(date(2026, 1, 1))
    assert not lab.provider.is_down
    await lab.down()
    lab.peer.answer = waiting
    assert await lab.provider.bill(date(2026, 1, 1)) == []
    assert lab.provider.is_down


class Cashier(Peer):
    """Signs a link and asks nobody, as Alipay's page does."""

    starts_locally = True


async def test_a_link_made_without_asking_proves_nothing_and_is_not_made_while_the_provider_is_down() -> None:
    lab = Lab(LONE)
    lab.peer = Cashier("tea")
    lab.provider = GuardedProvider(lab.peer, LONE, lab.provider._tools)
    lab.fails(ProviderUnavailable, takes=2)
    for _ in range(3):
        lab.peer.answer, failing = waiting, lab.peer.answer
        await lab.provider.start(REQUEST)
        lab.peer.answer = failing
        with pytest.raises(ProviderUnavailable):
            await lab.provider.query("N1")
    assert lab.provider.is_down
    with pytest.raises(ProviderDown):
        await lab.provider.start(REQUEST)
    lab.time += 5
    lab.peer.answer = waiting
    await lab.provider.start(REQUEST)
    lab.fails(ProviderUnavailable, takes=2)
    with pytest.raises(ProviderUnavailable):
        await lab.provider.query("N1")
    assert lab.provider.is_down, "the link was no answer: the query was the trial"


async def test_without_rules_for_it_a_provider_is_never_down() -> None:
    lab = Lab(GuardRules())
    lab.fails(ProviderUnavailable)
    for _ in range(20):
        with pytest.raises(ProviderUnavailable):
            await lab.provider.query("N1")
    assert (len(lab.peer.asked), lab.provider.is_down) == (20, False)


# --- transactions


@pytest.mark.parametrize("call", CALLS, ids=NAMES)
async def test_no_call_is_made_while_a_transaction_is_open(
    db: Database, call: Callable[[GuardedProvider], Awaitable[object]]
) -> None:
    lab = Lab()
    for opened in (db.transaction, db.snapshot, db.read):
        async with opened():
            with pytest.raises(AssertionError, match="tea was called while a transaction is open"):
                await call(lab.provider)
            with pytest.raises(AssertionError):
                await asyncio.gather(call(lab.provider))
        await call(lab.provider)
    assert len(lab.peer.asked) == 3


async def test_a_task_begun_in_a_transaction_may_call_after_its_end(db: Database) -> None:
    lab = Lab()
    ended = asyncio.Event()

    async def later() -> ProviderState:
        await ended.wait()
        return await lab.provider.query("N1")

    async with db.transaction():
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
    ended.set()
    assert (await task).status is ProviderStatus.WAITING


async def test_a_read_inside_a_transaction_ends_without_ending_it(db: Database) -> None:
    lab = Lab()
    async with db.transaction():
        async with db.read():
            pass
        with pytest.raises(AssertionError):
            await lab.provider.query("N1")
    with pytest.raises(ValueError, match="rolled back"):
        async with db.transaction():
            raise ValueError("rolled back")
    await lab.provider.query("N1")
    assert lab.peer.asked == ["query N1"]


# --- the guard as an object


class Capturing(Peer):
    """Can have money authorized first."""

    async def capture(self, *, number: str, amount: Money) -> ProviderState:
        return self._state(number, await self._ask(f"capture {amount.amount}", number))


async def test_a_guard_can_what_its_provider_can() -> None:
    registry = ProviderRegistry([Peer("plain"), Capturing("capturing")], rules=RULES)
    plain, capturing = registry.get("plain"), registry.get("capturing")
    assert (plain.can(CapturingProvider), capturing.can(CapturingProvider)) == (False, True)
    assert registry.codes(CapturingProvider) == ["capturing"]
    with pytest.raises(UnknownProvider):
        registry.able("plain", CapturingProvider)
    with pytest.raises(AssertionError):
        await plain.capture(number="N1", amount=AMOUNT)
    assert (await capturing.capture(number="N1", amount=AMOUNT)).status is ProviderStatus.WAITING
    again = ProviderRegistry(registry)
    assert again.get("plain") is plain
    assert (plain.parse_return("N1"), plain.acknowledgement.body, plain.label["en"]) == ("N1", b"ok", "Plain")
    await registry.aclose()
