"""Asynchronous notices: when they go out, what happens to them on the way, and when the provider gives up."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote_plus

from cryptography.hazmat.primitives.asymmetric import rsa

from merx.simulators.alipay import wire
from merx.simulators.alipay.model import (
    BILL_FAULTS,
    CALL_FAULTS,
    Delivery,
    Fault,
    FaultKind,
    Merchant,
    Notice,
    Refund,
    Trade,
)
from merx.simulators.alipay.store import Store
from merx.simulators.common.delivery import NoticeAnswer, SendNotice
from merx.simulators.common.model import NoticeState
from merx.simulators.common.notices import Message, PeerNoticeDesk, refused

#: Waits after each unsuccessful sending; eight sendings in about 24 hours 22 minutes, then none.
RETRY_AFTER = (
    timedelta(minutes=4),
    timedelta(minutes=10),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=15),
)
_HEADERS = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


class NoticeDesk(PeerNoticeDesk[Fault, Notice, Delivery]):
    """Makes notices for trades."""

    retry_after = RETRY_AFTER

    def __init__(
        self,
        *,
        store: Store,
        merchants: Mapping[str, Merchant],
        key: rsa.RSAPrivateKey,
        forging_key: Callable[[], rsa.RSAPrivateKey],
        send: SendNotice,
    ) -> None:
        super().__init__(store, send)
        self._store = store
        self._merchants = merchants
        self._key = key
        self._forging_key = forging_key

    def announce(self, trade: Trade, now: datetime, refund: Refund | None = None) -> None:
        """Queue the notice of a trade's new status, or of a refund; nothing when the merchant gave no notify_url."""
        if not trade.notify_url:
            return
        notice_id = f"{now.astimezone(wire.CHINA):%Y%m%d}222{secrets.token_hex(12)}"
        self._store.save_notice(
            Notice(
                notice_id=notice_id,
                number=trade.number,
                app_id=trade.app_id,
                url=trade.notify_url,
                fields=self._fields(trade, notice_id, refund),
                state=NoticeState.PENDING,
                next_at=now,
                sequence=len(self._store.notices),
            )
        )

    def _fields(self, trade: Trade, notice_id: str, refund: Refund | None) -> dict[str, str]:
        merchant = self._merchants[trade.app_id]
        amount = wire.yuan(trade.amount_fen)
        fields = {
            "notify_type": "trade_status_sync",
            "notify_id": notice_id,
            "app_id": trade.app_id,
            "auth_app_id": trade.app_id,
            "charset": "utf-8",
            "version": "1.0",
            "sign_type": "RSA2",
            "trade_no": trade.trade_no,
            "out_trade_no": trade.number,
            "trade_status": trade.status.value,
            "total_amount": amount,
            "subject": trade.subject,
            "seller_id": merchant.seller_id,
            "gmt_create": wire.china_time(trade.created_at),
        }
        if trade.passback_params:
            fields["passback_params"] = trade.passback_params
        if trade.paid_at is not None:
            fields |= {
                "gmt_payment": wire.china_time(trade.paid_at),
                "buyer_id": "2088000200000003",
                "receipt_amount": amount,
                "buyer_pay_amount": amount,
                "invoice_amount": amount,
                "point_amount": "0.00",
                "fund_bill_list": wire.compact_json([{"amount": amount, "fundChannel": "ALIPAYACCOUNT"}]),
            }
        if refund is not None:
            fields |= {
                "out_biz_no": refund.request_number,
                "refund_fee": wire.yuan(trade.refunded_fen),
                "gmt_refund": wire.china_time(refund.done_at),
            }
        if trade.closed_at is not None:
            fields["gmt_close"] = wire.china_time(trade.closed_at)
        return fields

    def fits(self, fault: Fault, notice: Notice) -> bool:
        """Whatever is neither of calls nor of bills, for this trade."""
        return fault.kind not in CALL_FAULTS | BILL_FAULTS and fault.number in (None, notice.number)

    def outcome(self, answer: NoticeAnswer) -> str:
        """Only the word itself is taken."""
        if answer.status == 200 and answer.body == b"success":
            return "success"
        return refused(answer)

    def message(self, notice: Notice, fault: Fault | None) -> Message:
        """A signed form."""
        kind = None if fault is None else fault.kind
        fields = notice.fields | {"notify_time": wire.china_time(notice.next_at)}
        if kind is FaultKind.WRONG_AMOUNT:
            fen = wire.fen_of(fields["total_amount"]) or 0
            fields["total_amount"] = wire.yuan(fen + 1)
        elif kind is FaultKind.WRONG_APP:
            fields["app_id"] = "9021000199999999"
        elif kind is FaultKind.WRONG_SELLER:
            fields["seller_id"] = "2088000199999999"
        key = self._forging_key() if kind is FaultKind.FORGE else self._key
        fields["sign"] = wire.sign(wire.notice_text(fields), key)
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields.items())
        return Message(notice.url, body.encode("ascii"), _HEADERS)

    def line(self, notice: Notice, outcome: str, fault: Fault | None) -> Delivery:
        """One line of a drain's account."""
        return Delivery(
            notice_id=notice.notice_id,
            number=notice.number,
            trade_status=notice.fields["trade_status"],
            at=notice.next_at,
            outcome=outcome,
            fault=None if fault is None else fault.kind.value,
        )
