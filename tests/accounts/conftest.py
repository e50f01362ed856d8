from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from merx.accounts import Account, hash_password, register
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database

NewAccount = Callable[[str], Awaitable[Account]]


@pytest.fixture(scope="session")
async def password_hash() -> str:
    return await hash_password("correct horse")


@pytest.fixture
def new_account(db: Database, keys: MasterKeys, now: datetime, password_hash: str) -> NewAccount:
    """Register an account with the e-mail given and the password "correct horse"."""

    async def make(email: str) -> Account:
        async with db.transaction() as tx:
            return await register(
                tx, keys, email=email, password_hash=password_hash, name="Anna", locale="en", now=now
            )

    return make
