"""Confirm payments: a list of verified notices in, what came of each out, the ordinary ones in one transaction.

Ordinary is the first notice that says "paid" of a purchase that waits for this money, with its stock still held. The
batch locks purchases, payments and stock, each sorted, and takes the same number of statements for one as for 256.
Everything else is applied by itself, by the same functions, and harms no other.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg

from merx.cashier.apply_notice import VerifiedNotice, apply_notice
from merx.cashier.confirm_payment import PLACED, StockNotHeld, place_paid
from merx.cashier.provider_facts import fact_of_notice
from merx.infra.db import Database, Tx
from merx.kit.errors import DomainError
from merx.orders import OrderState, Purchase, lock_purchases
from merx.payments import (
    Fact,
    KeptNotice,
    Payment,
    agrees,
    find_by_numbers,
    keep_applied_notices,
    record_all_captured,
    repeat_notices,
)

Decision = str | None
"""What came of a notice; None: its number is none of ours."""
Key = tuple[str, str]
_ALONE_AT_ONCE: Final = 4
_LOG = logging.getLogger(__name__)


class _NotOrdinary(Exception):
    """A notice looked ordinary and was not: nothing of the batch is written."""


async def confirm_payments(db: Database, notices: Sequence[VerifiedNotice]) -> list[Decision | Exception]:
    """Apply the notices; for each what came of it, or why it could not be applied, in the same order.

    Copies of one notice count as deliveries of it. Each answer is given after the commit it rests on.
    """
    copies = Counter(each.key for each in notices)
    first: dict[Key, VerifiedNotice] = {}
    for each in notices:
        first.setdefault(each.key, each)
    decided: dict[Key, Decision | Exception] = {}
    decided.update(await _confirm_together(db, list(first.values()), copies))
    gate = asyncio.Semaphore(_ALONE_AT_ONCE)

    async def alone(verified: VerifiedNotice) -> None:
        async with gate:
            decided[verified.key] = await _confirm_alone(db, verified, deliveries=copies[verified.key])

    await asyncio.gather(*(alone(each) for key, each in first.items() if key not in decided))
    return [decided[each.key] for each in notices]


async def _confirm_alone(db: Database, verified: VerifiedNotice, *, deliveries: int) -> Decision | Exception:
    try:
        return await db.write(partial(apply_notice, verified=verified, deliveries=deliveries))
    except Exception as error:  # noqa: BLE001 - told to this notice's sender, and to no other
        return error


async def _confirm_together(
    db: Database, notices: list[VerifiedNotice], copies: Counter[Key]
) -> dict[Key, Decision]:
    """Apply the ordinary notices in one transaction; those not in the answer are to be applied by themselves."""
    apart: set[UUID] = set()
    while True:
        try:
            return await db.write(partial(_together, notices=notices, copies=copies, apart=apart))
        except StockNotHeld as error:
            apart |= (
                error.purchase_ids
            )  # a hold ran out and went to others; the rest of the batch is not its fault
        except (asyncpg.PostgresError, DomainError, _NotOrdinary) as error:
            _LOG.warning(
                "a batch of %d payment notices is applied one by one: %s", len(notices), type(error).__name__
            )
            return {}


async def _together(
    tx: Tx, *, notices: list[VerifiedNotice], copies: Counter[Key], apart: Collection[UUID]
) -> dict[Key, Decision]:
    """One transaction. Twelve statements with BEGIN and COMMIT when every notice is ordinary."""
    now = max(each.received_at for each in notices)
    payments = await find_by_numbers(tx, numbers=[each.notice.number for each in notices])
    decided: dict[Key, Decision] = {
        each.key: None
        for each in notices
        if (payment := payments.get(each.notice.number)) is None or payment.provider != each.notice.provider
    }
    ours = [each for each in notices if each.key not in decided]
    if not ours:
        return decided
    locked = await lock_purchases(
        tx, purchase_ids=sorted({payments[each.notice.number].purchase_id for each in ours})
    )
    ordinary = _ordinary(ours, payments, {each.id: each for each in locked}, apart)
    if len(ordinary) < len(ours):
        decided |= await _repeat(tx, [each for each in ours if each.key not in ordinary], copies)
    if not ordinary:
        return decided
    paid = {payment.purchase_id for payment, _ in ordinary.values()}
    moved = await record_all_captured(tx, captures=list(ordinary.values()), now=now)
    if len(moved) < len(ordinary):
        raise _NotOrdinary
    await place_paid(tx, purchases=[each for each in locked if each.id in paid], now=now)
    await _keep(tx, [each for each in ours if each.key in ordinary], copies, now=now)
    return decided | dict.fromkeys(ordinary, PLACED)


def _ordinary(
    notices: Sequence[VerifiedNotice],
    payments: dict[str, Payment],
    purchases: dict[UUID, Purchase],
    apart: Collection[UUID],
) -> dict[Key, tuple[Payment, Fact]]:
    """The notices that can be applied together, with what each says of its payment."""
    found: dict[Key, tuple[Payment, Fact]] = {}
    seen = set(apart)
    for each in notices:
        payment, fact = payments[each.notice.number], fact_of_notice(each.notice)
        told = fact is not None and fact.kind == "captured" and each.notice.refund_state is None
        if fact is None or not told or payment.purchase_id in seen:
            continue
        waiting = purchases[payment.purchase_id].state == OrderState.PENDING_PAYMENT
        if waiting and agrees(payment, fact):
            seen.add(payment.purchase_id)
            found[each.key] = payment, fact
    return found


async def _repeat(tx: Tx, notices: Sequence[VerifiedNotice], copies: Counter[Key]) -> dict[Key, Decision]:
    """Count the deliveries of notices that were applied before; these are decided."""
    repeated = [(*each.key, copies[each.key]) for each in notices]
    return dict(await repeat_notices(tx, repeated))


async def _keep(tx: Tx, notices: Sequence[VerifiedNotice], copies: Counter[Key], *, now: datetime) -> None:
    kept = [
        KeptNotice(
            each.notice.provider, each.notice.notice_id, each.notice.number, each.body, each.received_at,
            copies[each.key], PLACED,
        )
        for each in notices
    ]  # fmt: skip
    if await keep_applied_notices(tx, kept, now=now) < len(kept):
        raise _NotOrdinary
