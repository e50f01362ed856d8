"""Whatever order, loss, duplication or delay of notices, returns, answers and bills: the same books."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.property.lives import STORIES, Schedule, Stage, live

from merx.infra.db import Database
from merx.verify import verify

EXAMPLES = int(os.environ.get("MERX_TEST_EXAMPLES") or 0)
"""How many schedules a story: 0 is the fixed few of every run, anything else is that many new ones."""

ENDINGS = {
    "paid in time": (("placed", None), []),
    "paid late after a cancellation": (("placed", None), []),
    "paid late, the stock is gone": (("cancelled", "buyer"), ["late_payment"]),
    "paid twice": (("placed", None), ["duplicate_payment"]),
    "refunded in part, then wholly": (("cancelled", "refunded"), ["after_sales", "after_sales"]),
    "closed unpaid": (("cancelled", "expired"), []),
}


@st.composite
def schedules(draw: st.DrawFn, births: list[list[str]]) -> Schedule:
    """Everything that is to be told: once, never or twice, in any chapter from its own to the one after the end."""
    told: list[list[str]] = [[] for _ in range(len(births) + 1)]
    for born, names in enumerate(births):
        for name in names:
            for _ in range(draw(st.sampled_from((1, 0, 2)))):
                told[draw(st.integers(born, len(births)))].append(name)
    return [draw(st.permutations(names)) for names in told]


class Theatre:
    """A stage on an event loop of its own, so that a test need not be async."""

    def __init__(self, dsn: str, emptying: str, home: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.emptying = emptying
        self.db = self.loop.run_until_complete(Database(dsn, pool_size=4).open())
        self.owner = self.loop.run_until_complete(asyncpg.connect(dsn))
        self.stage = Stage(self.db, self.owner, home, datetime(2026, 11, 21, 8, 30, tzinfo=UTC))
        self.loop.run_until_complete(self.stage.open())

    def close(self) -> None:
        for last in (
            self.stage.close(), self.owner.execute(self.emptying), self.owner.close(), self.db.close(),
        ):  # fmt: skip
            self.loop.run_until_complete(last)
        self.loop.close()


@pytest.fixture(scope="module")
def theatre(worker_dsn: str, emptying: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    theatre = Theatre(worker_dsn, emptying, tmp_path_factory.mktemp("lives"))
    yield theatre
    theatre.close()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["alipay", "wechat", "card"])
@pytest.mark.parametrize("story", STORIES)
def test_whatever_is_lost_doubled_or_late_the_books_are_the_same(
    theatre: Theatre, story: str, family: str
) -> None:
    stage, peer = theatre.stage, theatre.stage.peers.by_code[family]
    in_order, births = theatre.loop.run_until_complete(live(stage, peer, STORIES[story]))

    assert (in_order.purchase, [reason for reason, _, _ in in_order.refunds]) == ENDINGS[story]
    assert in_order.booked_at_provider == sum(paid - refunded for paid, refunded, _ in in_order.provider)

    @settings(
        max_examples=EXAMPLES or 5, derandomize=not EXAMPLES, deadline=None, database=None,
        phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(schedule=schedules(births))
    def check(schedule: Schedule) -> None:
        ending, _ = theatre.loop.run_until_complete(live(stage, peer, STORIES[story], schedule))
        assert ending == in_order

    check()
    report = theatre.loop.run_until_complete(
        verify(stage.db, now=stage.clock(), key_ids=sorted(stage.keys.key_ids))
    )
    assert report.sound, {result.code: result.named for result in report.results if result.breaks}
