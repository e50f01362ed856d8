"""How mail is set."""

from pathlib import Path
from typing import Annotated

from merx.infra.settings import Section, Setting, Values, parse_text, parse_url, simulator_port


class MailSettings(Section, frozen=True, kw_only=True):
    """The server that takes our mail, and who sends it. Without a server no mail is sent."""

    # fmt: off
    smtp_url: Annotated[str | None, Setting(
        "Mail server, as smtp://user:password@host:587 (STARTTLS) or smtps://…:465.", parse_url("smtp", "smtps"),
        otherwise="the simulated mail server when MERX_SIMULATORS is true, else no mail is sent", secret=True,
    )]
    mail_from: Annotated[str, Setting("Sender of the mails.", parse_text, "Merx <shop@merx.example>")]
    simulator_mail_smtp_port: Annotated[int, simulator_port(
        "Port on which the simulated mail server takes mail.", "8025",
    )]
    simulator_mail_http_port: Annotated[int, simulator_port(
        "Port on which the simulated mail server shows the mail it took.", "8091",
    )]
    # fmt: on

    @classmethod
    def simulated(cls, given: Values, _keys: Path) -> Values:
        """The simulated mail server."""
        return {"smtp_url": f"smtp://127.0.0.1:{given['simulator_mail_smtp_port']}"}
