"""Disputes and refunds that come back: whatever the order of their notices, the books are the same."""

import itertools
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.world.cards import CardTill
from tests.world.shop import a_shop
from tests.world.till import Bought, Till

from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.actors import System
from merx.payments import (
    NewRefund,
    RefundTooLarge,
    list_disputes,
    lock_payment,
    record_refund_failed,
    refunds_of,
    request_refund,
    retry_refund,
)
from merx.refunds import ask_refunds
from merx.simulators.card import Fault, FaultKind
from merx.verify import CHECKS
from merx.verify.run import facts_for, run_check

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def cards(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> AsyncIterator[CardTill]:
    till = Till(db, keys, owner, await a_shop(db, now=now), now)
    cards = CardTill(till)
    yield cards
    await cards.provider.aclose()
    cards.simulator.close()
    await till.close()


async def net(cards: CardTill) -> dict[str, int]:
    """What is in each kind of account, all owners together: debits less credits."""
    rows = await cards.till.owner.fetch(
        """SELECT kind, sum(amount)::int AS net
             FROM (SELECT debit_kind AS kind, amount FROM transfers
                   UNION ALL SELECT credit_kind, -amount FROM transfers) legs GROUP BY kind"""
    )
    return {row["kind"]: row["net"] for row in rows if row["net"]}


async def dispute_row(cards: CardTill) -> tuple[str, int]:
    row = await cards.till.owner.fetchrow(
        "SELECT d.state, y.disputed FROM disputes d JOIN payments y ON y.id = d.payment_id"
    )
    return row["state"], row["disputed"]


async def sound(cards: CardTill) -> None:
    """Nothing that `merx verify` says of money is broken."""
    facts = facts_for(cards.till.now, key_ids=[])
    async with cards.till.db.snapshot() as tx:
        for check in CHECKS:
            if check.code[0] in "MO" and check.code not in ("O5", "O6", "O8"):
                breaks, named, _ = await run_check(tx, check, facts)
                assert breaks == 0, (check.code, named)


async def refund(cards: CardTill, bought: Bought, amount: int) -> None:
    async def work(tx: Any) -> None:
        payment = await lock_payment(tx, bought.payment_id)
        wanted = NewRefund(reason="duplicate_payment", amount=amount)
        await request_refund(tx, payment=payment, refund=wanted, actor=System("test"), now=cards.till.now)

    await cards.till.db.write(work)


@pytest.mark.parametrize(("won", "state"), [(True, "won"), (False, "lost")])
async def test_a_dispute_takes_money_and_its_end_says_whose_it_was(
    cards: CardTill, won: bool, state: str
) -> None:
    bought = await cards.paid()
    before = await net(cards)
    dispute = cards.simulator.dispute(bought.payment_number)
    assert {line.outcome for line in await cards.simulator.deliver_due()} == {"success"}
    assert await dispute_row(cards) == ("needs_response", bought.total)
    held = await net(cards)
    assert held["disputes"] == bought.total
    assert held["provider_fees"] == 1_500
    assert held["provider_clearing"] == before["provider_clearing"] - bought.total - 1_500
    async with cards.till.db.snapshot() as tx:
        (open_,) = (await list_disputes(tx)).items
    assert (open_.withdrawn, open_.reason, open_.url) == (
        bought.total,
        "fraudulent",
        f"http://card.test/disputes/{dispute['id']}",
    )
    assert open_.due_at == cards.till.now + timedelta(days=7)
    with pytest.raises(RefundTooLarge):
        await refund(cards, bought, 1)
    await sound(cards)
    cards.simulator.decide(dispute["id"], won=won)
    assert {line.outcome for line in await cards.simulator.deliver_due()} == {"success"}
    assert await dispute_row(cards) == (state, 0 if won else bought.total)
    after = await net(cards)
    assert "disputes" not in after
    loss = 0 if won else bought.total
    assert after["seller_pending"] == before["seller_pending"] + loss
    assert after["provider_clearing"] == before["provider_clearing"] - 1_500 - loss
    assert after["tax"] == before["tax"]
    assert [await cards.till.events(f"Dispute{kind}") for kind in ("Opened", "Closed")] == [1, 1]
    await sound(cards)


@pytest.mark.parametrize("won", [True, False])
async def test_the_order_and_number_of_its_notices_do_not_matter(cards: CardTill, won: bool) -> None:
    bought = await cards.paid()
    cards.simulator.add_fault(Fault(kind=FaultKind.HOLD, times=None))
    dispute = cards.simulator.dispute(bought.payment_number)
    cards.simulator.decide(dispute["id"], won=won)
    await cards.simulator.deliver_due()
    told = [each.notice_id for each in cards.simulator.list_notices() if ".dispute." in each.type]
    ends = []
    for order in itertools.permutations(told):
        for notice_id in (*order, order[0]):
            (line,) = await cards.simulator.resend(notice_id)
            assert line.outcome == "success"
        ends.append((await dispute_row(cards), await net(cards)))
        await sound(cards)
        await cards.till.owner.execute(
            """DELETE FROM dispute_moves; DELETE FROM transfers WHERE cause_id IN (SELECT id FROM disputes);
               DELETE FROM disputes; UPDATE payments SET disputed = 0; DELETE FROM events WHERE kind LIKE 'Dispute%';
               DELETE FROM provider_notices WHERE outcome LIKE 'dispute%'"""
        )
    assert len(ends) == (24 if won else 6)
    assert all(end == ends[0] for end in ends)
    assert ends[0][0] == (("won", 0) if won else ("lost", bought.total))


async def test_a_dispute_told_before_its_payment_comes_again(cards: CardTill) -> None:
    bought = await cards.at_page()
    for kind in ("payment_intent.succeeded", "checkout.session.completed"):
        cards.simulator.add_fault(Fault(kind=FaultKind.DELAY, on=kind, seconds=120))
    cards.simulator.pay(bought.payment_number)
    cards.simulator.dispute(bought.payment_number)
    told = {line.type: line.outcome for line in await cards.simulator.deliver_due()}
    assert told["charge.dispute.created"] == "refused: 400"
    assert await cards.till.owner.fetchval("SELECT count(*) FROM disputes") == 0
    for minutes in (2, 3):
        cards.go_on(timedelta(minutes=minutes))
        await cards.simulator.deliver_due()
    assert await dispute_row(cards) == ("needs_response", bought.total)


async def test_a_question_of_the_bank_takes_nothing(cards: CardTill) -> None:
    bought = await cards.paid()
    before = await net(cards)
    asked = cards.simulator.dispute(bought.payment_number, inquiry=True)
    await cards.simulator.deliver_due()
    assert await dispute_row(cards) == ("inquiry", 0)
    cards.simulator.decide(asked["id"], won=True)
    await cards.simulator.deliver_due()
    assert await dispute_row(cards) == ("closed", 0)
    assert await net(cards) == before


async def test_the_database_refuses_to_refund_what_is_disputed(cards: CardTill) -> None:
    bought = await cards.paid()
    cards.simulator.dispute(bought.payment_number, amount=bought.total - 100)
    await cards.simulator.deliver_due()
    with pytest.raises(Exception, match="payments_never_overrefunded"):
        await cards.till.owner.execute("UPDATE payments SET refunded = 101")
    await cards.till.owner.execute("UPDATE payments SET refunded = 100")


async def gone_back(cards: CardTill) -> Bought:
    """A second payment's worth went back and the provider said so; a minute later it comes again."""
    bought = await cards.paid()
    await refund(cards, bought, bought.total)
    cards.simulator.add_fault(Fault(kind=FaultKind.FAILED_REFUND, seconds=60))
    assert await cards.till.refund() == 1
    await cards.simulator.deliver_due()
    return bought


async def refund_row(cards: CardTill) -> tuple[str, int, bool]:
    row = await cards.till.owner.fetchrow("SELECT state, reversals, doubted_at IS NOT NULL FROM refunds")
    return row[0], row[1], row[2]


async def ask(cards: CardTill) -> int:
    return await ask_refunds(cards.till.db, cards.till.providers, now=cards.till.now)


async def test_a_refund_that_comes_back_is_booked_back_and_paid_by_another_try(cards: CardTill) -> None:
    await cards.paid()
    before = await net(cards)
    await cards.till.owner.execute("UPDATE payments SET provider = 'card'")
    bought = await gone_back(cards)
    assert await refund_row(cards) == ("succeeded", 0, False)
    gone = await net(cards)
    cards.simulator.add_fault(Fault(kind=FaultKind.DUPLICATE, on="refund.failed", copies=2))
    cards.go_on(MINUTE)
    await cards.simulator.deliver_due()
    assert await refund_row(cards) == ("succeeded", 0, True)
    assert await ask(cards) == 1
    assert await ask(cards) == 0
    assert await refund_row(cards) == ("failed", 1, False)
    back = await net(cards)
    assert back["provider_clearing"] == gone["provider_clearing"] + bought.total
    assert back["provider_clearing"] == before["provider_clearing"] + bought.total
    assert await cards.till.events("RefundFailed") == 1
    refund_id = await cards.till.owner.fetchval("SELECT id FROM refunds")
    await cards.till.db.write(lambda tx: retry_refund(tx, refund_id=refund_id, now=cards.till.now))
    assert await cards.till.refund() == 1
    assert await refund_row(cards) == ("succeeded", 1, False)
    assert await net(cards) == gone
    for notice in cards.simulator.list_notices():
        if notice.type == "refund.failed":
            await cards.simulator.resend(notice.notice_id)
    cards.go_on(MINUTE)
    await ask(cards)
    assert await refund_row(cards) == ("succeeded", 1, False)


async def test_a_refusal_told_late_does_not_undo_a_refund_that_succeeded(cards: CardTill) -> None:
    bought = await cards.paid()
    await refund(cards, bought, bought.total)
    assert await cards.till.refund() == 1
    before = await cards.till.everything()
    async with cards.till.db.snapshot() as tx:
        (known,) = await refunds_of(tx, bought.id)
    told = await cards.till.db.write(
        lambda tx: record_refund_failed(
            tx, refund=known, failure="refused", actor=System("test"), now=cards.till.now
        )
    )
    assert not told
    assert await cards.till.everything() == before


async def test_a_failure_told_before_our_own_answer_is_recorded_still_wins(cards: CardTill) -> None:
    bought = await cards.paid()
    await refund(cards, bought, bought.total)
    cards.simulator.add_fault(Fault(kind=FaultKind.FAILED_REFUND, seconds=0))
    cards.simulator.add_fault(Fault(kind=FaultKind.TIMEOUT_AFTER, on="POST /v1/refunds"))
    assert await cards.till.refund() == 0
    await cards.simulator.deliver_due()
    assert await refund_row(cards) == ("submitted", 0, True)
    await ask(cards)
    assert await refund_row(cards) == ("submitted", 0, True)
    cards.go_on(MINUTE)
    assert await cards.till.refund() == 0
    assert (await refund_row(cards))[0] == "failed"
    await ask(cards)
    assert await refund_row(cards) == ("failed", 0, False)
