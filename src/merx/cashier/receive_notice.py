"""Receive a provider's notice: verify, keep, apply once, answer in the provider's words."""

from datetime import datetime, timedelta
from typing import Final

from merx.cashier.apply_notice import VerifiedNotice
from merx.cashier.confirm_payments import Decision, confirm_payments
from merx.cashier.notice_queue import NoticeQueue
from merx.cashier.receive_reversal import is_reversal, receive_reversal
from merx.infra.batch_queue import QueueFull
from merx.infra.db import Database
from merx.infra.logging import security_event
from merx.payments import AmountMismatch, KeptNotice, ReferenceTaken, keep_applied_notices
from merx.payments.providers import NoticeAnswer, NoticeProvider, NoticeRejected

UNKNOWN_NUMBER: Final = "unknown_number"
SEND_AGAIN_FOR: Final = timedelta(hours=12)
"""How long after its event a notice of an unknown number is asked for again."""


async def receive_notice(
    db: Database,
    provider: NoticeProvider,
    *,
    headers: dict[str, str],
    body: bytes,
    now: datetime,
    queue: NoticeQueue | None = None,
) -> NoticeAnswer:
    """Answer with what the provider must receive: its acknowledgement once the notice is kept and dealt with.

    A notice that is forged, for another merchant or for another amount changes nothing, is written to the security log,
    and is refused. Otherwise it is stored under its id and applied in one transaction, so that a duplicate finds it
    done; with a process's `queue`, together with others that come at the same time.

    A verified notice of a number we do not know may have overtaken a restore of our database, so for twelve hours after
    its event the provider is told to send it again, by the answer its protocol has for that: Alipay anything but
    `success`, WeChat Pay and the card API a status above 299. From then on it is kept in the inbox as
    `unknown_number` and acknowledged, which stops it: Alipay's eighth delivery (24 h), WeChat Pay's sixteenth (24 h)
    and the card API's retries (three days; an endpoint that only ever fails is switched off) come later than that. The
    money itself is found by reconciling the provider's bill.

    Raises NoticeRejected, and whatever kept the notice from being applied: the provider must get an error then.
    """
    try:
        notice = provider.parse_notice(headers, body)
    except NoticeRejected as error:
        security_event(
            "payment_notice_rejected", provider=provider.code, reason=error.reason.value, detail=error.detail
        )
        raise
    if is_reversal(notice):
        return await receive_reversal(db, provider, notice, body=body, now=now)
    verified = VerifiedNotice(notice, body, now)
    try:
        outcome = await _decide(db, queue, verified)
    except QueueFull:
        return provider.refusal
    except (AmountMismatch, ReferenceTaken) as error:
        security_event(
            "payment_notice_contradicts", provider=provider.code, number=notice.number, error=str(error)[:200]
        )
        return provider.refusal
    if outcome is not None:
        return provider.acknowledgement
    security_event("payment_notice_unknown_number", provider=provider.code, number=notice.number)
    if now - notice.occurred_at < SEND_AGAIN_FOR:
        return provider.refusal
    await _keep_unknown(db, verified)
    return provider.acknowledgement


async def _decide(db: Database, queue: NoticeQueue | None, verified: VerifiedNotice) -> Decision:
    if queue is not None:
        return await queue.confirm(verified)
    [decision] = await confirm_payments(db, [verified])
    if isinstance(decision, Exception):
        raise decision
    return decision


async def _keep_unknown(db: Database, verified: VerifiedNotice) -> None:
    kept = KeptNotice(
        verified.notice.provider, verified.notice.notice_id, verified.notice.number, verified.body,
        verified.received_at, 1, UNKNOWN_NUMBER,
    )  # fmt: skip
    await db.write(lambda tx: keep_applied_notices(tx, [kept], now=verified.received_at))
