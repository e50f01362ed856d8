"""What the page of return addresses shows. Pure."""

from collections.abc import Mapping
from uuid import UUID

from merx.kit import links
from merx.kit.i18n import pick
from merx.queries.return_addresses import ReturnAddressList
from merx.storefront.core.forms import form_view
from merx.storefront.core.views import FormView, View


class ReturnAddressView(View, frozen=True, kw_only=True):
    """A shop's address for goods that come back, to be written."""

    url: str
    seller_name: str
    form: FormView


class ReturnAddressesView(View, frozen=True, kw_only=True):
    """Those of all shops one works for."""

    shops: tuple[ReturnAddressView, ...]


def addresses_view(
    found: ReturnAddressList, *, locale: str, sent: Mapping[UUID, FormView]
) -> ReturnAddressesView:
    """A form for each shop; `sent` are those that came back."""
    return ReturnAddressesView(
        shops=tuple(
            ReturnAddressView(
                url=f"{links.return_addresses()}/{each.seller_id}",
                seller_name=pick(each.seller_name, locale),
                form=sent.get(each.seller_id) or form_view({"return_address": each.return_address}),
            )
            for each in found.items
        )
    )
