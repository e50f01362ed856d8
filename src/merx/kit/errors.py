"""The five kinds of refusal. A domain subclasses one, gives it a stable `code` and an English message.

The message is also the translation key: `%(name)s` places are filled from the keyword arguments, after translation.
The edges map kinds to HTTP once (`merx.infra.http.problems`); domains know no HTTP.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """Base of every expected refusal."""

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "The request was refused."

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(self.text())

    def text(self) -> str:
        """The English message with its values filled in."""
        return self.message % self.params


class Invalid(DomainError):
    """The input is wrong and will stay wrong: the caller must change it."""

    code = "invalid"


class NotFound(DomainError):
    """There is no such thing, or it is not this caller's to see."""

    code = "not_found"
    message = "This does not exist, or it is not yours."


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "forbidden"
    message = "You may not do this."


class Unauthenticated(Forbidden):
    """The caller has not said who they are."""

    code = "unauthenticated"
    message = "Log in first."


class Conflict(DomainError):
    """The input is fine, the present state forbids it."""

    code = "conflict"


class Unavailable(DomainError):
    """Something outside does not answer; the outcome is unknown or the work was not begun."""

    code = "unavailable"
    message = "This is not available at the moment. Try again shortly."
