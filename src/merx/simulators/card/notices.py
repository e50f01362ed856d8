"""Webhooks: which events go out, how they are signed, what happens to them on the way, when the sender gives up."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from merx.simulators.card.intents import public
from merx.simulators.card.model import (
    NOTICE_FAULTS,
    Account,
    Attempt,
    Delivery,
    Fault,
    FaultKind,
    Json,
    Notice,
    NoticeState,
    numbers_of,
)
from merx.simulators.card.store import Store, new_object_id
from merx.simulators.common.delivery import SendNotice

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


class NoticeDesk:
    """Keeps events and delivers them to the account's endpoint."""

    def __init__(self, *, store: Store, account: Account, send: SendNotice) -> None:
        self._store = store
        self._account = account
        self._send = send
        self._delivering = asyncio.Lock()

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

    async def deliver_due(self, now: Callable[[], datetime]) -> list[Delivery]:
        """Send everything due by the clock, in order of due time, retries that fall due meanwhile included."""
        done: list[Delivery] = []
        async with self._delivering:
            while (notice := self._next_due(now())) is not None:
                done += await self._deliver(notice)
        return done

    async def release(self, now: datetime, *, latest_first: bool) -> list[Delivery]:
        """Send the held webhooks at once, by default the latest first."""
        done: list[Delivery] = []
        async with self._delivering:
            held = [n for n in self._store.notices.values() if n.state is NoticeState.HELD]
            for notice in sorted(held, key=lambda n: n.sequence, reverse=latest_first):
                notice.state, notice.next_at = NoticeState.PENDING, max(notice.next_at, now)
                done += await self._transmit(notice, self._take(notice, holding=False))
        return done

    async def resend(self, notice: Notice, now: datetime) -> list[Delivery]:
        """Send one event again whatever its state."""
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
            return [_line(notice, "held", fault)]
        if fault is not None and fault.kind is FaultKind.DELAY:
            notice.next_at += timedelta(seconds=fault.seconds)
            notice.delayed = True
            self._store.save_notice(notice)
            return [_line(notice, "delayed", fault)]
        return await self._transmit(notice, fault)

    async def _transmit(self, notice: Notice, fault: Fault | None) -> list[Delivery]:
        kind = None if fault is None else fault.kind
        if kind is FaultKind.LOSE:
            outcomes = ["lost"]
        else:
            copies = 1 + (fault.copies if fault is not None and kind is FaultKind.DUPLICATE else 0)
            body = _body(notice.event, kind)
            headers = {
                "content-type": "application/json; charset=utf-8",
                "stripe-signature": self._signature(body, notice.next_at, kind),
            }
            outcomes = list(await asyncio.gather(*(self._post(body, headers) for _ in range(copies))))
        notice.attempts += [
            Attempt(at=notice.next_at, outcome=outcome, fault=None if kind is None else kind.value)
            for outcome in outcomes
        ]
        lines = [_line(notice, outcome, fault) for outcome in outcomes]
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

    async def _post(self, body: bytes, headers: dict[str, str]) -> str:
        try:
            answer = await self._send(self._account.webhook_url, body, headers)
        except Exception as problem:  # noqa: BLE001 - see below
            # Whatever goes wrong on the merchant's side is, for the sender, "no answer".
            return f"no answer: {type(problem).__name__}"
        return "success" if 200 <= answer.status < 300 else f"refused: {answer.status}"

    def _signature(self, body: bytes, at: datetime, kind: FaultKind | None) -> str:
        signed_at = int((at - _OLD if kind is FaultKind.OLD else at).timestamp())
        live = ("whsec_forged",) if kind is FaultKind.FORGE else self._account.webhook_secrets
        text = f"{signed_at}.".encode() + body
        signatures = (hmac.new(secret.encode(), text, hashlib.sha256).hexdigest() for secret in live)
        return ",".join([f"t={signed_at}", *(f"v1={signature}" for signature in signatures)])

    def _take(self, notice: Notice, *, holding: bool) -> Fault | None:
        """The fault to make on this sending, counted down; a webhook is delayed once and a release never holds."""
        for fault in self._store.faults:
            if fault.kind not in NOTICE_FAULTS or fault.on not in (None, notice.type):
                continue
            if fault.number is not None and fault.number not in notice.numbers:
                continue
            if (fault.kind is FaultKind.DELAY and notice.delayed) or (
                not holding and fault.kind in (FaultKind.HOLD, FaultKind.DELAY)
            ):
                continue
            self._store.use(fault)
            return fault
        return None


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


def _line(notice: Notice, outcome: str, fault: Fault | None) -> Delivery:
    return Delivery(
        notice_id=notice.notice_id,
        type=notice.type,
        numbers=notice.numbers,
        at=notice.next_at,
        outcome=outcome,
        fault=None if fault is None else fault.kind.value,
    )
