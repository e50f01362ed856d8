"""Notices: when they go out, what happens to them on the way, and when the provider gives up."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from merx.simulators.common.delivery import NoticeAnswer, SendNotice
from merx.simulators.common.model import NoticeState
from merx.simulators.common.notices import Message, PeerNoticeDesk, refused
from merx.simulators.wechat import wire
from merx.simulators.wechat.keyring import KeyRing
from merx.simulators.wechat.model import (
    NOTICE_FAULTS,
    Delivery,
    Fault,
    FaultKind,
    Notice,
    Order,
    Refund,
    WechatMerchant,
)
from merx.simulators.wechat.store import Store

#: Waits after each unsuccessful sending: sixteen sendings in 24 hours 4 minutes, then none.
RETRY_AFTER = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600),
        *(10_800, 10_800, 10_800, 21_600, 21_600),
    )
)
_PROBE = "WECHATPAY/SIGNTEST/"
_SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
}


class NoticeDesk(PeerNoticeDesk[Fault, Notice, Delivery]):
    """Makes notices for orders and refunds."""

    retry_after = RETRY_AFTER

    def __init__(
        self, *, store: Store, merchants: Mapping[str, WechatMerchant], keys: KeyRing, send: SendNotice
    ) -> None:
        super().__init__(store, send)
        self._store = store
        self._merchants = merchants
        self._keys = keys

    def announce_payment(self, order: Order, now: datetime) -> None:
        """Queue the notice of a payment."""
        self._queue(order, "TRANSACTION.SUCCESS", order.notify_url, transaction(order), now)

    def announce_refund(self, order: Order, refund: Refund) -> None:
        """Queue the notice of a refund that became final; nothing when it was asked for without an address."""
        if refund.notify_url:
            event = f"REFUND.{refund.outcome}"
            self._queue(order, event, refund.notify_url, _refund_notice(order, refund), refund.done_at)

    def _queue(self, order: Order, event: str, url: str, resource: dict[str, Any], now: datetime) -> None:
        self._store.save_notice(
            Notice(
                notice_id=f"EV-{now.astimezone(wire.CHINA):%Y%m%d%H%M%S}{secrets.token_hex(8)}",
                number=order.number,
                mch_id=order.mch_id,
                url=url,
                event_type=event,
                summary=_SUMMARIES[event],
                created_at=now,
                resource=resource,
                state=NoticeState.PENDING,
                next_at=now,
                sequence=len(self._store.notices),
            )
        )

    def fits(self, fault: Fault, notice: Notice) -> bool:
        """One of notices, for this order."""
        return fault.kind in NOTICE_FAULTS and fault.number in (None, notice.number)

    def outcome(self, answer: NoticeAnswer) -> str:
        """The status alone counts."""
        return "success" if answer.status in (200, 204) else refused(answer)

    def final(self, fault: Fault | None) -> bool:
        """The answer to a probe is the provider's test, not the fate of the notice."""
        return fault is None or fault.kind is not FaultKind.PROBE

    def message(self, notice: Notice, fault: Fault | None) -> Message:
        """A sealed resource, signed over its bytes."""
        body = self._body(notice, fault)
        return Message(notice.url, body, self._headers(body, notice.next_at, fault))

    def line(self, notice: Notice, outcome: str, fault: Fault | None) -> Delivery:
        """One line of a drain's account."""
        return Delivery(
            notice_id=notice.notice_id,
            number=notice.number,
            event_type=notice.event_type,
            at=notice.next_at,
            outcome=outcome,
            fault=None if fault is None else fault.kind.value,
        )

    def _body(self, notice: Notice, fault: Fault | None) -> bytes:
        kind = None if fault is None else fault.kind
        resource = dict(notice.resource)
        if kind is FaultKind.WRONG_AMOUNT:
            resource["amount"] = resource["amount"] | {"total": resource["amount"]["total"] + 1}
        elif kind is FaultKind.WRONG_APP:
            resource["appid"] = "wx9999999999999999"
        elif kind is FaultKind.WRONG_SELLER:
            resource["mchid"] = "1999999999"
        original = "refund" if notice.event_type.startswith("REFUND.") else "transaction"
        secret = self._merchants[notice.mch_id].api_v3_key
        sealed = wire.seal(wire.compact_json(resource), secret=secret, associated_data=original)
        return wire.compact_json(
            {
                "id": notice.notice_id,
                "create_time": wire.rfc3339(notice.created_at),
                "resource_type": "encrypt-resource",
                "event_type": notice.event_type,
                "summary": notice.summary,
                "resource": {"original_type": original, **sealed},
            }
        ).encode()

    def _headers(self, body: bytes, at: datetime, fault: Fault | None) -> dict[str, str]:
        kind = None if fault is None else fault.kind
        signed_at = at - timedelta(minutes=10) if kind is FaultKind.OLD else at
        headers = self._keys.notice_headers(body, now=signed_at, forged=kind is FaultKind.FORGE)
        if kind is FaultKind.PROBE:
            headers["wechatpay-signature"] = _PROBE + headers["wechatpay-signature"][len(_PROBE) :]
        return {"content-type": "application/json; charset=utf-8", **headers}


def transaction(order: Order) -> dict[str, Any]:
    """The transaction object of queries and notices."""
    fields: dict[str, Any] = {
        "appid": order.app_id,
        "mchid": order.mch_id,
        "out_trade_no": order.number,
        "trade_state": order.state.value,
        "trade_state_desc": {"NOTPAY": "订单未支付", "CLOSED": "订单已关闭", "REFUND": "转入退款"}.get(
            order.state.value, "支付成功"
        ),
        "attach": order.attach,
        "amount": {"total": order.amount_fen, "currency": "CNY"},
        "promotion_detail": [],
    }
    if order.paid_at is not None:
        fields["amount"] |= {"payer_total": order.amount_fen, "payer_currency": "CNY"}
        fields |= {
            "transaction_id": order.transaction_id,
            "trade_type": order.way.trade_type,
            "bank_type": "OTHERS",
            "success_time": wire.rfc3339(order.paid_at),
            "payer": {"openid": order.openid},
        }
    return fields


def _refund_notice(order: Order, refund: Refund) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "mchid": order.mch_id,
        "out_trade_no": order.number,
        "transaction_id": order.transaction_id,
        "out_refund_no": refund.refund_number,
        "refund_id": refund.refund_id,
        "refund_status": refund.outcome,
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": order.amount_fen,
            "refund": refund.amount_fen,
            "payer_total": order.amount_fen,
            "payer_refund": refund.amount_fen,
        },
    }
    if refund.outcome == "SUCCESS":
        fields["success_time"] = wire.rfc3339(refund.done_at)
    return fields
