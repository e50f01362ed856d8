"""Record disputes: what a provider says of an objection and of the money it moved because of it.

The caller holds the locks of the payment and its purchase. Reports may come in any order and often: a state never goes
back, and each move of money is booked once under the provider's own number of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from merx.infra.db import ReadTx, Tx
from merx.infra.outbox import publish
from merx.kit.paging import decode_cursor, encode_cursor
from merx.ledger import Transfer, dispute_transfers, loss_transfer, post
from merx.payments.events import DisputeClosed, DisputeEvent, DisputeOpened
from merx.payments.model import Dispute, DisputePage, Payment, RefundPage
from merx.payments.providers.model import DisputeMove, DisputeReport, DisputeState
from merx.payments.states import DISPUTE_STATES
from merx.payments.store import disputes as store
from merx.payments.store.refunds import failed_refunds

OPEN_DISPUTES: Final = (DisputeState.INQUIRY, DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW)
PAGE_LIMIT: Final = 100
_NEWEST: Final = UUID(int=2**128 - 1)


async def record_dispute(tx: Tx, *, payment: Payment, report: DisputeReport, now: datetime) -> Dispute:
    """Keep what a provider says of a dispute and book what money it moved; return the dispute as it is now.

    Publishes DisputeOpened and DisputeClosed. A report that was recorded before changes nothing.
    """
    opened = await store.insert_dispute(tx, payment, report, now=now)
    moved = not opened and await _move(tx, payment, report, now=now)
    dispute = await _get(tx, payment, report)
    fresh = await store.insert_moves(tx, dispute, report.moves, now=now) if report.moves else []
    if fresh:
        await store.set_aside(tx, payment.id)
        await post(tx, [each for move in fresh for each in _booked(dispute, move)], now=now)
        dispute = await _get(tx, payment, report)
    events: list[DisputeEvent] = [DisputeOpened.of(dispute)] if opened else []
    if (opened or moved) and dispute.closed_at is not None:
        events.append(DisputeClosed.of(dispute))
    await publish(tx, events, now=now)
    return dispute


async def bear_loss(tx: Tx, *, dispute: Dispute, sellers: Mapping[UUID, int], now: datetime) -> None:
    """Book what a lost dispute took to the sellers, in the share of their weights; what was booked stays."""
    transfers: list[Transfer] = []
    for reference, amount in await store.bear(tx, dispute.id):
        for seller_id, part in shares(abs(amount), sellers).items():
            transfers.append(
                loss_transfer(
                    dispute_id=dispute.id, purchase_id=dispute.purchase_id, provider=dispute.provider,
                    seller_id=seller_id, currency=dispute.currency, amount=part if amount > 0 else -part,
                    reference=reference,
                )
            )  # fmt: skip
    await post(tx, transfers, now=now)


def shares(amount: int, weights: Mapping[UUID, int]) -> dict[UUID, int]:
    """Split an amount by weights; the parts sum to it, and parts of nothing are left out."""
    whole = sum(weights.values())
    parts, left = {}, amount
    for key in sorted(weights):
        weight = weights[key]
        part = left * weight // whole if whole else 0
        if part:
            parts[key] = part
        left, whole = left - part, whole - weight
    return parts


async def list_disputes(
    tx: ReadTx,
    *,
    states: Sequence[DisputeState] = OPEN_DISPUTES,
    after: str | None = None,
    limit: int = 20,
) -> DisputePage:
    """Disputes in these states, newest first. Raises BadCursor."""
    before = decode_cursor(after, tuple[UUID])[0] if after else _NEWEST
    limit = max(1, min(limit, PAGE_LIMIT))
    found = await store.list_disputes(
        tx, states=[state.value for state in states], before=before, limit=limit + 1
    )
    page = found[:limit]
    return DisputePage(page, encode_cursor(str(page[-1].id)) if len(found) > limit else None)


async def list_failed_refunds(tx: ReadTx, *, after: str | None = None, limit: int = 20) -> RefundPage:
    """Refunds that failed, newest first. Raises BadCursor."""
    before = decode_cursor(after, tuple[UUID])[0] if after else _NEWEST
    limit = max(1, min(limit, PAGE_LIMIT))
    found = await failed_refunds(tx, before=before, limit=limit + 1)
    page = found[:limit]
    return RefundPage(page, encode_cursor(str(page[-1].id)) if len(found) > limit else None)


async def _move(tx: Tx, payment: Payment, report: DisputeReport, *, now: datetime) -> bool:
    dispute = await _get(tx, payment, report)
    sources = DISPUTE_STATES.sources(report.state.value)
    return await store.move_dispute(tx, dispute.id, report, sources=sources, now=now)


async def _get(tx: Tx, payment: Payment, report: DisputeReport) -> Dispute:
    dispute = await store.find_dispute(tx, provider=payment.provider, reference=report.reference)
    assert dispute is not None
    return dispute


def _booked(dispute: Dispute, move: DisputeMove) -> list[Transfer]:
    # A fee in another currency than the purchase's is kept with the move; the provider's bill has it.
    fee = move.fee.amount if move.fee.currency == dispute.currency else 0
    return dispute_transfers(
        dispute_id=dispute.id, purchase_id=dispute.purchase_id, provider=dispute.provider,
        currency=dispute.currency, amount=move.amount.amount, fee=fee, reference=move.reference,
    )  # fmt: skip
