"""Work that waits for providers: several at once, and a slow provider holds up nobody but itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final, TypeVar

from merx.payments.providers.errors import ProviderUnavailable

WIDTH: Final = 10
T = TypeVar("T")


async def in_lanes(
    items: Iterable[T], *, lane: Callable[[T], str], work: Callable[[T], Awaitable[int]]
) -> int:
    """Do `work` on every item, at most `WIDTH` at once in each lane and there in order; returns the sum of the results.

    An item whose work raises stops no other; when all are done, the first such error is raised.
    """
    lanes: dict[str, list[T]] = {}
    for item in items:
        lanes.setdefault(lane(item), []).append(item)
    errors: list[Exception] = []

    async def walk(waiting: Iterator[T]) -> int:
        done = 0
        for item in waiting:
            try:
                done += await work(item)
            except Exception as error:  # noqa: BLE001 - raised below
                errors.append(error)
        return done

    walkers = [
        walk(waiting)
        for items_of_lane in lanes.values()
        for waiting in [iter(items_of_lane)]
        for _ in range(min(WIDTH, len(items_of_lane)))
    ]
    done = sum(await asyncio.gather(*walkers))
    if errors:
        raise errors[0]
    return done


async def answered(work: Awaitable[bool]) -> bool:
    """The result of one item's work, False when its provider does not answer: a job asks again later."""
    try:
        return await work
    except ProviderUnavailable:
        return False
