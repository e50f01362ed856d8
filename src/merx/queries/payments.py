"""Money that people confirm, money that is authorized, and refunds to pay back by hand, for the platform's staff."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql
from merx.kit.money import Money
from merx.payments import (
    OfflinePayment,
    OfflineRefund,
    PaymentState,
    can_confirm,
    can_give_up,
    can_pay_back,
    can_retry,
    is_authorized,
    offline_refunds,
)
from merx.payments.providers import ConfirmedByHand, ProviderRegistry

PaymentAction = Literal["confirm", "capture", "cancel"]
RefundAction = Literal["paid_back", "failed", "retry"]


class AwaitedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment; `number` is what its payer names. `capture_failure` says why its authorized money will not come."""

    id: UUID
    purchase_id: UUID
    provider: str
    number: str
    state: str
    amount: Money
    expires_at: datetime
    purchase_state: str
    order_numbers: Sequence[str]
    capture_failure: str | None
    actions: tuple[PaymentAction, ...]


class RefundByHand(msgspec.Struct, frozen=True, kw_only=True):
    """Money that somebody has to pay back; `failure` says why an earlier attempt came to nothing."""

    id: UUID
    purchase_id: UUID
    provider: str
    number: str
    state: str
    amount: Money
    reason: str
    failure: str | None
    created_at: datetime
    actions: tuple[RefundAction, ...]


OFFLINE_PAYMENTS = Sql("""
SELECT y.id, y.purchase_id, y.provider, y.number, y.state, y.currency, y.amount, y.expires_at, p.state AS purchase_state,
       ARRAY(SELECT o.number FROM orders o WHERE o.purchase_id = p.id ORDER BY o.number) AS order_numbers,
       y.capture_failure, y.void_wanted_at
  FROM payments y JOIN purchases p ON p.id = y.purchase_id
 WHERE y.provider = ANY($1::text[])
   AND CASE WHEN $2::text = '' THEN y.state = ANY($3::text[]) ELSE starts_with(y.number, $2) OR y.provider_reference = $5 END
 ORDER BY y.created_at, y.id LIMIT $4
""")
UNCAPTURED = Sql("""
SELECT y.id, y.purchase_id, y.provider, y.number, y.state, y.currency, y.amount, y.expires_at, p.state AS purchase_state,
       ARRAY(SELECT o.number FROM orders o WHERE o.purchase_id = p.id ORDER BY o.number) AS order_numbers,
       y.capture_failure, y.void_wanted_at
  FROM payments y JOIN purchases p ON p.id = y.purchase_id
 WHERE y.state = $1 AND y.provider <> ALL($2::text[]) AND y.void_wanted_at IS NULL
 ORDER BY y.capture_failure IS NULL, y.created_at LIMIT $3
""")


async def offline_payments(
    tx: ReadTx, *, providers: Sequence[str], number: str = "", limit: int = 100
) -> list[OfflinePayment]:
    """Payments with these providers that wait for staff, oldest first.

    With a `number`, those that it names, in any state: our number or its beginning, however it was typed, the number of
    the purchase or of an order of it, or the bank's own number with which it was confirmed.
    """
    waiting = [PaymentState.ACTION_REQUIRED.value, PaymentState.AUTHORIZED.value]
    ours = "".join(number.split()).upper().partition("-")[0]
    return await _listed(tx, OFFLINE_PAYMENTS, providers, ours, waiting, limit, number.strip())


async def uncaptured_payments(
    tx: ReadTx, *, offline: Sequence[str], limit: int = 100
) -> list[OfflinePayment]:
    """Authorized money that serves a purchase and was not captured yet, what cannot be captured any more first."""
    return await _listed(tx, UNCAPTURED, PaymentState.AUTHORIZED.value, offline, limit)


async def _listed(tx: ReadTx, sql: Sql, *arguments: Any) -> list[OfflinePayment]:
    return [
        OfflinePayment(**{**row, "state": PaymentState(row["state"])})
        for row in await tx.rows(sql, *arguments)
    ]


class PaymentDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for staff: money to confirm, authorized money that was not captured yet, refunds to pay back."""

    waiting: list[AwaitedPayment]
    promised: list[AwaitedPayment]
    refunds: list[RefundByHand]


async def payment_desk(tx: ReadTx, providers: ProviderRegistry, *, number: str = "") -> PaymentDesk:
    """What waits for staff; with a number, the payments that it names."""
    offline, door = providers.codes(ConfirmedByHand), providers.at_the_door()
    return PaymentDesk(
        waiting=[
            _waiting(each, at_the_door=each.provider in door)
            for each in await offline_payments(tx, providers=offline, number=number)
        ],
        promised=[_authorized(each) for each in await uncaptured_payments(tx, offline=offline)],
        refunds=[_refund(each) for each in await offline_refunds(tx, providers=offline)],
    )


def _waiting(found: OfflinePayment, *, at_the_door: bool) -> AwaitedPayment:
    confirms = can_confirm(found, at_the_door=at_the_door)
    return _payment(found, ("confirm",) if confirms else ())


def _authorized(found: OfflinePayment) -> AwaitedPayment:
    return _payment(found, ("capture", "cancel") if is_authorized(found) else ())


def _payment(found: OfflinePayment, actions: tuple[PaymentAction, ...]) -> AwaitedPayment:
    return AwaitedPayment(
        id=found.id,
        purchase_id=found.purchase_id,
        provider=found.provider,
        number=found.number,
        state=found.state.value,
        amount=Money(found.amount, found.currency),
        expires_at=found.expires_at,
        purchase_state=found.purchase_state,
        order_numbers=found.order_numbers,
        capture_failure=found.capture_failure,
        actions=actions,
    )


def _refund(found: OfflineRefund) -> RefundByHand:
    may: dict[RefundAction, bool] = {
        "paid_back": can_pay_back(found),
        "failed": can_give_up(found),
        "retry": can_retry(found),
    }
    return RefundByHand(
        id=found.id,
        purchase_id=found.purchase_id,
        provider=found.provider,
        number=found.number,
        state=found.state,
        amount=Money(found.amount, found.currency),
        reason=found.reason,
        failure=found.failure,
        created_at=found.created_at,
        actions=tuple(action for action, allowed in may.items() if allowed),
    )
