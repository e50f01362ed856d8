"""The page of an error."""

from tests.storefront.samples.core import Pages

from merx.storefront.core import views


def pages(_locale: str, _currency: str) -> Pages:
    """One for each status."""
    return {
        **{
            f"error-{status}": (
                "core/error.html",
                views.ErrorView(status=status, back_url="/cart", reference="7f3a" if status == 500 else None),
            )
            for status in (400, 403, 404, 409, 413, 429, 500, 503)
        },
    }
