"""Send a buyer to the payment provider."""

from datetime import datetime
from uuid import UUID

from merx.cashier.authorize_payment import authorize_payment
from merx.infra.db import Database, Tx
from merx.kit.actors import Buyer
from merx.kit.money import Money
from merx.orders import PurchaseView, can_pay, lock_purchase, purchase_view
from merx.payments import Fact, NotPayable, Payment, PaymentState, payments_of, record_started
from merx.payments.providers import (
    Device,
    Manner,
    Method,
    PaymentRequest,
    ProviderAction,
    ProviderRegistry,
    Sale,
    check_method,
)

SUBJECT = {"zh-CN": "订单 {number}", "en": "Order {number}"}


async def start_payment(
    db: Database,
    providers: ProviderRegistry,
    *,
    purchase_id: UUID,
    actor: Buyer,
    public_url: str,
    now: datetime,
    device: Device = Device.DESKTOP,
    client_ip: str = "127.0.0.1",
    openid: str | None = None,
) -> ProviderAction:
    """Record that this attempt begins, then ask the provider what the buyer must do. May be repeated.

    With a method that only authorizes the money, beginning is the buyer's word: the purchase is placed. Of a method
    that is not offered any more, or is down, nothing is asked and nothing recorded.

    `device`, `client_ip` and `openid` (inside WeChat) say where the buyer is.

    Raises UnknownPurchase, NotPayable, MethodNotOffered, and what the provider raises.
    """

    async def begin(tx: Tx) -> tuple[Payment, Method, PurchaseView]:
        view = await purchase_view(tx, purchase_id=purchase_id, actor=actor)
        purchase = await lock_purchase(tx, purchase_id=purchase_id)
        open_states = (PaymentState.CREATED, PaymentState.ACTION_REQUIRED)
        attempts = [each for each in await payments_of(tx, [purchase_id]) if each.state in open_states]
        if not can_pay(purchase, now=now) or not attempts:
            raise NotPayable(state=str(purchase.state))
        method = check_method(
            providers.methods(), attempts[-1].provider, Sale(purchase.currency, len(view.orders), view.address.country),
        )  # fmt: skip
        await record_started(tx, payment=attempts[-1], now=now)
        return attempts[-1], method, view

    payment, method, view = await db.write(begin)
    provider = providers.get(payment.provider)
    action = await provider.start(
        PaymentRequest(
            payment_id=payment.id,
            number=payment.number,
            amount=Money(payment.amount, payment.currency),
            subject=SUBJECT.get(view.purchase.locale, SUBJECT["en"]).format(number=view.purchase.number),
            expires_at=payment.expires_at,
            notify_url=f"{public_url}/payments/{provider.code}/notify",
            return_url=f"{public_url}/payments/{provider.code}/return/{purchase_id}",
            locale=view.purchase.locale,
            device=device,
            client_ip=client_ip,
            openid=openid,
        )
    )
    if method.manner is Manner.DOOR:
        fact = Fact("authorized", payment.number, payment.amount, payment.currency, "buyer", now)
        await db.write(
            lambda tx: authorize_payment(
                tx, purchase_id=purchase_id, payment_id=payment.id, fact=fact, now=now
            )
        )
    return action
