"""What the pages of return addresses show. Pure."""

from merx.storefront.core.views import FormView, View


class ReturnAddressView(View, frozen=True, kw_only=True):
    """A shop's address for goods that come back, to be written."""

    url: str
    seller_name: str
    form: FormView


class ReturnAddressesView(View, frozen=True, kw_only=True):
    """Those of all shops one works for."""

    shops: tuple[ReturnAddressView, ...]
