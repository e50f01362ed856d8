"""What stands between us and a provider: a deadline for each call, repeats, a circuit breaker, and no transaction.

The registry puts every provider behind a guard, so no adapter and no caller has to think of it. The breaker's knowledge
is this process's own; nothing is shared and nothing is stored.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, tzinfo
from typing import Final, TypeVar

import msgspec
import structlog

from merx.infra.db import in_transaction
from merx.kit.money import Money
from merx.payments.providers import breaker as rules_of
from merx.payments.providers.breaker import Breaker, BreakerRules
from merx.payments.providers.errors import ProviderDown, ProviderRefused, ProviderUnavailable
from merx.payments.providers.model import (
    BalanceMovement,
    BillRow,
    NoticeAnswer,
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    RefundState,
)
from merx.payments.providers.protocol import (
    BillingProvider,
    CapturingProvider,
    Closable,
    ConfirmedByHand,
    NoticeProvider,
    PaymentProvider,
    Queryable,
    Refunding,
    SignsReturns,
    StartsLocally,
    StatementProvider,
)

_LOG = structlog.get_logger(__name__)
T = TypeVar("T")


class GuardRules(msgspec.Struct, frozen=True, kw_only=True):
    """How patient we are, in seconds. Without `breaker` a provider never counts as down.

    A call that failed within `fast` is repeated, at most `repeats` times: all calls are safe to repeat, by our number.
    One that its caller gave up after `silence` counts as not answered.
    """

    buyer: float = 8.0
    job: float = 10.0
    bill: float = 300.0
    repeats: int = 0
    fast: float = 1.0
    first_pause: float = 0.1
    silence: float = 2.0
    breaker: BreakerRules | None = None


BOUNDED: Final = GuardRules()
"""Only the deadlines: what goes wrong once goes wrong once."""
RESILIENT: Final = GuardRules(repeats=2, breaker=BreakerRules())
"""The rules of a shop that sells."""


class GuardTools(msgspec.Struct, frozen=True, kw_only=True):
    """Time and chance, as the guard sees them."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    chance: Callable[[], float] = random.random


class GuardedProvider:
    """A payment provider behind its guard. `inner` is the provider itself.

    It has the methods of all that a provider can do; call those that this one `can`.
    """

    def __init__(
        self, inner: PaymentProvider, rules: GuardRules = BOUNDED, tools: GuardTools | None = None
    ) -> None:
        self.inner: Final = inner
        self._rules = rules
        self._tools = tools or GuardTools()
        self._breaker = Breaker()
        self._start_asks = not (isinstance(inner, StartsLocally) and inner.starts_locally)

    def can(self, ability: type) -> bool:
        """Whether the provider keeps one of the contracts of protocol.py."""
        return isinstance(self.inner, ability)

    @property
    def is_down(self) -> bool:
        """Whether it did not answer lately, so that a call would be refused at once."""
        return rules_of.is_down(self._breaker, self._tools.clock())

    @property
    def code(self) -> str:
        """Stable name in addresses and in the database."""
        return self.inner.code

    @property
    def label(self) -> Mapping[str, str]:
        """What the payer reads, by locale."""
        return self.inner.label

    @property
    def currencies(self) -> frozenset[str]:
        """Currencies it takes, ISO 4217."""
        return self.inner.currencies

    @property
    def bill_code(self) -> str:
        """Whose bill has its money."""
        assert isinstance(self.inner, BillingProvider)
        return self.inner.bill_code

    @property
    def bill_zone(self) -> tzinfo:
        """Where the days of its bill begin and end."""
        assert isinstance(self.inner, BillingProvider)
        return self.inner.bill_zone

    @property
    def acknowledgement(self) -> NoticeAnswer:
        """The answer that tells the provider a notice has arrived."""
        assert isinstance(self.inner, NoticeProvider)
        return self.inner.acknowledgement

    @property
    def refusal(self) -> NoticeAnswer:
        """The answer that makes the provider send a notice again."""
        assert isinstance(self.inner, NoticeProvider)
        return self.inner.refusal

    async def start(self, request: PaymentRequest) -> ProviderAction:
        """As the provider's, within the time a buyer waits."""
        return await self._guarded(
            lambda: self.inner.start(request), seconds=self._rules.buyer, tells=self._start_asks
        )

    async def query(self, number: str) -> ProviderState:
        """As the provider's, within the time a buyer waits."""
        inner = self.inner
        assert isinstance(inner, Queryable)
        return await self._guarded(lambda: inner.query(number), seconds=self._rules.buyer)

    async def close(self, number: str) -> ProviderState:
        """As the provider's, within the time a buyer waits."""
        inner = self.inner
        assert isinstance(inner, Closable)
        return await self._guarded(lambda: inner.close(number), seconds=self._rules.buyer)

    async def refund(self, *, number: str, refund_number: str, amount: Money, reason: str = "") -> bool:
        """As the provider's, within the time a job waits."""
        inner = self.inner
        assert isinstance(inner, Refunding)
        return await self._guarded(
            lambda: inner.refund(number=number, refund_number=refund_number, amount=amount, reason=reason),
            seconds=self._rules.job,
        )

    async def refund_state(self, *, number: str, refund_number: str, amount: Money) -> RefundState:
        """As the provider's, within the time a job waits."""
        inner = self.inner
        assert isinstance(inner, Refunding)
        return await self._guarded(
            lambda: inner.refund_state(number=number, refund_number=refund_number, amount=amount),
            seconds=self._rules.job,
        )

    async def capture(self, *, number: str, amount: Money) -> ProviderState:
        """As the provider's, within the time a job waits."""
        inner = self.inner
        assert isinstance(inner, CapturingProvider)
        return await self._guarded(
            lambda: inner.capture(number=number, amount=amount), seconds=self._rules.job
        )

    async def bill(self, day: date) -> list[BillRow]:
        """As the provider's, within the time a bill may take. A bill tells nothing of payments, and they nothing of it."""
        inner = self.inner
        assert isinstance(inner, BillingProvider)
        return await self._bounded(lambda: inner.bill(day), seconds=self._rules.bill)

    async def movements(self, day: date) -> list[BalanceMovement]:
        """As the provider's, within the time a bill may take."""
        inner = self.inner
        assert isinstance(inner, StatementProvider)
        return await self._bounded(lambda: inner.movements(day), seconds=self._rules.bill)

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> ProviderNotice:
        """As the provider's: it calls nobody."""
        assert isinstance(self.inner, NoticeProvider)
        return self.inner.parse_notice(headers, body)

    def parse_return(self, query_string: str) -> str | None:
        """As the provider's, None from one that signs nothing: it calls nobody."""
        return self.inner.parse_return(query_string) if isinstance(self.inner, SignsReturns) else None

    def instructions(self, *, number: str, amount: Money) -> dict[str, str]:
        """As the provider's: it calls nobody."""
        assert isinstance(self.inner, ConfirmedByHand)
        return self.inner.instructions(number=number, amount=amount)

    async def aclose(self) -> None:
        """Release connections."""
        await self.inner.aclose()

    async def _guarded(self, call: Callable[[], Awaitable[T]], *, seconds: float, tells: bool = True) -> T:
        """Make a call if the provider is not down, and learn from how it ends when it `tells` anything."""
        rules = self._rules.breaker
        if rules is None:
            return await self._bounded(call, seconds=seconds)
        began = self._tools.clock()
        if self.is_down:
            raise ProviderDown(provider=self.code, reason="it did not answer lately")
        if not tells:
            return await self._bounded(call, seconds=seconds)
        trial = self._breaker.openings > 0
        self._breaker = rules_of.begin(self._breaker)
        try:
            result = await self._bounded(call, seconds=seconds)
        except ProviderRefused:
            self._answered(trial=trial)
            raise
        except ProviderUnavailable as error:
            self._failed(str(error.params.get("reason")), trial=trial, rules=rules)
            raise
        except asyncio.CancelledError:
            if self._tools.clock() - began >= self._rules.silence:
                self._failed("no answer before its caller gave up", trial=trial, rules=rules)
            else:
                self._breaker = rules_of.release(self._breaker, trial=trial)
            raise
        except BaseException:
            self._breaker = rules_of.release(self._breaker, trial=trial)
            raise
        self._answered(trial=trial)
        return result

    def _answered(self, *, trial: bool) -> None:
        self._breaker = rules_of.succeed(self._breaker, trial=trial)
        if trial:
            _LOG.warning("payment_provider_up", provider=self.code)

    def _failed(self, reason: str, *, trial: bool, rules: BreakerRules) -> None:
        now = self._tools.clock()
        before = self._breaker.openings
        self._breaker = rules_of.fail(self._breaker, now, trial=trial, rules=rules)
        if self._breaker.openings > before:
            pause = round(self._breaker.open_until - now, 1)
            _LOG.error("payment_provider_down", provider=self.code, seconds=pause, reason=reason)

    async def _bounded(self, call: Callable[[], Awaitable[T]], *, seconds: float) -> T:
        """Make a call within `seconds`, again when it failed fast. Raises ProviderUnavailable when time is up."""
        if in_transaction():
            raise AssertionError(f"{self.code} was called while a transaction is open")
        try:
            async with asyncio.timeout(seconds):
                return await self._repeated(call)
        except TimeoutError as problem:
            raise ProviderUnavailable(provider=self.code, reason=f"no answer in {seconds:g} s") from problem

    async def _repeated(self, call: Callable[[], Awaitable[T]]) -> T:
        tools, rules = self._tools, self._rules
        for turn in range(rules.repeats):
            began = tools.clock()
            try:
                return await call()
            except ProviderRefused:
                raise
            except ProviderUnavailable:
                if tools.clock() - began > rules.fast:
                    raise
            await tools.sleep(rules.first_pause * 2**turn * (1 + tools.chance()))
        return await call()


def guarded(provider: PaymentProvider, rules: GuardRules, tools: GuardTools | None = None) -> GuardedProvider:
    """The provider behind a guard; one that is behind one already is taken as it is."""
    return provider if isinstance(provider, GuardedProvider) else GuardedProvider(provider, rules, tools)
