from datetime import datetime
from uuid import UUID

import pytest

from merx.infra.db import Database
from merx.kit.ids import new_id
from merx.sellers import create_seller


async def _open_seller(db: Database, code: str, now: datetime) -> UUID:
    async with db.transaction() as tx:
        seller = await create_seller(tx, id=new_id(), code=code, name={"en": code.title()}, now=now)
    return seller.id


@pytest.fixture
async def seller_id(db: Database, now: datetime) -> UUID:
    return await _open_seller(db, "field", now)


@pytest.fixture
async def other_seller_id(db: Database, now: datetime) -> UUID:
    return await _open_seller(db, "meadow", now)
