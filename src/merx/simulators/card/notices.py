"""Webhooks: which events go out, how they are signed, what happens to them on the way, when the sender gives up."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta

import msgspec

from merx.simulators.card.intents import public
from merx.simulators.card.model import (
    NOTICE_FAULTS,
    Account,
    Delivery,
    Fault,
    FaultKind,
    Json,
    Notice,
    numbers_of,
)
from merx.simulators.card.store import Store, new_object_id
from merx.simulators.common.delivery import NoticeAnswer, SendNotice
from merx.simulators.common.model import NoticeState
from merx.simulators.common.notices import Message, PeerNoticeDesk

#: Waits after each unsuccessful sending: ever longer, for about three days.
RETRY_AFTER = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    *(timedelta(hours=12) for _ in range(4)),
)
_OLD = timedelta(minutes=10)
_AMOUNTS = ("amount_total", "amount_received", "amount_captured", "amount")


class NoticeDesk(PeerNoticeDesk[Fault, Notice, Delivery]):
    """Keeps events, for the account's endpoint."""

    retry_after = RETRY_AFTER

    def __init__(self, *, store: Store, account: Account, send: SendNotice) -> None:
        super().__init__(store, send)
        self._store = store
        self._account = account

    def publish(self, kind: str, thing: Json, now: datetime) -> None:
        """Something happened to an object: keep the event, and send it when there is an endpoint."""
        snapshot: Json = json.loads(json.dumps(public(thing)))
        wanted = self._account.webhook_events
        subscribed = bool(self._account.webhook_url) and (kind in wanted or "*" in wanted)
        event: Json = {
            "id": new_object_id("evt"),
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(now.timestamp()),
            "data": {"object": snapshot},
            "livemode": False,
            "pending_webhooks": 1 if subscribed else 0,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self._store.save(event)
        if subscribed:
            self._store.save_notice(
                Notice(
                    notice_id=event["id"],
                    type=kind,
                    numbers=numbers_of(snapshot),
                    event=public(event),
                    state=NoticeState.PENDING,
                    next_at=now,
                    sequence=len(self._store.notices),
                )
            )

    def fits(self, fault: Fault, notice: Notice) -> bool:
        """One of webhooks, for this event's type and numbers."""
        return (
            fault.kind in NOTICE_FAULTS
            and fault.on in (None, notice.type)
            and (fault.number is None or fault.number in notice.numbers)
        )

    def outcome(self, answer: NoticeAnswer) -> str:
        """The status alone counts."""
        return "success" if 200 <= answer.status < 300 else f"refused: {answer.status}"

    def message(self, notice: Notice, fault: Fault | None) -> Message:
        """The event, signed over its bytes and the time."""
        kind = None if fault is None else fault.kind
        body = _body(notice.event, kind)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": self._signature(body, notice.next_at, kind),
        }
        return Message(self._account.webhook_url, body, headers)

    def line(self, notice: Notice, outcome: str, fault: Fault | None) -> Delivery:
        """One line of a drain's account."""
        return Delivery(
            notice_id=notice.notice_id,
            type=notice.type,
            numbers=notice.numbers,
            at=notice.next_at,
            outcome=outcome,
            fault=None if fault is None else fault.kind.value,
        )

    def _signature(self, body: bytes, at: datetime, kind: FaultKind | None) -> str:
        signed_at = int((at - _OLD if kind is FaultKind.OLD else at).timestamp())
        live = ("whsec_forged",) if kind is FaultKind.FORGE else self._account.webhook_secrets
        text = f"{signed_at}.".encode() + body
        signatures = (hmac.new(secret.encode(), text, hashlib.sha256).hexdigest() for secret in live)
        return ",".join([f"t={signed_at}", *(f"v1={signature}" for signature in signatures)])


def _body(event: Json, kind: FaultKind | None) -> bytes:
    changed: Json = json.loads(json.dumps(event))
    if kind is FaultKind.WRONG_AMOUNT:
        thing = changed["data"]["object"]
        for name in _AMOUNTS:
            if name in thing:
                thing[name] += 1
    elif kind is FaultKind.WRONG_MODE:
        changed["livemode"] = True
    elif kind is FaultKind.WRONG_ACCOUNT:
        changed["account"] = "acct_1SomebodyElse"
    return msgspec.json.format(msgspec.json.encode(changed), indent=2)
