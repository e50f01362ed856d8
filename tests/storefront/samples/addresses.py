"""The address book."""

from tests.storefront.samples.core import Pages, address, address_form

from merx.storefront.addresses import view as addresses_view


def pages(locale: str, _currency: str) -> Pages:
    """Some addresses, none, and a new one."""
    return {
        "addresses": (
            "addresses/addresses.html",
            addresses_view.AddressesView(addresses=(address(locale), address(locale))),
        ),
        "addresses-empty": ("addresses/addresses.html", addresses_view.AddressesView(addresses=())),
        "address-form": ("addresses/address_form.html", address_form()),
    }
