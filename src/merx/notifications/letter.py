"""The letter that a notification is by mail. Pure."""

from uuid import UUID

from merx.accounts import Account
from merx.infra.translate import message_text
from merx.notifications.model import Letter, Wording


def compose(mail_id: UUID, wording: Wording, *, recipient: Account, public_url: str) -> Letter:
    """The letter to a recipient; the wording is in their language."""
    values = {
        "name": recipient.name,
        "title": wording.title,
        "text": wording.text,
        "url": public_url.rstrip("/") + wording.path,
    }
    text = message_text(
        "Hello %(name)s,\n\n%(title)s.\n%(text)s\n\nSee the order: %(url)s\n\n"
        "This mail was sent automatically; please do not reply.\n",
        values,
        locale=recipient.locale,
    )
    return Letter(id=mail_id, to=recipient.email, subject=wording.title, text=text, locale=recipient.locale)
