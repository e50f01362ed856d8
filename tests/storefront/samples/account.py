"""Logging in and registering."""

from tests.storefront.samples.core import Pages

from merx.storefront.account import view as account_view
from merx.storefront.core import views


def pages(_locale: str, _currency: str) -> Pages:
    """One with mistakes, one empty."""
    wrong = views.FormView(values={"email": "ada"}, errors={"email": "…", "form": "…"})
    return {
        "login": ("account/login.html", account_view.LogInView(form=wrong, return_to="/cart")),
        "register": (
            "account/register.html",
            account_view.RegisterView(
                form=views.FormView(), return_to="/", password_least=8, password_most=128
            ),
        ),
    }
