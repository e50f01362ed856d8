"""Resolve a difference: by the platform's staff, by asking the provider again, or because a refund has ended."""

from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.cashier import confirm_payment
from merx.infra.db import Database, Tx
from merx.infra.outbox import publish
from merx.kit.actors import Actor, Staff, System, account_of
from merx.kit.money import Money
from merx.ledger import post, provider_owner
from merx.orders import lock_purchase
from merx.payments import AmountMismatch, Fact, find_refund, lock_payment
from merx.payments.providers import ProviderRegistry, ProviderStatus, RefundState
from merx.reconciliation.errors import DifferenceSettled, ResolutionRefused, UnknownDifference
from merx.reconciliation.events import DifferenceResolved
from merx.reconciliation.model import Difference, DifferenceKind, Known, Resolution
from merx.reconciliation.rules import (
    accepted_transfers,
    booked_transfers,
    check_note,
    dispute_settled,
    fee_transfers,
    resolutions_of,
    settled_transfers,
    written_off_transfers,
)
from merx.reconciliation.states import DIFFERENCE_STATES
from merx.reconciliation.store import books, differences
from merx.refunds import settle_refund

_OPEN: Final = DIFFERENCE_STATES.sources("resolved")
_FOLLOWING: Final = System("reconcile")


class Answer(msgspec.Struct, frozen=True):
    """What a provider said of a payment or refund when it was asked again."""

    said: str
    fact: Fact | None = None
    paid_back: bool = False


async def resolve_difference(
    tx: Tx,
    *,
    difference_id: UUID,
    resolution: Resolution,
    note: str,
    actor: Staff,
    now: datetime,
    answer: Answer | None = None,
) -> Difference:
    """Resolve an open difference; `answer` is what `ask_again` brought, for a recheck.

    A recheck with which nothing agrees leaves the difference open, with the answer on it. Raises UnknownDifference, DifferenceSettled, ResolutionRefused, NoteMissing; for a
    recheck also ReferenceTaken.
    """
    words = check_note(note, resolution)
    found = await _locked(tx, difference_id)
    if resolution not in resolutions_of(found):
        raise ResolutionRefused
    if resolution is Resolution.RECHECK:
        if answer is None:
            raise ResolutionRefused
        if not await _apply(tx, found, answer, now=now):
            return await _again(tx, difference_id)
    elif resolution is Resolution.BOOK:
        assert found.purchase_id is not None
        await post(tx, booked_transfers(found, purchase_id=found.purchase_id), now=now)
    elif resolution is Resolution.ACCEPT_THEIRS:
        await _accept(tx, found, now=now)
    elif resolution is Resolution.WRITE_OFF:
        await post(tx, written_off_transfers(await _known(tx, found)), now=now)
    await _close(tx, found, resolution, note=words, actor=actor, now=now)
    return await _again(tx, difference_id)


async def ask_again(db: Database, providers: ProviderRegistry, *, difference_id: UUID) -> Answer | None:
    """Ask the provider, by our own number and outside every transaction, about what a difference is of.

    None when there is nothing to ask about it, or no more. Raises UnknownDifference, UnknownProvider, ProviderUnavailable.
    """
    async with db.read() as read:
        found = await differences.find_difference(read, difference_id)
    if found is None:
        raise UnknownDifference
    if Resolution.RECHECK not in resolutions_of(found):
        return None
    provider = providers.get(found.provider)
    if found.refund_id is not None and found.refund_number is not None:
        async with db.read() as read:
            refund = await find_refund(read, found.refund_id)
        assert refund is not None
        amount = Money(refund.amount, refund.currency)
        state = await provider.refund_state(
            number=found.number, refund_number=found.refund_number, amount=amount
        )
        return Answer(state.value, paid_back=state is RefundState.SUCCEEDED)
    said = await provider.query(found.number)
    if said.status is not ProviderStatus.CAPTURED or said.amount is None or said.provider_reference is None:
        return Answer(said.status.value)
    at = said.paid_at or found.created_at
    fact = Fact("captured", said.provider_reference, said.amount.amount, said.amount.currency, "query", at)
    return Answer(said.status.value, fact=fact)


async def follow_refund(tx: Tx, *, difference_id: UUID, now: datetime) -> bool:
    """A refund that was under way has ended: book it as the bill had it, or nothing. False when it was resolved."""
    found = await differences.lock_difference(tx, difference_id)
    if found is None or found.state != "open":
        return False
    known = await _known(tx, found)
    await _settle(tx, found, known, now=now)
    await _close(tx, found, Resolution.MATCHED, note="", actor=_FOLLOWING, now=now)
    return True


async def follow_dispute(tx: Tx, *, difference_id: UUID, now: datetime) -> bool:
    """We may have heard by now of a dispute that a bill had before: book it then. False when we have not."""
    found = await differences.lock_difference(tx, difference_id)
    if found is None or found.state != "open" or found.theirs is None:
        return False
    moved = await books.disputes_moved(tx, [found.reference], owners=[provider_owner(found.provider)])
    known = moved.get(found.reference)
    fee = found.fee if known is not None and found.fee_currency == known.currency else 0
    same = (found.currency, found.theirs, fee)
    if known is None or known.settled or (known.currency, known.amount, known.fee) != same:
        return False
    await post(tx, dispute_settled(known), now=now)
    await _close(tx, found, Resolution.MATCHED, note="", actor=_FOLLOWING, now=now)
    return True


async def _locked(tx: Tx, difference_id: UUID) -> Difference:
    found = await differences.find_difference(tx, difference_id)
    if found is None:
        raise UnknownDifference
    if found.purchase_id is not None:
        await lock_purchase(tx, purchase_id=found.purchase_id)
    locked = await differences.lock_difference(tx, difference_id)
    assert locked is not None
    if locked.state != "open":
        raise DifferenceSettled
    return locked


async def _again(tx: Tx, difference_id: UUID) -> Difference:
    found = await differences.find_difference(tx, difference_id)
    assert found is not None
    return found


async def _known(tx: Tx, found: Difference) -> Known:
    """What we know now of what a difference is of."""
    if found.refund_id is not None and found.refund_number is not None:
        known = await books.known_refunds(tx, [found.refund_number], codes=[found.provider])
        return known[found.refund_number]
    known = await books.known_payments(tx, [found.number], codes=[found.provider])
    return known[found.number]


async def _apply(tx: Tx, found: Difference, answer: Answer, *, now: datetime) -> bool:
    """Apply what the provider said. True when nothing is open any more."""
    known = await _known(tx, found)
    with suppress(AmountMismatch):  # then our books stay as they are, and somebody must look
        await _learn(tx, known, answer, now=now)
    known = await _known(tx, found)
    ours = known.amount if known.done else None
    await differences.answered(tx, found.id, answer=answer.said, ours=ours, now=now)
    if found.kind is DifferenceKind.REFUND_PENDING and answer.said == RefundState.FAILED.value:
        return True  # there is nothing to book
    if not known.done or found.theirs is None or found.theirs != known.amount:
        return known.settled
    await _settle(tx, found, known, now=now)
    return True


async def _learn(tx: Tx, known: Known, answer: Answer, *, now: datetime) -> None:
    if known.done:
        return
    if answer.fact is not None and known.refund_id is None:
        await confirm_payment(
            tx, purchase_id=known.purchase_id, payment_id=known.payment_id, fact=answer.fact, now=now
        )
    elif answer.paid_back and known.refund_id is not None:
        payment = await lock_payment(tx, known.payment_id)
        refund = await find_refund(tx, known.refund_id)
        assert refund is not None
        await settle_refund(tx, payment=payment, refund=refund, now=now)


async def _settle(tx: Tx, found: Difference, known: Known, *, now: datetime) -> None:
    """The bill had it: it leaves clearing, unless it has."""
    if known.done and not known.settled and found.theirs is not None:
        amount, fee = Money(found.theirs, found.currency), Money(found.fee, found.fee_currency)
        await post(tx, settled_transfers(known, amount=amount, fee=fee), now=now)


async def _accept(tx: Tx, found: Difference, *, now: datetime) -> None:
    assert found.ours is not None
    assert found.theirs is not None
    known = await _known(tx, found)
    fee = Money(found.fee, found.fee_currency)
    if found.kind is DifferenceKind.FEE_DIFFERS:
        rest = Money(found.theirs - found.ours, found.currency)
        await post(tx, fee_transfers(known, fee=rest, cause_id=found.id), now=now)
    elif not known.settled:
        await post(tx, accepted_transfers(known, theirs=found.theirs, fee=fee), now=now)


async def _close(
    tx: Tx, found: Difference, resolution: Resolution, *, note: str, actor: Actor, now: datetime
) -> None:
    if not await differences.resolve(
        tx, found, resolution=resolution.value, note=note, actor_id=account_of(actor), sources=_OPEN, now=now
    ):
        raise DifferenceSettled
    await publish(tx, [DifferenceResolved.of(found, resolution, actor_id=account_of(actor))], now=now)
