"""Apply one verified notice, whatever it says and whatever has become of its payment."""

from datetime import datetime

import msgspec

from merx.cashier.apply_fact import apply_fact
from merx.cashier.provider_facts import fact_of_notice
from merx.infra.db import Tx
from merx.orders import lock_purchase
from merx.payments import Payment, find_by_number, notice_applied, store_notice
from merx.payments.providers import ProviderNotice


class VerifiedNotice(msgspec.Struct, frozen=True, gc=False):
    """A notice whose sender is proved, and its body as it came."""

    notice: ProviderNotice
    body: bytes
    received_at: datetime

    @property
    def key(self) -> tuple[str, str]:
        """What makes a second one of it a copy."""
        return self.notice.provider, self.notice.notice_id


async def apply_notice(tx: Tx, verified: VerifiedNotice, *, deliveries: int = 1) -> str | None:
    """Keep the notice and do what it says, once; returns what came of it, None when its number is none of ours.

    Raises AmountMismatch, ReferenceTaken.
    """
    notice, now = verified.notice, verified.received_at
    payment = await find_by_number(tx, number=notice.number, provider=notice.provider)
    if payment is None:
        return None
    await lock_purchase(tx, purchase_id=payment.purchase_id)
    applied, outcome = await store_notice(
        tx, provider=notice.provider, notice_id=notice.notice_id, number=notice.number, body=verified.body,
        deliveries=deliveries, now=now,
    )  # fmt: skip
    if applied:
        return outcome
    outcome = await _confirm(tx, notice, payment, now=now)
    await notice_applied(tx, provider=notice.provider, notice_id=notice.notice_id, outcome=outcome, now=now)
    return outcome


async def _confirm(tx: Tx, notice: ProviderNotice, payment: Payment, *, now: datetime) -> str:
    if notice.refund_state is not None:
        return (
            f"refund_{notice.refund_state.value}"  # a refund's truth is asked for, its notice moves nothing
        )
    fact = fact_of_notice(notice)
    if fact is None:
        return f"ignored_{notice.status.value}"  # waiting and closed move no money: the deadline decides
    return await apply_fact(tx, purchase_id=payment.purchase_id, payment_id=payment.id, fact=fact, now=now)
