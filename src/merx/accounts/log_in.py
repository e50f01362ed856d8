"""Log in with e-mail and password."""

import secrets
from datetime import datetime

from merx.accounts.errors import BadEmail, WrongCredentials
from merx.accounts.limit_attempts import Attempt, bucket, count_attempt
from merx.accounts.model import Account
from merx.accounts.passwords import NOBODYS_HASH, hash_password, needs_rehash, verify_password
from merx.accounts.persons import open_account
from merx.accounts.rules import (
    LOG_IN_ACCOUNT,
    LOG_IN_HERE,
    LOG_IN_NETWORK,
    SESSION_LENGTH,
    check_email,
    network_of,
)
from merx.accounts.store import accounts, limits, sessions
from merx.infra.crypto import MasterKeys, token_hash
from merx.infra.db import Database
from merx.infra.logging import security_event


async def log_in(
    db: Database, keys: MasterKeys, *, email: str, password: str, remote: str, now: datetime
) -> tuple[str, Account]:
    """Open a session; return its token, which is shown once, and the account. `remote` is the caller's IP address.

    It takes `db`, not a transaction: hashing takes tens of milliseconds and must hold no connection, and the attempt
    stays counted when the log-in fails. An unknown e-mail costs the same statements and the same hash as a wrong
    password. Raises WrongCredentials, TooManyAttempts, PasswordsBusy.
    """
    try:
        normal = check_email(email).casefold()
    except BadEmail as error:
        raise WrongCredentials from error  # no account can have it, so there is nothing to hide or to count
    network = network_of(remote)
    attempts: list[Attempt] = [
        (LOG_IN_HERE, f"{normal}|{network}"),
        (LOG_IN_ACCOUNT, normal),
        (LOG_IN_NETWORK, network),
    ]
    async with db.transaction() as tx:
        await count_attempt(tx, keys, attempts=attempts, now=now)
    async with db.read() as read:
        found = await accounts.by_email(read, email_index=keys.blind_index(normal))
    stored = NOBODYS_HASH if found is None else found.password_hash
    if not await verify_password(stored, password) or found is None:
        security_event("log_in_refused", account_id=None if found is None else str(found.id))
        raise WrongCredentials
    fresh = await hash_password(password) if needs_rehash(stored) else None
    token = secrets.token_urlsafe(32)
    async with db.transaction() as tx:
        # The password may have been changed, or the account suspended, while we hashed.
        if not await accounts.lock_credentials(tx, account_id=found.id, password_hash=stored):
            raise WrongCredentials
        if fresh is not None:
            await accounts.set_password_hash(tx, account_id=found.id, password_hash=fresh, now=now)
        await sessions.insert_session(
            tx, token_hash=token_hash(token), account_id=found.id, now=now, expires_at=now + SESSION_LENGTH
        )
        # Forget this network's wrong guesses at this account. Of the others only this attempt is taken back: a
        # guesser with an account of their own must not clear what they did to other people's.
        await limits.take_back_hits(
            tx,
            buckets=[bucket(keys, attempt) for attempt in attempts],
            window_starts=[limit.window_start(now) for limit, _ in attempts],
            hits=[LOG_IN_HERE.most, 1, 1],
        )
    return token, open_account(keys, found)
