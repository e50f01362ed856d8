"""What the pages of orders show to their sellers. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from merx.catalog import ProductCard
from merx.kit import links
from merx.kit.i18n import pick
from merx.queries.orders import SellerOrder, SellerOrderList
from merx.queries.returns import ReturnSummary
from merx.storefront.core.addresses import address_lines
from merx.storefront.core.orders import carrier_choices, order_line_view
from merx.storefront.core.views import FormView
from merx.storefront.orders.view import (
    CashView,
    OrdersView,
    OrderView,
    ReturnLink,
    order_row,
    parcel_views,
    totals_view,
)


def seller_list(found: SellerOrderList, *, locale: str, pictured: Mapping[UUID, ProductCard]) -> OrdersView:
    """The orders of one's shops."""
    return OrdersView(
        rows=tuple(
            order_row(
                each,
                url=links.seller_order(each.id),
                counterpart=each.seller_name,
                locale=locale,
                pictured=pictured,
            )
            for each in found.items
        ),
        more_url=f"{links.seller_orders()}?after={found.next_cursor}" if found.next_cursor else None,
    )


def seller_page(
    found: SellerOrder,
    *,
    cases: Sequence[ReturnSummary],
    locale: str,
    pictured: Mapping[UUID, ProductCard],
    form: FormView | None,
    form_for: str | None,
) -> OrderView:
    """An order's whole page, for its seller."""
    address = found.address
    return OrderView(
        number=found.number,
        url=links.seller_order(found.id),
        state=found.progress,
        placed_at=found.placed_at,
        seller_name=pick(found.seller_name, locale),
        recipient=address.name if address else "—",
        phone=address.phone if address else "",
        address_lines=address_lines(address, locale) if address else (),
        delivery=None,
        payment_name="",
        steps=found.steps,
        lines=tuple(order_line_view(line, locale=locale, pictured=pictured) for line in found.lines),
        parcels=parcel_views(
            found.parcels, titles={line.id: pick(line.title, locale) for line in found.lines}, locale=locale
        ),
        totals=totals_view(found.totals, found.lines),
        can_ship="ship" in found.actions,
        carriers=carrier_choices(locale),
        form=form or FormView(),
        form_for=form_for,
        returns=tuple(_link(case) for case in cases),
        authorization=found.authorization or "",
        cash=CashView(amount=found.cash, can_refuse="undelivered" in found.actions) if found.cash else None,
    )


def _link(case: ReturnSummary) -> ReturnLink:
    return ReturnLink(
        url=links.seller_return(case.id),
        state=case.state,
        kind=case.kind,
        refunded=case.refund is not None,
        amount=case.amount,
    )
