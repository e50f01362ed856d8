"""Logging in and registering."""

from tests.storefront.samples.core import Pages

from merx.storefront import views as v


def pages(_locale: str, _currency: str) -> Pages:
    """One with mistakes, one empty."""
    wrong = v.FormView(values={"email": "ada"}, errors={"email": "…", "form": "…"})
    return {
        "login": ("login.html", v.LogInView(form=wrong, return_to="/cart")),
        "register": ("register.html", v.RegisterView(form=v.FormView(), return_to="/")),
    }
