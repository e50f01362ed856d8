"""Paying for a purchase: where to, and the page that waits for it."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

import segno
from markupsafe import Markup

from merx.cashier import choose_method, start_payment
from merx.infra.settings import Settings
from merx.kit import links
from merx.kit.actors import Buyer
from merx.kit.errors import Conflict, Invalid, NotFound, Unavailable
from merx.kit.i18n import pick
from merx.payments.providers import MethodProblem
from merx.payments.providers.wechat import WechatSettings
from merx.queries.paying import PurchaseToPay, purchase_to_pay
from merx.storefront.core.pages import Page, fragment, page, see_other
from merx.storefront.core.payment_views import OrderLink, PaymentView
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
    """Choose another method for a purchase and go there; what forbids it is on its page. Raises UnknownPurchase."""
    services = visit.services
    try:
        await choose_method(
            services.db, services.providers, purchase_id=purchase_id, method=code, actor=actor,
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
    services = visit.services
    async with services.db.snapshot() as tx:
        found = await purchase_to_pay(
            tx, services.providers, purchase_id=purchase_id, actor=actor, now=visit.now
        )
        view = _payment_view(visit, found, scan=scan, unanswered=unanswered)
        if visit.partial:
            return fragment(visit, "purchases/payment_state.html", view=view)
        return await page(visit, tx, "purchases/payment.html", view)


def _payment_view(visit: Visit, found: PurchaseToPay, *, scan: str | None, unanswered: bool) -> PaymentView:
    url = links.purchase(found.id)
    waiting, payable = found.progress == "waiting", "pay" in found.actions
    ways = tuple(
        PaymentChoice(code=each.code, name=provider_name(each.name, visit.locale, each.code), chosen=False)
        for each in found.other_methods
    )
    return PaymentView(
        number=found.number,
        amount=found.amount,
        state=found.progress,
        provider_name=payment_name(visit, found.payment_method),
        poll_url=url,
        pay_url=links.pay_purchase(found.id) if payable and found.transfer is None else None,
        cancel_url=links.cancel_purchase(found.id) if "cancel" in found.actions else None,
        deadline=found.expires_at,
        orders=tuple(
            OrderLink(
                number=each.number,
                url=links.order(found.id, each.id),
                seller_name=pick(each.seller_name, visit.locale),
            )
            for each in found.orders
        ),
        scan=code_to_scan(scan) if scan and waiting else None,
        wallet_url=wallet_address(visit.services.settings, scan) if scan and waiting else None,
        silent=payable and (unanswered or found.is_down),
        ways=ways,
        ways_url=f"{url}/payment-method" if ways else None,
        transfer=found.transfer,
        at_the_door=found.at_the_door,
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


def payment_name(visit: Visit, code: str) -> str:
    """What the shopper calls a payment method; its code when the shop does not offer it any more."""
    try:
        provider = visit.services.providers.get(code)
    except NotFound:
        return code
    return provider_name(provider.label, visit.locale, provider.code)


def provider_name(label: Mapping[str, str], locale: str, code: str) -> str:
    """What a way to pay is called in the page's language."""
    return label.get(locale) or label.get("en") or code
