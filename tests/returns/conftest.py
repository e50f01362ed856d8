"""A shop with a till, a buyer with paid purchases, and what buyer, seller and staff do with a case."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from tests.world.desk import Desk
from tests.world.shop import a_shop
from tests.world.till import Till

from merx.infra.crypto import MasterKeys
from merx.infra.db import Database


@pytest.fixture
async def desk(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> AsyncIterator[Desk]:
    """After-sales of a small shop; audited after every test."""
    till = Till(db, keys, owner, await a_shop(db, now=now), now)
    desk = Desk(till)
    yield desk
    try:
        await till.audit()
    finally:
        await till.close()
