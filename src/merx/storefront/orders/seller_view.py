"""What the pages of orders show to their sellers. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from merx.catalog import ProductCard
from merx.kit import links
from merx.kit.i18n import pick
from merx.queries.orders import SellerOrder, SellerOrderSummary
from merx.queries.returns import ReturnSummary
from merx.storefront.core import present
from merx.storefront.core.addresses import address_lines
from merx.storefront.core.orders import carrier_choices, order_line_view
from merx.storefront.core.views import FormView, TotalsView
from merx.storefront.orders.view import CashView, OrderRow, OrderView, ReturnLink, parcel_views


def seller_row(found: SellerOrderSummary, *, locale: str, pictured: Mapping[UUID, ProductCard]) -> OrderRow:
    """An order in its seller's list."""
    pictures = (
        present.picture_view(pictured[line.product_id].picture, locale=locale)
        for line in found.lines
        if line.product_id in pictured
    )
    return OrderRow(
        number=found.number,
        url=links.seller_order(found.id),
        state=found.progress,
        placed_at=found.placed_at,
        counterpart=pick(found.seller_name, locale),
        total=found.totals.total,
        count=sum(line.quantity for line in found.lines),
        pictures=tuple(each for each in pictures if each),
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
    address, totals = found.address, found.totals
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
        lines=tuple(
            order_line_view(line, locale=locale, pictured=pictured, mine=None) for line in found.lines
        ),
        parcels=parcel_views(
            found.parcels, titles={line.id: pick(line.title, locale) for line in found.lines}, locale=locale
        ),
        totals=TotalsView(
            items=totals.goods,
            item_count=sum(line.quantity for line in found.lines),
            discounts=(("", totals.discount),) if totals.discount.amount else (),
            shipping=totals.shipping,
            shipping_rows=(),
            tax=totals.tax if totals.tax.amount else None,
            total=totals.total,
        ),
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
