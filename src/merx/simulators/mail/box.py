"""The messages received, newest last, kept in memory and as `.eml` files."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import msgspec

from merx.kit.ids import new_id

_KEEP = 1000


class MailMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One received message: envelope, the headers a reader looks for, and its bodies as text."""

    id: str
    received_at: datetime
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str | None
    headers: dict[str, str]


class MailBox:
    """Keeps the last thousand messages; older files are removed."""

    def __init__(self, folder: Path | None) -> None:
        """Read what an earlier process left in `folder`; None keeps messages in memory only."""
        self._folder = folder
        self._messages: dict[str, MailMessage] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in sorted(folder.glob("*.json")):
                message = msgspec.json.decode(path.read_bytes(), type=MailMessage)
                self._messages[message.id] = message

    def add(self, *, sender: str, recipients: list[str], content: bytes, now: datetime) -> MailMessage:
        """Keep one message as it came over the wire."""
        message = _read(sender, recipients, content, now)
        self._messages[message.id] = message
        if self._folder is not None:
            (self._folder / f"{message.id}.eml").write_bytes(content)
            (self._folder / f"{message.id}.json").write_bytes(msgspec.json.encode(message))
        for oldest in list(self._messages)[: max(0, len(self._messages) - _KEEP)]:
            self._forget(oldest)
        return message

    def all(self, *, to: str | None = None) -> list[MailMessage]:
        """Every message, newest first; only those to one address when `to` is given."""
        newest_first = reversed(self._messages.values())
        return [m for m in newest_first if to is None or to.lower() in (r.lower() for r in m.recipients)]

    def get(self, message_id: str) -> MailMessage | None:
        """One message, or None."""
        return self._messages.get(message_id)

    def clear(self) -> None:
        """Throw every message away."""
        for message_id in list(self._messages):
            self._forget(message_id)

    def _forget(self, message_id: str) -> None:
        del self._messages[message_id]
        if self._folder is not None:
            for suffix in (".eml", ".json"):
                (self._folder / f"{message_id}{suffix}").unlink(missing_ok=True)


def _read(sender: str, recipients: list[str], content: bytes, now: datetime) -> MailMessage:
    parsed = message_from_bytes(content, policy=policy.default)
    return MailMessage(
        id=str(new_id()),
        received_at=now.astimezone(UTC),
        sender=sender,
        recipients=recipients,
        subject=str(parsed.get("subject", "")),
        text=_body(parsed, "plain") or "",
        html=_body(parsed, "html"),
        headers={name: str(value) for name, value in parsed.items()},
    )


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return None
    try:
        text = payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        # A charset nobody knows: the message is still worth showing.
        text = payload.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")
