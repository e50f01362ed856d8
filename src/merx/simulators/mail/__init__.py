"""A mail server that delivers nothing: it keeps what Merx sends and shows it on a web page and as JSON."""

from merx.simulators.mail.box import MailBox, MailMessage
from merx.simulators.mail.simulator import MailSimulator

__all__ = ["MailBox", "MailMessage", "MailSimulator"]
