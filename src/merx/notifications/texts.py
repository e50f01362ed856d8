"""What notifications and mails say, in each language. Pure."""

from typing import Any, Final
from uuid import UUID

import msgspec

from merx.accounts import Account
from merx.fulfilment import UnknownCarrier, find_carrier
from merx.infra.templates import money_text
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.notifications.model import Facts, Kind, Letter, OrderPaid, ParcelShipped, Wording

_FACTS: Final[dict[str, type[OrderPaid] | type[ParcelShipped]]] = {
    "order_paid": OrderPaid,
    "parcel_shipped": ParcelShipped,
}
_PATHS: Final = {
    "order_paid": "/seller/orders/{order_id}",
    "parcel_shipped": "/purchases/{purchase_id}/orders/{order_id}",
}
_TITLES: Final = {
    "order_paid": {
        "zh-CN": "订单 {order_number} 已付款",
        "en": "Order {order_number} is paid",
    },
    "parcel_shipped": {
        "zh-CN": "您的订单 {order_number} 已发货",
        "en": "Your order {order_number} has shipped",
    },
}
_TEXTS: Final = {
    "order_paid": {
        "zh-CN": "买家已支付 {amount}，请尽快发货。",
        "en": "The buyer has paid {amount}. Please ship it soon.",
    },
    "parcel_shipped": {
        "zh-CN": "承运商：{carrier}，运单号：{tracking_number}。",
        "en": "Carrier: {carrier}. Tracking number: {tracking_number}.",
    },
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
    else:
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
