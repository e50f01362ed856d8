"""Paying for a purchase: where to, and the page that waits for it."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

import segno
from markupsafe import Markup

from merx.cashier import choose_provider, start_payment
from merx.infra.db import ReadTx
from merx.infra.settings import Settings
from merx.kit import links
from merx.kit.actors import Buyer
from merx.kit.errors import Conflict, Invalid, NotFound, Unavailable
from merx.kit.money import Money
from merx.orders import OrderState, Purchase, PurchaseView, can_cancel, can_pay, purchase_view
from merx.payments import payments_of
from merx.payments.providers import Manner, MethodProblem
from merx.payments.providers.wechat import WechatSettings
from merx.sellers import get_sellers
from merx.storefront.core import present
from merx.storefront.core.pages import Page, fragment, page, see_other
from merx.storefront.core.payment_views import OrderLink, PaymentView, TransferView
from merx.storefront.core.views import PaymentChoice
from merx.storefront.core.visit import Visit

_MODULE_PIXELS = 6


_QUIET_MODULES = 4


async def go_to_payment(visit: Visit, purchase_id: UUID, *, actor: Buyer) -> Page:
    """Ask the provider how to pay: lead to its page, or show its code to scan. Raises UnknownPurchase."""
    services = visit.services
    try:
        action = await start_payment(
            services.db, services.providers, purchase_id=purchase_id, actor=actor,
            public_url=services.settings.web.public_url.rstrip("/"), now=visit.now,
            device=visit.device, client_ip=visit.remote,
        )  # fmt: skip
    except Unavailable:
        return see_other(f"{links.purchase(purchase_id)}?unanswered=yes")
    except (Conflict, Invalid) as error:
        silent = error.params.get("reason") == MethodProblem.DOWN
        return see_other(f"{links.purchase(purchase_id)}{'?unanswered=yes' if silent else ''}")
    if action.kind == "instructions":
        return see_other(links.purchase(purchase_id))
    if action.kind == "qr":
        return await payment_page(visit, purchase_id, actor=actor, scan=action.qr_text)
    return see_other(action.url)


async def pay_another_way(visit: Visit, purchase_id: UUID, code: str, *, actor: Buyer) -> Page:
    """Choose another provider for a purchase and go there; what forbids it is on its page. Raises UnknownPurchase."""
    services = visit.services
    try:
        await choose_provider(
            services.db, services.providers, purchase_id=purchase_id, provider=code, actor=actor,
            now=visit.now,
        )  # fmt: skip
    except Conflict:
        return see_other(links.purchase(purchase_id))
    return await go_to_payment(visit, purchase_id, actor=actor)


async def payment_page(
    visit: Visit,
    purchase_id: UUID,
    *,
    actor: Buyer,
    scan: str | None = None,
    unanswered: bool = False,
) -> Page:
    """Whether a purchase is paid, with the code to `scan`; `unanswered`: its provider just did not. A script that asks again gets only that part.

    Raises UnknownPurchase.
    """
    async with visit.services.db.snapshot() as tx:
        found = await purchase_view(tx, purchase_id=purchase_id, actor=actor)
        view = await _view(visit, tx, found, scan=scan, unanswered=unanswered)
        if visit.partial:
            return fragment(visit, "purchases/payment_state.html", view=view)
        return await page(visit, tx, "purchases/payment.html", view)


async def _view(
    visit: Visit, tx: ReadTx, found: PurchaseView, *, scan: str | None, unanswered: bool
) -> PaymentView:
    purchase, url = found.purchase, links.purchase(found.purchase.id)
    sellers = await get_sellers(tx, seller_ids=[each.order.seller_id for each in found.orders])
    state = payment_state(purchase)
    waiting = state == "waiting"
    payable = can_pay(purchase, now=visit.now)
    ways = other_ways(visit, found) if payable else ()
    transfer = await _transfer(visit, tx, purchase) if waiting else None
    cancellable = can_cancel(purchase, [each.order for each in found.orders])
    return PaymentView(
        number=purchase.number,
        amount=Money(purchase.total, purchase.currency),
        state=state,
        provider_name=payment_name(visit, purchase),
        poll_url=url,
        pay_url=links.pay_purchase(purchase.id) if payable and transfer is None else None,
        cancel_url=links.cancel_purchase(purchase.id) if cancellable else None,
        deadline=purchase.expires_at,
        orders=tuple(
            OrderLink(
                number=each.order.number,
                url=links.order(purchase.id, each.order.id),
                seller_name=present.seller_name(sellers, each.order.seller_id, visit.locale),
            )
            for each in found.orders
        ),
        scan=code_to_scan(scan) if scan and waiting else None,
        wallet_url=wallet_address(visit.services.settings, scan) if scan and waiting else None,
        silent=payable and (unanswered or visit.services.providers.is_down(purchase.provider)),
        ways=ways,
        ways_url=f"{url}/payment-method" if ways else None,
        transfer=transfer,
        at_the_door=visit.services.providers.manner(purchase.provider) is Manner.DOOR,
    )


async def _transfer(visit: Visit, tx: ReadTx, purchase: Purchase) -> TransferView | None:
    """The account to pay into, and the number to name, of a purchase that waits for a bank transfer."""
    providers = visit.services.providers
    if providers.manner(purchase.provider) is not Manner.TRANSFER:
        return None
    payment = (await payments_of(tx, [purchase.id]))[-1]
    told = providers.get(purchase.provider).instructions(
        number=payment.number, amount=Money(payment.amount, payment.currency)
    )
    return TransferView(
        holder=told["holder"], bank=told["bank"], account=told["account"], reference=told["reference"]
    )


def other_ways(visit: Visit, found: PurchaseView) -> tuple[PaymentChoice, ...]:
    """The ways to pay that can be offered instead of the one that was chosen."""
    offered = visit.services.providers.offered(
        found.purchase.currency, sellers=len(found.orders), country=found.address.country
    )
    return tuple(
        PaymentChoice(code=each.code, name=provider_name(each.label, visit.locale, each.code), chosen=False)
        for each in offered
        if each.code != found.purchase.provider
    )


def wallet_address(settings: Settings, text: str) -> str | None:
    """Where the wallet of the simulators opens a code, which no phone can scan; None in a real shop."""
    if not settings.system.simulators:
        return None
    if text.startswith(("http://", "https://")):
        return text
    return f"{settings.of(WechatSettings).wechat_base_url}/cashier?{urlencode({'code_url': text})}"


def code_to_scan(text: str) -> Markup:
    """A QR code (ISO/IEC 18004) as an SVG element."""
    drawn = segno.make_qr(text, error="m")
    svg = drawn.svg_inline(scale=_MODULE_PIXELS, border=_QUIET_MODULES, light="#fff", omitsize=True)
    return Markup(svg)  # noqa: S704 - drawn by the library from modules; the text itself is not in it


def payment_state(purchase: Purchase) -> Literal["waiting", "authorized", "paid", "expired", "cancelled"]:
    """Where the payment of a purchase is, in the words of its page."""
    if purchase.state == OrderState.PENDING_PAYMENT:
        return "waiting"
    if purchase.state == OrderState.CANCELLED:
        return "expired" if purchase.cancel_reason == "expired" else "cancelled"
    return "paid" if purchase.paid_at is not None else "authorized"


def payment_name(visit: Visit, purchase: Purchase) -> str:
    """What the shopper calls the provider; its code when the shop does not offer it any more."""
    try:
        provider = visit.services.providers.get(purchase.provider)
    except NotFound:
        return purchase.provider
    return provider_name(provider.label, visit.locale, provider.code)


def provider_name(label: Mapping[str, str], locale: str, code: str) -> str:
    """What a way to pay is called in the page's language."""
    return label.get(locale) or label.get("en") or code
