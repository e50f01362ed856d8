"""One lived-in shop for all tests of a module: they look at it, or break it in a transaction that is rolled back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.world.lived_in import a_lived_in_shop

from merx.infra.db import Database

BEGAN = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


class LivedIn(msgspec.Struct, frozen=True):
    """The shop, the moment it is looked at, and its folder of pictures."""

    db: Database
    now: datetime
    media: Path


@pytest.fixture(scope="module")
async def lived_in(
    worker_db: Database, owner: Any, emptying: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LivedIn]:
    """A shop with purchases in every state, made by the public use cases."""
    media = tmp_path_factory.mktemp("media")
    try:
        yield LivedIn(worker_db, await a_lived_in_shop(worker_db, owner, now=BEGAN, media=media), media)
    finally:
        await owner.execute(emptying)
