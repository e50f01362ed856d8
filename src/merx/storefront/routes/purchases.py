"""A purchase after it was placed: its payment, and where it can still be changed."""

import contextlib
from typing import Literal
from uuid import UUID

from litestar import get, post

from merx.checkout import AlreadyPaid, cancel_purchase
from merx.infra.db import ReadTx
from merx.kit.errors import NotFound
from merx.kit.money import Money
from merx.orders import OrderState, Purchase, PurchaseView, purchase_view
from merx.sellers import get_sellers
from merx.storefront import present
from merx.storefront.forms import EmptyForm, PlainRequest, read_form
from merx.storefront.pages import Page, fragment, page, see_other
from merx.storefront.routes.checkout import go_to_payment, provider_name
from merx.storefront.routes.parameters import FromPath, Visiting
from merx.storefront.views import OrderLink, PaymentView
from merx.storefront.visit import Visit


async def own_purchase(visit: Visit, tx: ReadTx, purchase_id: UUID) -> PurchaseView:
    """A purchase of this account, or of the guest whose browser this is. Raises UnknownPurchase."""
    return await purchase_view(
        tx, purchase_id=purchase_id, account_id=visit.account_id, access_hash=visit.access_hash(purchase_id)
    )


@get("/purchases/{purchase_id:uuid}")
async def show_purchase(visit: Visiting, purchase_id: FromPath[UUID]) -> Page:
    """Whether it is paid. A script asks again and again and gets only that part."""
    async with visit.services.db.snapshot() as tx:
        found = await own_purchase(visit, tx, purchase_id)
        sellers = await get_sellers(tx, seller_ids=[each.order.seller_id for each in found.orders])
        url = f"/purchases/{purchase_id}"
        orders = tuple(
            OrderLink(
                number=each.order.number,
                url=f"{url}/orders/{each.order.id}",
                seller_name=present.seller_name(sellers, each.order.seller_id, visit.locale),
            )
            for each in found.orders
        )
        view = _payment(visit, found.purchase, url=url, orders=orders)
        if visit.partial:
            return fragment(visit, "payment_state.html", view=view)
        return await page(visit, tx, "payment.html", view)


def _payment(visit: Visit, purchase: Purchase, *, url: str, orders: tuple[OrderLink, ...]) -> PaymentView:
    state = payment_state(purchase)
    waiting = state == "waiting"
    return PaymentView(
        number=purchase.number,
        amount=Money(purchase.total, purchase.currency),
        state=state,
        provider_name=payment_name(visit, purchase),
        poll_url=url,
        pay_url=f"{url}/pay" if waiting and purchase.expires_at > visit.now else None,
        cancel_url=f"{url}/cancel" if waiting else None,
        deadline=purchase.expires_at,
        orders=orders,
    )


def payment_state(purchase: Purchase) -> Literal["waiting", "paid", "expired", "cancelled"]:
    """Where the payment of a purchase is, in the words of its page."""
    if purchase.state == OrderState.PENDING_PAYMENT:
        return "waiting"
    if purchase.state == OrderState.CANCELLED:
        return "expired" if purchase.cancel_reason == "expired" else "cancelled"
    return "paid"


def payment_name(visit: Visit, purchase: Purchase) -> str:
    """What the shopper calls the provider; its code when the shop does not offer it any more."""
    try:
        provider = visit.services.providers.get(purchase.provider)
    except NotFound:
        return purchase.provider
    return provider_name(provider.label, visit.locale, provider.code)


@post("/purchases/{purchase_id:uuid}/pay", status_code=200)
async def pay(request: PlainRequest, visit: Visiting, purchase_id: FromPath[UUID]) -> Page:
    """To the provider, again. Raises UnknownPurchase."""
    await read_form(request, EmptyForm)
    return await go_to_payment(visit, purchase_id, access_hash=visit.access_hash(purchase_id))


@post("/purchases/{purchase_id:uuid}/cancel", status_code=200)
async def cancel(request: PlainRequest, visit: Visiting, purchase_id: FromPath[UUID]) -> Page:
    """Cancel it while it is unpaid; when it turns out to be paid, its page says so. Raises UnknownPurchase."""
    await read_form(request, EmptyForm)
    services = visit.services
    with contextlib.suppress(AlreadyPaid):
        await cancel_purchase(
            services.db, services.providers, purchase_id=purchase_id, account_id=visit.account_id,
            access_hash=visit.access_hash(purchase_id), now=visit.now,
        )  # fmt: skip
    return see_other(f"/purchases/{purchase_id}")


handlers = [show_purchase, pay, cancel]
