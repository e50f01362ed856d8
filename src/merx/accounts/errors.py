"""What accounts refuse."""

from merx.kit.errors import Conflict, Invalid, NotFound, Unauthenticated, Unavailable


class BadEmail(Invalid):
    """The text is not an e-mail address; `field` in the params names which one."""

    code = "bad_email"
    message = "Write an e-mail address such as name@example.com."


class UnknownAccount(NotFound):
    """No active account has this e-mail address. Only an operator is told so."""

    code = "unknown_account"
    message = "There is no account with this e-mail address."


class BadPhone(Invalid):
    """The text is not a telephone number."""

    code = "bad_phone"
    message = "Write a telephone number of %(least)s to %(most)s digits."


class BadPostalCode(Invalid):
    """The text is not a postal code of any country."""

    code = "bad_postal_code"
    message = "Write a postal code of letters and digits."


class BadCountry(Invalid):
    """The text is not a country code."""

    code = "bad_country"
    message = "Choose a country."


class PasswordTooShort(Invalid):
    """The password has too few characters."""

    code = "password_too_short"
    message = "Choose a password of at least %(least)s characters."


class PasswordTooLong(Invalid):
    """The password has too many characters."""

    code = "password_too_long"
    message = "Choose a password of at most %(most)s characters."


class PasswordTooCommon(Invalid):
    """The password is among the first that a guesser tries."""

    code = "password_too_common"
    message = "This password is easy to guess. Choose another one."


class EmailTaken(Conflict):
    """An account has this e-mail address already."""

    code = "email_taken"
    message = "There is an account with this e-mail address. Log in instead."


class WrongCredentials(Unauthenticated):
    """No active account has this e-mail and password; which of them is wrong is never said."""

    code = "wrong_credentials"
    message = "The e-mail address or the password is wrong."


class TooManyAttempts(Unavailable):
    """The caller tried too often; `retry_after` is in seconds. Edges answer 429 (RFC 6585)."""

    code = "too_many_attempts"
    message = "Too many attempts. Try again in %(minutes)s minutes."


class PasswordsBusy(Unavailable):
    """More passwords are waiting to be checked than this process takes on."""

    code = "passwords_busy"


class PersonErased(NotFound):
    """The person's data key is gone: what was sealed under it cannot be read by anyone."""

    code = "person_erased"
    message = "This person's data was erased."


class UnknownAddress(NotFound):
    """No such address in this account's address book."""

    code = "unknown_address"


class StaleAddress(Conflict):
    """The address changed since it was read; `version` in the params is the present one."""

    code = "stale_address"
    message = "This address was changed meanwhile. Look at it again."


class TooManyAddresses(Conflict):
    """The address book is full."""

    code = "too_many_addresses"
    message = "An address book holds at most %(most)s addresses. Delete one first."
