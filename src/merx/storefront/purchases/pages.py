"""A purchase after it was placed: its payment, and where it can still be changed."""

import contextlib
from uuid import UUID

from litestar import get, post

from merx.cashier import AlreadyPaid, AlreadyShipped, cancel_purchase
from merx.kit import links
from merx.storefront.core.forms import EmptyForm, PlainRequest, read_form
from merx.storefront.core.pages import Page, see_other
from merx.storefront.core.parameters import FromPath, Unanswered, Visiting
from merx.storefront.core.paying import go_to_payment, pay_another_way, payment_page
from merx.storefront.purchases.forms import PaymentMethodForm


@get("/purchases/{purchase_id:uuid}")
async def show_purchase(visit: Visiting, purchase_id: FromPath[UUID], unanswered: Unanswered = None) -> Page:
    """Whether it is paid. A script asks again and again and gets only that part. Raises UnknownPurchase."""
    return await payment_page(visit, purchase_id, actor=visit.buyer(), unanswered=bool(unanswered))


@post("/purchases/{purchase_id:uuid}/pay", status_code=200)
async def pay(request: PlainRequest, visit: Visiting, purchase_id: FromPath[UUID]) -> Page:
    """To the provider, again. Raises UnknownPurchase."""
    await read_form(request, EmptyForm)
    return await go_to_payment(visit, purchase_id, actor=visit.buyer())


@post("/purchases/{purchase_id:uuid}/payment-method", status_code=200)
async def submit_payment_method(request: PlainRequest, visit: Visiting, purchase_id: FromPath[UUID]) -> Page:
    """To another provider than the one that was chosen. Raises UnknownPurchase."""
    form = await read_form(request, PaymentMethodForm)
    return await pay_another_way(visit, purchase_id, form.payment, actor=visit.buyer())


@post("/purchases/{purchase_id:uuid}/cancel", status_code=200)
async def cancel(request: PlainRequest, visit: Visiting, purchase_id: FromPath[UUID]) -> Page:
    """Cancel it while it is unpaid or only authorized; when it is too late, its page says so. Raises UnknownPurchase."""
    await read_form(request, EmptyForm)
    services = visit.services
    with contextlib.suppress(AlreadyPaid, AlreadyShipped):
        await cancel_purchase(
            services.db, services.providers, purchase_id=purchase_id, actor=visit.buyer(), now=visit.now,
        )  # fmt: skip
    return see_other(links.purchase(purchase_id))


handlers = [show_purchase, pay, submit_payment_method, cancel]
