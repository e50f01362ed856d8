"""Notifications: what happened, told to whom it concerns, in the account and by mail, in their language.

Handlers turn events into notifications and queued mails in the transaction of the feed's cursor; a job sends the mails.
"""

from merx.notifications.errors import MailRefused, MailUnavailable
from merx.notifications.handlers import (
    tell_buyer_confirmed,
    tell_buyer_shipped,
    tell_dispute,
    tell_return,
    tell_seller_authorized,
    tell_seller_paid,
    tell_seller_withdrawn,
)
from merx.notifications.jobs import send_mails
from merx.notifications.model import (
    DisputeTold,
    Letter,
    Mailer,
    Notification,
    NotificationPage,
    OrderPaid,
    ParcelShipped,
    ReturnMoved,
    Wording,
)
from merx.notifications.read import count_unread, list_notifications, mark_read
from merx.notifications.settings import MailSettings
from merx.notifications.smtp import SmtpMailer
from merx.notifications.texts import word

__all__ = [
    "DisputeTold",
    "Letter",
    "MailRefused",
    "MailSettings",
    "MailUnavailable",
    "Mailer",
    "Notification",
    "NotificationPage",
    "OrderPaid",
    "ParcelShipped",
    "ReturnMoved",
    "SmtpMailer",
    "Wording",
    "count_unread",
    "list_notifications",
    "mark_read",
    "send_mails",
    "tell_buyer_confirmed",
    "tell_buyer_shipped",
    "tell_dispute",
    "tell_return",
    "tell_seller_authorized",
    "tell_seller_paid",
    "tell_seller_withdrawn",
    "word",
]
