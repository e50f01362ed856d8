"""Send queued mails: claim in a commit of its own, send outside of any transaction, record the outcome."""

from datetime import datetime

import msgspec

from merx.accounts import Account, account_contacts
from merx.infra.crypto import MasterKeys, UnreadableSeal
from merx.infra.db import Database
from merx.notifications import store
from merx.notifications.errors import MailRefused, MailUnavailable
from merx.notifications.kinds import KINDS
from merx.notifications.letter import compose
from merx.notifications.model import Mailer, QueuedMail
from merx.notifications.rules import ATTEMPTS_MOST, LEASE, next_attempt


async def send_mails(
    db: Database, keys: MasterKeys, mailer: Mailer, *, now: datetime, limit: int = 50
) -> int:
    """Send up to `limit` mails that are due; how many were handed over.

    After a failure a mail waits 1 min, 5 min, 30 min, 2 h, 6 h, then it has failed. A crash between sending and
    recording sends it again after ten minutes, with the same Message-ID.
    """
    async with db.transaction() as tx:
        mails = await store.claim_mails(tx, now=now, lease_until=now + LEASE, limit=limit)
    sent = 0
    for mail in mails:
        state, retry_at = await _try(db, keys, mailer, mail, now)
        async with db.transaction() as tx:
            await store.settle_mail(tx, mail=mail, state=state, next_attempt_at=retry_at)
        sent += state == "sent"
    return sent


async def _try(
    db: Database, keys: MasterKeys, mailer: Mailer, mail: QueuedMail, now: datetime
) -> tuple[str, datetime | None]:
    """Send one mail; its new state and, when it is queued again, when it is due."""
    if mail.attempts > ATTEMPTS_MOST:  # it has ended the process that sent it, again and again
        return "failed", None
    try:
        recipient = await _recipient(db, keys, mail)
        if recipient is None:
            return "failed", None
        kind = KINDS[mail.kind]
        wording = kind.word(kind.read(mail.data), locale=recipient.locale)
        letter = compose(mail.id, wording, recipient=recipient, public_url=mailer.public_url)
        await mailer.send(letter, now=now)
    except MailUnavailable:
        retry_at = next_attempt(attempts=mail.attempts, now=now)
        return ("failed" if retry_at is None else "queued"), retry_at
    except (MailRefused, UnreadableSeal, msgspec.ValidationError):
        return "failed", None
    return "sent", None


async def _recipient(db: Database, keys: MasterKeys, mail: QueuedMail) -> Account | None:
    """The account to write to, unless it was erased or suspended meanwhile."""
    async with db.read() as read:
        account = (await account_contacts(read, keys, account_ids=[mail.account_id])).get(mail.account_id)
    return account if account is not None and account.state == "active" else None
