"""What notifications and mails say, in each language. Pure."""

from typing import Any, Final
from uuid import UUID

import msgspec

from merx.accounts import Account
from merx.fulfilment import UnknownCarrier, find_carrier
from merx.infra.templates import money_text
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.notifications.model import (
    DisputeTold,
    Facts,
    Kind,
    Letter,
    OrderAuthorized,
    OrderPaid,
    OrderWithdrawn,
    ParcelShipped,
    PaymentConfirmed,
    ReturnMoved,
    Wording,
)
from merx.returns import (
    ReturnApproved,
    ReturnConverted,
    ReturnDeclined,
    ReturnEscalated,
    ReturnInspected,
    ReturnProposed,
    ReturnRejected,
    ReturnRequested,
    ReturnSentBack,
    ReturnSettled,
    ReturnWithdrawn,
)

_FACTS: Final[dict[str, type[Facts]]] = {
    "order_paid": OrderPaid,
    "order_authorized": OrderAuthorized,
    "order_withdrawn": OrderWithdrawn,
    "payment_confirmed": PaymentConfirmed,
    "parcel_shipped": ParcelShipped,
    "return_for_buyer": ReturnMoved,
    "return_for_seller": ReturnMoved,
    "dispute_for_seller": DisputeTold,
    "dispute_for_staff": DisputeTold,
}
_PATHS: Final = {
    "order_paid": "/seller/orders/{order_id}",
    "order_authorized": "/seller/orders/{order_id}",
    "order_withdrawn": "/seller/orders/{order_id}",
    "payment_confirmed": "/purchases/{purchase_id}/orders/{order_id}",
    "parcel_shipped": "/purchases/{purchase_id}/orders/{order_id}",
    "return_for_buyer": "/purchases/{purchase_id}/orders/{order_id}",
    "return_for_seller": "/seller/orders/{order_id}",
    "dispute_for_seller": "/seller/orders/{order_id}",
    "dispute_for_staff": "/staff/disputes",
}
_TITLES: Final = {
    "order_paid": {
        "zh-CN": "订单 {order_number} 已付款",
        "en": "Order {order_number} is paid",
    },
    "order_authorized": {
        "zh-CN": "新订单 {order_number}，请发货",
        "en": "New order {order_number}, please ship it",
    },
    "order_withdrawn": {
        "zh-CN": "订单 {order_number} 已取消，请勿发货",
        "en": "Order {order_number} was cancelled, do not ship it",
    },
    "payment_confirmed": {
        "zh-CN": "订单 {order_number} 的款项已收到",
        "en": "Your payment of order {order_number} has arrived",
    },
    "parcel_shipped": {
        "zh-CN": "您的订单 {order_number} 已发货",
        "en": "Your order {order_number} has shipped",
    },
    "return_for_buyer": {
        "zh-CN": "订单 {order_number} 的售后有新进展",
        "en": "News of the after-sales case of your order {order_number}",
    },
    "return_for_seller": {
        "zh-CN": "订单 {order_number} 的售后有新进展",
        "en": "News of the after-sales case of order {order_number}",
    },
    "dispute_for_seller": {
        "zh-CN": "订单 {order_number} 的付款有拒付争议",
        "en": "A dispute about the payment of order {order_number}",
    },
    "dispute_for_staff": {
        "zh-CN": "订单 {order_number} 的付款有拒付争议",
        "en": "A dispute about the payment of order {order_number}",
    },
}
_TEXTS: Final = {
    "order_paid": {
        "zh-CN": "买家已支付 {amount}，请尽快发货。",
        "en": "The buyer has paid {amount}. Please ship it soon.",
    },
    "order_authorized": {
        "zh-CN": "{how}，金额 {amount}。请尽快发货。",
        "en": "{how}: {amount}. Please ship it soon.",
    },
    "order_withdrawn": {
        "zh-CN": "款项未收取，商品已恢复库存。",
        "en": "No money was taken. Its units are in stock again.",
    },
    "payment_confirmed": {
        "zh-CN": "我们已确认收到 {amount}。",
        "en": "We have confirmed {amount}.",
    },
    "parcel_shipped": {
        "zh-CN": "承运商：{carrier}，运单号：{tracking_number}。",
        "en": "Carrier: {carrier}. Tracking number: {tracking_number}.",
    },
    "return_for_buyer": {"zh-CN": "{step_text}", "en": "{step_text}"},
    "return_for_seller": {"zh-CN": "{step_text}", "en": "{step_text}"},
    "dispute_for_seller": {"zh-CN": "{state_text}", "en": "{state_text}"},
    "dispute_for_staff": {"zh-CN": "{state_text}", "en": "{state_text}"},
}
_STEPS: Final = {
    ReturnRequested.__name__: {
        "zh-CN": "买家申请售后，金额 {amount}。卖家 3 天内未处理将视为同意。",
        "en": "The buyer asks for {amount}. If the seller does not answer within 3 days, the case is approved.",
    },
    ReturnProposed.__name__: {
        "zh-CN": "卖家提议退款 {amount}，请买家 7 天内接受或拒绝。",
        "en": "The seller proposes {amount}. The buyer has 7 days to accept or decline.",
    },
    ReturnDeclined.__name__: {
        "zh-CN": "买家拒绝了提议的金额，请卖家 3 天内重新处理。",
        "en": "The buyer declined the proposed amount. The seller has 3 days to answer again.",
    },
    ReturnApproved.__name__: {
        "zh-CN": "售后申请已同意，金额 {amount}。需要退货的，请买家 7 天内寄回并填写运单号。",
        "en": "The case is approved: {amount}. If the goods go back, the buyer has 7 days to send them.",
    },
    ReturnConverted.__name__: {
        "zh-CN": "商品无法更换，改为退款 {amount}。",
        "en": "Nothing can be sent instead, so the exchange becomes a refund of {amount}.",
    },
    ReturnRejected.__name__: {
        "zh-CN": "售后申请被拒绝，理由见售后详情。",
        "en": "The case was rejected; the reason is on its page.",
    },
    ReturnWithdrawn.__name__: {
        "zh-CN": "售后申请已撤销或已超时关闭。",
        "en": "The case was withdrawn, or closed because its time was over.",
    },
    ReturnEscalated.__name__: {
        "zh-CN": "平台已介入，将作出最终处理。",
        "en": "The platform was called in and will decide.",
    },
    ReturnSentBack.__name__: {
        "zh-CN": "买家已寄回商品，请卖家 10 天内验收。",
        "en": "The buyer sent the goods back. The seller has 10 days to inspect them.",
    },
    ReturnInspected.__name__: {
        "zh-CN": "退回的商品已验收，{amount} 将原路退回。",
        "en": "The goods were inspected; {amount} goes back the way it was paid.",
    },
    ReturnSettled.__name__: {
        "zh-CN": "{amount} 已退回买家。",
        "en": "{amount} went back to the buyer.",
    },
}
_EXCHANGE_STEPS: Final = {
    ReturnRequested.__name__: {
        "zh-CN": "买家申请换货。卖家 3 天内未处理将视为同意。",
        "en": "The buyer asks for an exchange. If the seller does not answer within 3 days, the case is approved.",
    },
    ReturnApproved.__name__: {
        "zh-CN": "换货申请已同意，库存已预留。请买家 7 天内寄回并填写运单号。",
        "en": "The exchange is approved and the replacement is set aside. The buyer has 7 days to send the goods back.",
    },
    ReturnInspected.__name__: {
        "zh-CN": "退回的商品已验收，请卖家 7 天内发出换货商品。",
        "en": "The goods were inspected. The seller has 7 days to send the replacement.",
    },
    ReturnSettled.__name__: {
        "zh-CN": "换货商品已发出。",
        "en": "The replacement has been sent.",
    },
}
"""What differs while goods, not money, are on their way to the buyer."""
_DISPUTES: Final = {
    "inquiry": {
        "zh-CN": "持卡人的银行询问一笔 {amount} 的付款，款项尚未扣回。",
        "en": "The card holder's bank asks about a payment of {amount}. No money was taken back.",
    },
    "needs_response": {
        "zh-CN": "持卡人对 {amount} 提出拒付，款项已被扣回。请在截止时间前到支付机构提交证据。",
        "en": "The card's holder objects to {amount}, which was taken back. Evidence goes to the provider, in time.",
    },
    "under_review": {
        "zh-CN": "{amount} 的拒付争议正由银行审理。",
        "en": "The bank decides about {amount}.",
    },
    "won": {
        "zh-CN": "拒付争议胜诉，{amount} 已退还。",
        "en": "The dispute is won: {amount} came back.",
    },
    "lost": {
        "zh-CN": "拒付争议败诉，{amount} 由卖家承担。",
        "en": "The dispute is lost: {amount} is the seller's loss.",
    },
    "closed": {
        "zh-CN": "银行的询问已结束，{amount} 未被扣回。",
        "en": "The bank's question is closed; {amount} was not taken back.",
    },
}
_PROMISES: Final = {
    "cash_on_delivery": {"zh-CN": "货到付款", "en": "To be paid on delivery"},
    "": {"zh-CN": "付款已授权，发货后扣款", "en": "The payment is authorized and taken when it ships"},
}
_LETTER: Final = {
    "zh-CN": ("{name}，您好：\n\n{title}。\n{text}\n\n查看订单：{url}\n\n本邮件由系统自动发送，请勿回复。\n"),
    "en": (
        "Hello {name},\n\n{title}.\n{text}\n\nSee the order: {url}\n\n"
        "This mail was sent automatically; please do not reply.\n"
    ),
}


def read_facts(kind: Kind, data: dict[str, Any]) -> Facts:
    """The stored data of a notification or mail. Raises msgspec.ValidationError when it is not of its kind."""
    return msgspec.convert(data, type=_FACTS[kind])


def word(kind: Kind, facts: Facts, *, locale: str) -> Wording:
    """A notification in one language."""
    values = {key: str(value) for key, value in msgspec.structs.asdict(facts).items()}
    if isinstance(facts, OrderPaid):
        values["amount"] = money_text(Money(facts.total, facts.currency), locale=locale)
    elif isinstance(facts, OrderAuthorized):
        values["amount"] = money_text(Money(facts.total, facts.currency), locale=locale)
        values["how"] = pick(_PROMISES.get(facts.provider, _PROMISES[""]), locale)
    elif isinstance(facts, PaymentConfirmed):
        values["amount"] = money_text(Money(facts.amount, facts.currency), locale=locale)
    elif isinstance(facts, ReturnMoved):
        amount = money_text(Money(facts.amount, facts.currency), locale=locale)
        step = (_EXCHANGE_STEPS if facts.exchange else _STEPS).get(facts.step) or _STEPS[facts.step]
        values["step_text"] = pick(step, locale).format(amount=amount)
    elif isinstance(facts, DisputeTold):
        amount = money_text(Money(facts.amount, facts.currency), locale=locale)
        values["state_text"] = pick(_DISPUTES[facts.state], locale).format(amount=amount)
    elif isinstance(facts, ParcelShipped):
        values["carrier"] = _carrier_name(facts.carrier, locale)
    return Wording(
        title=pick(_TITLES[kind], locale).format_map(values),
        text=pick(_TEXTS[kind], locale).format_map(values),
        path=_PATHS[kind].format_map(values),
    )


def _carrier_name(code: str, locale: str) -> str:
    try:
        return pick(find_carrier(code).name, locale)
    except UnknownCarrier:
        return code  # of an old parcel: the list of carriers changes, what was sent does not


def compose(mail_id: UUID, kind: Kind, facts: Facts, *, recipient: Account, public_url: str) -> Letter:
    """The letter to a recipient, in their language."""
    wording = word(kind, facts, locale=recipient.locale)
    text = pick(_LETTER, recipient.locale).format(
        name=recipient.name, title=wording.title, text=wording.text, url=public_url.rstrip("/") + wording.path
    )
    return Letter(id=mail_id, to=recipient.email, subject=wording.title, text=text, locale=recipient.locale)
