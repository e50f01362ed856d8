"""Orders as their buyers and their sellers see them."""

import msgspec
from tests.storefront.samples.core import (
    AT,
    PRICES,
    PRODUCTS,
    Pages,
    address,
    money,
    order_line,
    picture,
    text,
    totals,
)

from merx.queries.order_steps import OrderStep
from merx.storefront.core import views
from merx.storefront.orders import view as orders_view


def _steps(state: str) -> tuple[OrderStep, ...]:
    sent = state == "delivered"
    return (
        OrderStep(code="ordered", at=AT, done=True),
        OrderStep(
            code="paid", at=AT if state != "pending_payment" else None, done=state != "pending_payment"
        ),
        OrderStep(code="shipped", at=AT if sent else None, done=sent),
        OrderStep(code="delivered", at=AT if sent else None, done=sent),
        OrderStep(code="received", at=None, done=False),
    )


def _parcel(locale: str, *, for_seller: bool) -> orders_view.ParcelView:
    return orders_view.ParcelView(
        parcel_id="f1",
        carrier="顺丰速运" if locale == "zh-CN" else "SF Express",
        tracking_number="SF1234567890123",
        shipped_at=AT,
        delivered_at=AT,
        received_at=None,
        can_receive=not for_seller,
        can_deliver=for_seller,
    )


def _returns(currency: str) -> tuple[orders_view.ReturnLink, ...]:
    return (
        orders_view.ReturnLink(
            url="/account/returns/1",
            state="proposed",
            kind="refund_only",
            refunded=False,
            amount=money(PRICES[currency][0], currency),
        ),
        orders_view.ReturnLink(
            url="/account/returns/2",
            state="settled",
            kind="exchange",
            refunded=False,
            amount=money(PRICES[currency][0], currency),
        ),
    )


def order(
    locale: str, currency: str, *, for_seller: bool = False, state: str = "delivered"
) -> orders_view.OrderView:
    """An order with a parcel, or one that a seller has still to send."""
    where = address(locale)
    sent = state == "delivered"
    return orders_view.OrderView(
        number="01JD8M2K7Q4V9X3B-1",
        url="/seller/orders/1" if for_seller else "/orders/1",
        state=state,
        placed_at=AT,
        seller_name=text("Northlight Studio", locale),
        recipient=where.recipient,
        phone=where.phone,
        address_lines=where.lines,
        delivery="standard",
        payment_name="支付宝" if locale == "zh-CN" else "Alipay",
        steps=_steps(state),
        lines=(order_line(locale, currency, more=sent and not for_seller),),
        parcels=(_parcel(locale, for_seller=for_seller),) if sent else (),
        totals=totals(currency),
        pay_url="/purchases/01JD8M2K7Q4V9X3B/pay" if state == "pending_payment" else None,
        pay_until=AT if state == "pending_payment" else None,
        pictures_most=6,
        upload_megabytes=12,
        can_ship=for_seller and not sent,
        can_review_seller=sent and not for_seller,
        carriers=(("shunfeng", "顺丰速运" if locale == "zh-CN" else "SF Express"), ("ems", "EMS")),
        returns=_returns(currency) if sent else (),
    )


def orders(locale: str, currency: str, url: str) -> orders_view.OrdersView:
    """Some orders and the way to more."""
    states = ("pending_payment", "placed", "delivered", "closed", "cancelled")
    return orders_view.OrdersView(
        rows=tuple(
            orders_view.OrderRow(
                number=f"01JD8M2K7Q4V9X3B-{index}",
                url=f"{url}/{index}",
                state=state,
                placed_at=AT,
                counterpart=text("Northlight Studio", locale),
                total=money(PRICES[currency][index], currency),
                count=index + 1,
                pictures=(picture(PRODUCTS[index], locale), picture(PRODUCTS[index + 1], locale)),
            )
            for index, state in enumerate(states)
        ),
        more_url=f"{url}?after=abc",
    )


def pages(locale: str, currency: str) -> Pages:
    """Buyers' and sellers' orders."""
    return {
        "order-at-the-door": (
            "orders/order.html",
            msgspec.structs.replace(order(locale, currency), authorization="door", cancel_url="/c"),
        ),
        "order-authorized": (
            "orders/order.html",
            msgspec.structs.replace(order(locale, currency), authorization="bank"),
        ),
        "seller-order-cash": (
            "orders/seller_order.html",
            msgspec.structs.replace(
                order(locale, currency, for_seller=True),
                authorization="door",
                cash=orders_view.CashView(amount=money(299000, currency), can_refuse=True),
                form=views.FormView(
                    values={"amount": "1", "reference": ""}, errors={"amount": "…", "form": "…"}
                ),
                form_for="cash",
            ),
        ),
        "seller-order-authorized": (
            "orders/seller_order.html",
            msgspec.structs.replace(order(locale, currency, for_seller=True), authorization="bank"),
        ),
        "order": ("orders/order.html", order(locale, currency)),
        "order-review": (
            "orders/order.html",
            msgspec.structs.replace(
                order(locale, currency),
                form=views.FormView(values={"score": "4", "body": "…"}, errors={"body": "…", "form": "…"}),
                form_for="l1",
            ),
        ),
        "order-unpaid": ("orders/order.html", order(locale, currency, state="pending_payment")),
        "orders": ("orders/orders.html", orders(locale, currency, "/orders")),
        "orders-empty": ("orders/orders.html", orders_view.OrdersView(rows=())),
        "seller-orders": ("orders/seller_orders.html", orders(locale, currency, "/seller/orders")),
        "seller-order": (
            "orders/seller_order.html",
            order(locale, currency, for_seller=True, state="placed"),
        ),
        "seller-order-sent": ("orders/seller_order.html", order(locale, currency, for_seller=True)),
    }
