"""A shop with a till, audited after every test."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from tests.world.shop import a_shop
from tests.world.till import Till

from merx.infra.crypto import MasterKeys
from merx.infra.db import Database


@pytest.fixture
async def till(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> AsyncIterator[Till]:
    """The checkout of a small shop, with Alipay behind it."""
    till = Till(db, keys, owner, await a_shop(db, now=now), now)
    yield till
    try:
        await till.audit()
    finally:
        await till.close()
