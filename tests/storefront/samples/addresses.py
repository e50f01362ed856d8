"""The address book."""

from tests.storefront.samples.core import Pages, address, address_form

from merx.storefront import views as v


def pages(locale: str, _currency: str) -> Pages:
    """Some addresses, none, and a new one."""
    return {
        "addresses": ("addresses.html", v.AddressesView(addresses=(address(locale), address(locale)))),
        "addresses-empty": ("addresses.html", v.AddressesView(addresses=())),
        "address-form": ("address_form.html", address_form()),
    }
