"""A mail server that answers as a test says."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from merx.notifications import SmtpMailer


class MailServer:
    """An SMTP server that answers recipients and letters as a test says, and keeps what it accepted."""

    def __init__(self) -> None:
        self.port = 0
        self.recipient_answer = "250 OK"
        self.letter_answer = "250 OK"
        self.letters: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.tries = 0

    async def handle_RCPT(  # noqa: N802 - the names are the library's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.tries += 1
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.letter_answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.raw.append(content)
            self.letters.append(message_from_bytes(content, policy=policy.default))
            self.recipients += envelope.rcpt_tos
        return self.letter_answer

    @property
    def mailer(self) -> SmtpMailer:
        return SmtpMailer(
            f"smtp://127.0.0.1:{self.port}",
            sender="Merx 商城 <shop@merx.example>",
            public_url="https://shop.example/",
        )
