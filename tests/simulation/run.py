"""One run: a seed decides everything that happens, and the same seed makes the same trace."""

import hashlib
from collections import Counter
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
from tests.simulation.after_sales import decide_the_rest, keep_silence, retry_refunds
from tests.simulation.auditor import audit, final_audit, note_states
from tests.simulation.steps import STEPS
from tests.simulation.world import World

from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.verify import verify

AUDIT_EVERY = 5
SETTLING_ROUNDS = 80


class Report(msgspec.Struct, frozen=True):
    """What a run was: the hash of its trace, and how many purchases ended in which state."""

    seed: int
    steps: int
    trace: list[str]
    purchases: dict[str, int]

    @property
    def trace_hash(self) -> str:
        """Equal for equal runs."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]


def rerun_line(seed: int, steps: int) -> str:
    """The command that repeats a run."""
    return f"python -m tests.simulation --seed {seed} --steps {steps}"


class BrokenRun(AssertionError):
    """An invariant broke. The message says after which step, and how to see it again."""


async def simulate(
    db: Database, owner: asyncpg.Connection, keys: MasterKeys, *, seed: int, steps: int, home: Path
) -> Report:
    """Run a shop for so many steps, auditing on the way, then let everything settle and audit the end.

    Raises BrokenRun.
    """
    world = World(db, owner, keys, seed, home)
    trace: list[str] = []
    try:
        await world.open()
        for number in range(steps):
            trace.append(f"{number} {await _step(world)}")
            await note_states(world)
            if number % AUDIT_EVERY == 0:
                await audit(world)
        trace += await _settle(world)
        await final_audit(world)
        await _verify(world)
        trace.append(" ".join(f"{purchase.name}:{world.states[purchase.id]}" for purchase in world.purchases))
    except Exception as error:
        tail = "\n  ".join(trace[-12:])
        msg = f"{error!r} after\n  {tail}\nagain: {rerun_line(seed, steps)}"
        raise BrokenRun(msg) from error
    finally:
        await world.close()
    return Report(seed, steps, trace, dict(Counter(world.states.values())))


async def _verify(world: World) -> None:
    """The shop's own proof must come to the same result as the auditor."""
    report = await verify(world.db, now=world.now, key_ids=sorted(world.keys.key_ids))
    broken = {result.code: result.named for result in report.results if result.breaks}
    assert report.sound, f"`merx verify` finds {broken}"


async def _step(world: World) -> str:
    weights = [weight for weight, _ in STEPS]
    step = world.chance.choices([step for _, step in STEPS], weights)[0]
    world.wait(timedelta(milliseconds=1))
    return await step(world)


async def _settle(world: World) -> list[str]:
    """No more faults: notices arrive, jobs run, parcels are received, until days pass and nothing happens any more.

    Notices that were lost for good stay lost: the shop must find out by asking.
    """
    world.peers.clear_faults()
    await decide_the_rest(world)
    trace = []
    for _ in range(SETTLING_ROUNDS):
        world.wait(timedelta(hours=6))
        for peer in world.peers:
            await peer.deliver()
        done = Counter[str]()
        for name in sorted(world.jobs):
            if name == "act_on_silence":
                done[name] = await keep_silence(world)
            elif name == "deliver_events":
                await world.deliver_events()
            elif name != "expire_idle_carts":
                done[name] = await world.jobs[name].work(world.now)
        await retry_refunds(world)
        await note_states(world)
        happened = ", ".join(f"{name} {count}" for name, count in sorted(done.items()) if count)
        if happened:
            trace.append(f"settling {happened}")
    await world.deliver_events()
    return trace
