"""Mail by SMTP (RFC 5321): one letter per connection, with deadlines, TLS wherever the server offers it."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from merx.notifications.errors import MailRefused, MailUnavailable
from merx.notifications.model import Letter

_TIMEOUT_S: Final = 20.0
_PERMANENT: Final = range(500, 600)


class SmtpMailer:
    """Hands letters to the mail server of `smtp://[user:password@]host[:port]` or `smtps://…`."""

    def __init__(self, smtp_url: str, *, sender: str, public_url: str) -> None:
        """`sender` is "shop@example.com" or "Shop <shop@example.com>"."""
        parts = urlsplit(smtp_url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self.public_url = public_url

    async def send(self, letter: Letter, *, now: datetime) -> None:
        """Hand a letter over. Raises MailRefused (never will) or MailUnavailable (try again)."""
        message = build_message(letter, sender=self._sender, now=now)
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                timeout=_TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            status = max(refusal.code for refusal in error.recipients)
            raise _judge(status) from error
        except aiosmtplib.SMTPDataError as error:
            raise _judge(error.code) from error
        # Everything else is between us and the server, not about this letter: a wrong password, a lost connection.
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailUnavailable(reason=type(error).__name__) from error


def _judge(status: int) -> MailRefused | MailUnavailable:
    return MailRefused(status=status) if status in _PERMANENT else MailUnavailable(reason=str(status))


def build_message(letter: Letter, *, sender: str, now: datetime) -> EmailMessage:
    """The letter as a MIME message. Nothing in it can add a header: addresses are checked, breaks refused.

    Raises MailRefused when the recipient or the subject could.
    """
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = Address(display_name=name, addr_spec=address)
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject
    except (ValueError, IndexError) as error:  # IndexError: an empty address
        raise MailRefused(status="header") from error
    message["Message-ID"] = f"<{letter.id}@{address.rpartition('@')[2]}>"
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="base64")
    message["Content-Language"] = letter.locale  # after the content, which drops earlier Content-… headers
    return message
