"""A shop whose buyers pay through three simulated providers, and its bookkeeper, who reads their bills."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from tests.world.books import Books
from tests.world.shop import a_shop

from merx.infra.crypto import MasterKeys
from merx.infra.db import Database


@pytest.fixture
async def books(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> AsyncIterator[Books]:
    """A small shop on a Saturday afternoon in China; `merx verify` finds nothing after every test."""
    books = Books(db, keys, owner, await a_shop(db, now=now), now)
    yield books
    try:
        await books.sound()
    finally:
        await books.close()
