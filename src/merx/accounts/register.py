"""Open an account."""

from datetime import datetime

from merx.accounts.errors import EmailTaken
from merx.accounts.events import AccountRegistered
from merx.accounts.model import Account
from merx.accounts.persons import new_person, seal_contact
from merx.accounts.rules import check_email, check_name
from merx.accounts.store import accounts
from merx.infra.crypto import MasterKeys
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.i18n import check_locale
from merx.kit.ids import new_id


async def register(
    tx: Tx, keys: MasterKeys, *, email: str, password_hash: str, name: str, locale: str, now: datetime
) -> Account:
    """Open an account for an e-mail that has none.

    The edge counts the registration (`count_registration`), checks and hashes the password before it calls this, so
    that a taken e-mail takes as long as a free one. EmailTaken does tell that the address has an account: without a
    mail to confirm the address there is no other honest answer, and ten questions an hour per network are no way to
    read a list. Raises EmailTaken, which must roll the transaction back, BadEmail, UnknownLocale, TextRefused.
    """
    email, name, locale = check_email(email), check_name(name), check_locale(locale)
    account_id = new_id()
    cipher = await new_person(tx, keys, person_id=account_id, now=now)
    email_sealed, name_sealed = seal_contact(cipher, email=email, name=name)
    await accounts.insert_account(
        tx,
        account_id=account_id,
        email=email_sealed,
        name=name_sealed,
        password_hash=password_hash,
        locale=locale,
        now=now,
    )
    if not await accounts.claim_email(tx, email_index=keys.blind_index(email), account_id=account_id):
        raise EmailTaken
    await publish(tx, [AccountRegistered(account_id, locale, actor_id=account_id)], now=now)
    return Account(
        id=account_id, email=email, name=name, locale=locale, state="active", version=1, created_at=now
    )
