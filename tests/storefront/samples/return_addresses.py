"""Where returned goods go."""

from tests.storefront.samples.core import Pages

from merx.storefront.core import views
from merx.storefront.return_addresses import view


def pages(_locale: str, _currency: str) -> Pages:
    """Two shops, one with a mistake."""
    return {
        "return-addresses": (
            "return_addresses/return_addresses.html",
            view.ReturnAddressesView(
                shops=(
                    view.ReturnAddressView(
                        url="/seller/return-addresses/1", seller_name="A", form=views.FormView()
                    ),
                    view.ReturnAddressView(
                        url="/seller/return-addresses/2",
                        seller_name="B",
                        form=views.FormView(values={"return_address": "x"}, errors={"return_address": "…"}),
                    ),
                )
            ),
        ),
    }
