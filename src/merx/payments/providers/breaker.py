"""When a provider counts as down, and when it is tried again. Pure: times are seconds of a monotonic clock.

After some calls in a row without a usable answer the provider is down for a while; then one call is let through. If that
one is answered, the provider is up, else it is down for twice as long. A refusal is an answer.
"""

import msgspec


class BreakerRules(msgspec.Struct, frozen=True, kw_only=True):
    """`failures` in a row, none of them later than `within` after the one before, take a provider down."""

    failures: int = 5
    within: float = 60.0
    first_pause: float = 5.0
    longest_pause: float = 300.0


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one provider. `openings` counts how often it was found down without an answer in between."""

    failures: int = 0
    failed_at: float = 0.0
    openings: int = 0
    open_until: float = 0.0
    trying: bool = False


def is_down(breaker: Breaker, at: float) -> bool:
    """Whether a call now would be refused: it is down, or the one call that finds out is under way."""
    return breaker.openings > 0 and (at < breaker.open_until or breaker.trying)


def begin(breaker: Breaker) -> Breaker:
    """The state while a call runs that `is_down` has let through: after a pause it is the only one."""
    return msgspec.structs.replace(breaker, trying=True) if breaker.openings else breaker


def release(breaker: Breaker, *, trial: bool) -> Breaker:
    """The state after a call that tells nothing: given up by its caller, or never sent."""
    return msgspec.structs.replace(breaker, trying=False) if trial else breaker


def succeed(breaker: Breaker, *, trial: bool) -> Breaker:
    """The state after an answer. What was sent before the provider went down does not bring it back."""
    return breaker if breaker.openings and not trial else Breaker()


def fail(breaker: Breaker, at: float, *, trial: bool, rules: BreakerRules) -> Breaker:
    """The state after a call without a usable answer."""
    if breaker.openings and not trial:
        return breaker
    recent = breaker.failures > 0 and at - breaker.failed_at <= rules.within
    failures = breaker.failures + 1 if recent else 1
    if not trial and failures < rules.failures:
        return Breaker(failures=failures, failed_at=at)
    openings = breaker.openings + 1
    pause = min(rules.longest_pause, rules.first_pause * 2.0 ** min(openings - 1, 30))
    return Breaker(openings=openings, open_until=at + pause)
