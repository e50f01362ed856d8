from datetime import datetime
from functools import partial

import pytest
from tests.world.sale import SellFn, ViewFn, a_sale, seen

from merx.infra.db import Database


@pytest.fixture
def sell(db: Database, now: datetime) -> SellFn:
    """Places a purchase; paid unless told otherwise."""
    return partial(a_sale, db, now=now)


@pytest.fixture
def view(db: Database) -> ViewFn:
    """Reads a purchase as its buyer."""
    return partial(seen, db)
