"""Why a mail could not be handed over."""

from merx.kit.errors import Invalid, Unavailable


class MailRefused(Invalid):
    """The mail server refused this letter for good: the address does not exist, or the letter is not taken."""

    code = "mail_refused"
    message = "The mail server refused the letter (%(status)s)."


class MailUnavailable(Unavailable):
    """The mail server did not answer, or asked to try again."""

    code = "mail_unavailable"
    message = "The mail server did not take the letter (%(reason)s)."
