"""Notices: when they go out, what happens to them on the way, and when the provider gives up."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from merx.simulators.common.delivery import SendNotice
from merx.simulators.wechat import wire
from merx.simulators.wechat.keyring import KeyRing
from merx.simulators.wechat.model import (
    NOTICE_FAULTS,
    Attempt,
    Delivery,
    Fault,
    FaultKind,
    Notice,
    NoticeState,
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


class NoticeDesk:
    """Makes notices for orders and refunds and delivers those that are due."""

    def __init__(
        self, *, store: Store, merchants: Mapping[str, WechatMerchant], keys: KeyRing, send: SendNotice
    ) -> None:
        self._store = store
        self._merchants = merchants
        self._keys = keys
        self._send = send
        self._delivering = asyncio.Lock()

    def announce_payment(self, order: Order, now: datetime) -> None:
        """Queue the notice of a payment."""
        self._queue(order, "TRANSACTION.SUCCESS", order.notify_url, transaction(order), now)

    def announce_refund(self, order: Order, refund: Refund) -> None:
        """Queue the notice of a refund that became final; nothing when it was asked for without an address."""
        if refund.notify_url:
            event = f"REFUND.{refund.outcome}"
            self._queue(order, event, refund.notify_url, _refund_notice(order, refund), refund.done_at)

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

    def _next_due(self, now: datetime) -> Notice | None:
        due = [notice for notice in self._store.pending.values() if notice.next_at <= now]
        return min(due, key=lambda n: (n.next_at, n.sequence), default=None)

    async def _deliver(self, notice: Notice) -> list[Delivery]:
        fault = self._take(notice, holding=True)
        if fault is not None and fault.kind is FaultKind.HOLD:
            notice.state = NoticeState.HELD
            self._store.save_notice(notice)
            return [_line(notice, "held", fault)]
        if fault is not None and fault.kind is FaultKind.DELAY:
            notice.next_at += timedelta(seconds=fault.seconds)
            notice.delayed = True
            self._store.save_notice(notice)
            return [_line(notice, "delayed", fault)]
        return await self._transmit(notice, fault)

    async def _transmit(self, notice: Notice, fault: Fault | None) -> list[Delivery]:
        at = notice.next_at
        if fault is not None and fault.kind is FaultKind.LOSE:
            outcomes = ["lost"]
        else:
            copies = 1 + (fault.copies if fault is not None and fault.kind is FaultKind.DUPLICATE else 0)
            body = self._body(notice, fault)
            headers = self._headers(body, at, fault)
            sent = await asyncio.gather(*(self._post(notice.url, body, headers) for _ in range(copies)))
            outcomes = list(sent)
        lines = [_line(notice, outcome, fault) for outcome in outcomes]
        kind = None if fault is None else fault.kind.value
        notice.attempts += [Attempt(at=at, outcome=outcome, fault=kind) for outcome in outcomes]
        # The answer to a probe is the provider's test, not the fate of the notice.
        probed = fault is not None and fault.kind is FaultKind.PROBE
        self._settle(notice, accepted="success" in outcomes and not probed)
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

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        try:
            answer = await self._send(url, body, headers)
        except Exception as problem:  # noqa: BLE001 - see below
            # Whatever goes wrong on the merchant's side is, for the provider, "no answer".
            return f"no answer: {type(problem).__name__}"
        if answer.status in (200, 204):
            return "success"
        return f"refused: {answer.status} {answer.body[:80].decode('utf-8', 'replace')}"

    def _take(self, notice: Notice, *, holding: bool) -> Fault | None:
        """The fault to make on this sending, counted down; a notice is delayed once and a release never holds."""
        for fault in self._store.faults:
            if fault.kind not in NOTICE_FAULTS or fault.number not in (None, notice.number):
                continue
            if (fault.kind is FaultKind.DELAY and notice.delayed) or (
                not holding and fault.kind in (FaultKind.HOLD, FaultKind.DELAY)
            ):
                continue
            self._store.use(fault)
            return fault
        return None

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


def _line(notice: Notice, outcome: str, fault: Fault | None) -> Delivery:
    return Delivery(
        notice_id=notice.notice_id,
        number=notice.number,
        event_type=notice.event_type,
        at=notice.next_at,
        outcome=outcome,
        fault=None if fault is None else fault.kind.value,
    )
