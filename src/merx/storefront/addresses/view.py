"""What the pages of address books show. Pure."""

from merx.accounts import SavedAddress
from merx.storefront.core.addresses import FIELDS
from merx.storefront.core.views import AddressView, FormView, View


def filled_form(saved: SavedAddress) -> FormView:
    """A saved address in its form, with the version that was read."""
    address = saved.address
    values = {field: getattr(address, field) for field in FIELDS}
    values["version"] = str(saved.version)
    if saved.is_default:
        values["is_default"] = "yes"
    return FormView(values=values)


class AddressesView(View, frozen=True, kw_only=True):
    """The address book."""

    addresses: tuple[AddressView, ...]
