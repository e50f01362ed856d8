"""Asynchronous notices: when they go out, what happens to them on the way, and when the provider gives up."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote_plus

from cryptography.hazmat.primitives.asymmetric import rsa

from merx.simulators.alipay import wire
from merx.simulators.alipay.model import (
    BILL_FAULTS,
    CALL_FAULTS,
    Attempt,
    Delivery,
    Fault,
    FaultKind,
    Merchant,
    Notice,
    NoticeState,
    Refund,
    Trade,
)
from merx.simulators.alipay.store import Store
from merx.simulators.common.delivery import SendNotice

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


class NoticeDesk:
    """Makes notices for trades and delivers those that are due."""

    def __init__(
        self,
        *,
        store: Store,
        merchants: Mapping[str, Merchant],
        key: rsa.RSAPrivateKey,
        forging_key: Callable[[], rsa.RSAPrivateKey],
        send: SendNotice,
    ) -> None:
        self._store = store
        self._merchants = merchants
        self._key = key
        self._forging_key = forging_key
        self._send = send
        self._delivering = asyncio.Lock()

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

    async def deliver_due(self, now: Callable[[], datetime]) -> list[Delivery]:
        """Send everything due by the clock, in order of due time, retries that fall due meanwhile included."""
        done: list[Delivery] = []
        async with self._delivering:
            while (notice := self._next_due(now())) is not None:
                done += await self._deliver(notice)
        return done

    async def release(self, now: datetime, *, latest_first: bool) -> list[Delivery]:
        """Send the held notices at once, by default the latest first: that is how an order gets lost on the way."""
        done: list[Delivery] = []
        async with self._delivering:
            held = [n for n in self._store.notices.values() if n.state is NoticeState.HELD]
            for notice in sorted(held, key=lambda n: n.sequence, reverse=latest_first):
                notice.state = NoticeState.PENDING
                notice.next_at = max(notice.next_at, now)
                done += await self._transmit(notice, self._take(notice, holding=False))
        return done

    async def resend(self, notice: Notice, now: datetime) -> list[Delivery]:
        """Send one notice again whatever its state, as a provider does days later on request."""
        async with self._delivering:
            notice.next_at = now
            return await self._transmit(notice, None)

    def _next_due(self, now: datetime) -> Notice | None:
        due = [notice for notice in self._store.pending.values() if notice.next_at <= now]
        return min(due, key=lambda n: (n.next_at, n.sequence), default=None)

    async def _deliver(self, notice: Notice) -> list[Delivery]:
        fault = self._take(notice, holding=True)
        if fault is not None and fault.kind is FaultKind.HOLD:
            notice.state = NoticeState.HELD
            self._store.save_notice(notice)
            return [self._line(notice, "held", fault)]
        if fault is not None and fault.kind is FaultKind.DELAY:
            notice.next_at += timedelta(seconds=fault.seconds)
            notice.delayed = True
            self._store.save_notice(notice)
            return [self._line(notice, "delayed", fault)]
        return await self._transmit(notice, fault)

    async def _transmit(self, notice: Notice, fault: Fault | None) -> list[Delivery]:
        at = notice.next_at
        if fault is not None and fault.kind is FaultKind.LOSE:
            outcomes = ["lost"]
        else:
            copies = 1 + (fault.copies if fault is not None and fault.kind is FaultKind.DUPLICATE else 0)
            body = self._body(notice, fault)
            outcomes = list(await asyncio.gather(*(self._post(notice.url, body) for _ in range(copies))))
        lines = [self._line(notice, outcome, fault) for outcome in outcomes]
        kind = None if fault is None else fault.kind.value
        notice.attempts += [Attempt(at=at, outcome=outcome, fault=kind) for outcome in outcomes]
        self._settle(notice, accepted="success" in outcomes)
        return lines

    def _settle(self, notice: Notice, *, accepted: bool) -> None:
        if accepted:
            notice.state = NoticeState.DELIVERED
        elif notice.state is NoticeState.PENDING:
            if notice.retries < len(RETRY_AFTER):
                notice.next_at += RETRY_AFTER[notice.retries]
                notice.retries += 1
            else:
                notice.state = NoticeState.ABANDONED
        self._store.save_notice(notice)

    async def _post(self, url: str, body: bytes) -> str:
        try:
            answer = await self._send(url, body, _HEADERS)
        except Exception as problem:  # noqa: BLE001 - see below
            # Whatever goes wrong on the merchant's side is, for the provider, "no answer".
            return f"no answer: {type(problem).__name__}"
        if answer.status == 200 and answer.body == b"success":
            return "success"
        return f"refused: {answer.status} {answer.body[:80].decode('utf-8', 'replace')}"

    def _take(self, notice: Notice, *, holding: bool) -> Fault | None:
        """The fault to make on this sending, counted down; a notice is delayed once and a release never holds."""
        for fault in self._store.faults:
            if fault.kind in CALL_FAULTS | BILL_FAULTS or fault.number not in (None, notice.number):
                continue
            if (fault.kind is FaultKind.DELAY and notice.delayed) or (
                not holding and fault.kind in (FaultKind.HOLD, FaultKind.DELAY)
            ):
                continue
            use(self._store, fault)
            return fault
        return None

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

    def _body(self, notice: Notice, fault: Fault | None) -> bytes:
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
        return "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in fields.items()).encode(
            "ascii"
        )

    def _line(self, notice: Notice, outcome: str, fault: Fault | None) -> Delivery:
        return Delivery(
            notice_id=notice.notice_id,
            number=notice.number,
            trade_status=notice.fields["trade_status"],
            at=notice.next_at,
            outcome=outcome,
            fault=None if fault is None else fault.kind.value,
        )


def use(store: Store, fault: Fault) -> None:
    """Count one occasion of a fault and drop it when it is used up."""
    if fault.times is not None:
        fault.times -= 1
        if fault.times <= 0:
            store.faults.remove(fault)
        store.save_faults()
