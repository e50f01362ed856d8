"""What the pages of accounts and sessions show. Pure."""

from merx.storefront.core.views import FormView, View


class LogInView(View, frozen=True, kw_only=True):
    """The log-in form."""

    form: FormView
    return_to: str


class RegisterView(View, frozen=True, kw_only=True):
    """The form for a new account, and how many characters a password has."""

    form: FormView
    return_to: str
    password_least: int
    password_most: int
