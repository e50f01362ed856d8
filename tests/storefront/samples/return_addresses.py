"""Where returned goods go."""

from tests.storefront.samples.core import Pages

from merx.storefront import return_views as r
from merx.storefront import views as v


def pages(_locale: str, _currency: str) -> Pages:
    """Two shops, one with a mistake."""
    return {
        "return-addresses": (
            "return_addresses.html",
            r.ReturnAddressesView(
                shops=(
                    r.ReturnAddressView(url="/seller/return-addresses/1", seller_name="A", form=v.FormView()),
                    r.ReturnAddressView(
                        url="/seller/return-addresses/2",
                        seller_name="B",
                        form=v.FormView(values={"return_address": "x"}, errors={"return_address": "…"}),
                    ),
                )
            ),
        ),
    }
