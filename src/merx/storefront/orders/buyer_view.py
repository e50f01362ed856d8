"""What the pages of orders show to their buyers. Pure."""

from collections.abc import Mapping
from uuid import UUID

from merx.catalog import ProductCard
from merx.kit import links
from merx.kit.i18n import pick
from merx.queries.buyer_orders import BuyerOrder, OrderCase
from merx.queries.purchases import PurchaseList
from merx.storefront.core.addresses import address_lines
from merx.storefront.core.orders import order_line_view
from merx.storefront.core.views import FormView
from merx.storefront.orders.view import (
    OrdersView,
    OrderView,
    ReturnLink,
    order_row,
    parcel_views,
    totals_view,
)


def buyer_list(found: PurchaseList, *, locale: str, pictured: Mapping[UUID, ProductCard]) -> OrdersView:
    """A buyer's orders, those of a purchase one after the other."""
    return OrdersView(
        rows=tuple(
            order_row(
                order,
                url=links.order(purchase.id, order.id),
                counterpart=order.seller.name if order.seller else {},
                locale=locale,
                pictured=pictured,
            )
            for purchase in found.items
            for order in purchase.orders
        ),
        more_url=f"{links.orders()}?after={found.next_cursor}" if found.next_cursor else None,
    )


def buyer_page(
    found: BuyerOrder,
    *,
    payment_name: str,
    locale: str,
    pictured: Mapping[UUID, ProductCard],
    pictures_most: int,
    upload_megabytes: int,
    form: FormView | None,
    form_for: str | None,
) -> OrderView:
    """An order's whole page, for its buyer. An unpaid purchase is given up on the page of its payment."""
    address, url = found.address, links.order(found.purchase_id, found.id)
    payable = "pay" in found.actions
    cancellable = "cancel" in found.actions and found.authorization is not None
    return OrderView(
        number=found.number,
        url=url,
        state=found.progress,
        placed_at=found.placed_at,
        seller_name=pick(found.seller.name, locale) if found.seller else "",
        recipient=address.name if address else "—",
        phone=address.phone if address else "",
        address_lines=address_lines(address, locale) if address else (),
        delivery=found.delivery,
        payment_name=payment_name,
        steps=found.steps,
        lines=tuple(
            order_line_view(
                line,
                locale=locale,
                pictured=pictured,
                actions=found.line_actions[line.id],
                return_url=f"{url}/lines/{line.id}/return",
            )
            for line in found.lines
        ),
        parcels=parcel_views(
            found.parcels, titles={line.id: pick(line.title, locale) for line in found.lines}, locale=locale
        ),
        totals=totals_view(found.totals, found.lines),
        pay_url=links.pay_purchase(found.purchase_id) if payable else None,
        pay_until=found.expires_at if payable else None,
        can_review_seller="review_seller" in found.actions,
        pictures_most=pictures_most,
        upload_megabytes=upload_megabytes,
        form=form or FormView(),
        form_for=form_for,
        returns=tuple(_link(case) for case in found.cases),
        authorization=found.authorization or "",
        cancel_url=links.cancel_purchase(found.purchase_id) if cancellable else None,
    )


def _link(case: OrderCase) -> ReturnLink:
    return ReturnLink(
        url=links.return_case(case.id),
        state=case.state,
        kind=case.kind,
        refunded=case.refunded,
        amount=case.amount,
    )
