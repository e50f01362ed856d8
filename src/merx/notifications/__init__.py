"""Notifications: what happened, told to whom it concerns, in the account and by mail, in their language.

Each kind is a file in `kinds/`: the events it answers, who is told, its texts and its link. It turns events into
notifications and queued mails in the transaction of the feed's cursor; a job sends the mails.
"""

from merx.notifications.errors import MailRefused, MailUnavailable
from merx.notifications.jobs import send_mails
from merx.notifications.kinds import KINDS
from merx.notifications.model import (
    Letter,
    Mailer,
    Notification,
    NotificationPage,
    Wording,
)
from merx.notifications.read import count_unread, list_notifications, mark_read, word
from merx.notifications.settings import MailSettings
from merx.notifications.smtp import SmtpMailer

__all__ = [
    "KINDS",
    "Letter",
    "MailRefused",
    "MailSettings",
    "MailUnavailable",
    "Mailer",
    "Notification",
    "NotificationPage",
    "SmtpMailer",
    "Wording",
    "count_unread",
    "list_notifications",
    "mark_read",
    "send_mails",
    "word",
]
