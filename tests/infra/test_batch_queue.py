"""Commands of one process gathered into batches."""

import asyncio

import pytest

from merx.infra import batch_queue
from merx.infra.batch_queue import BatchQueue, QueueFull

FAULT = 1313


class Work:
    """Doubles numbers, keeps the batches, and waits at a gate."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, batch: list[int]) -> list[int | Exception]:
        self.batches.append(batch)
        await self.gate.wait()
        if FAULT in batch:
            raise RuntimeError("a fault")
        return [ValueError("odd one out") if each < 0 else 2 * each for each in batch]


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def queue(work: Work) -> BatchQueue[int, int]:
    return BatchQueue("numbers", work)


async def test_a_lone_command_starts_at_once(work: Work, queue: BatchQueue[int, int]) -> None:
    assert await queue.put(1) == 2
    assert work.batches == [[1]]


async def test_what_arrives_while_a_batch_runs_is_the_next_batch(
    work: Work, queue: BatchQueue[int, int]
) -> None:
    work.gate.clear()
    first = asyncio.create_task(queue.put(1))
    while not work.batches:
        await asyncio.sleep(0)
    rest = [asyncio.create_task(queue.put(number)) for number in range(2, 400)]
    await asyncio.sleep(0)
    work.gate.set()
    assert await asyncio.gather(first, *rest) == [2 * number for number in range(1, 400)]
    assert [len(batch) for batch in work.batches] == [1, 256, 142]


async def test_an_answer_that_is_an_exception_is_raised_to_its_caller_alone(
    queue: BatchQueue[int, int],
) -> None:
    good, bad, other = await asyncio.gather(queue.put(1), queue.put(-1), queue.put(2), return_exceptions=True)
    assert (good, str(bad), other) == (2, "odd one out", 4)


async def test_a_failure_of_the_work_is_told_to_every_caller_and_the_next_batch_runs(
    queue: BatchQueue[int, int],
) -> None:
    answers = await asyncio.gather(queue.put(1), queue.put(FAULT), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["a fault", "a fault"]
    assert await queue.put(3) == 6


async def test_a_caller_that_goes_away_changes_nothing(work: Work, queue: BatchQueue[int, int]) -> None:
    work.gate.clear()
    gone, kept = asyncio.create_task(queue.put(1)), asyncio.create_task(queue.put(2))
    while not work.batches:
        await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    work.gate.set()
    await queue.drain()
    assert await kept == 4
    assert work.batches == [[1, 2]]


async def test_more_than_the_process_will_keep_is_refused(
    work: Work, queue: BatchQueue[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_queue, "QUEUE_LIMIT", 2)
    work.gate.clear()
    accepted = [asyncio.create_task(queue.put(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await queue.put(3)
    work.gate.set()
    assert await asyncio.gather(*accepted) == [2, 4]
