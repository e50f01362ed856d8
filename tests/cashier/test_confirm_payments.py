"""Notices applied together: the same rows as one by one, in a fixed number of statements, and no notice harms another."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from tests.world.notices import latest_notice, paid_notices
from tests.world.till import DEADLINE, Till

from merx.cashier import VerifiedNotice, confirm_payments, receive_notice
from merx.cashier.apply_notice import apply_notice
from merx.infra.db import Database, Sql
from merx.kit.money import Money
from merx.orders.store.purchases import ADVANCE
from merx.payments import AmountMismatch, ReferenceTaken
from merx.payments.providers import ProviderNotice, ProviderStatus, RefundState
from merx.payments.store.notices import REPEAT
from merx.payments.store.payments import CAPTURE
from merx.simulators.alipay.model import FaultKind

SECOND = timedelta(seconds=1)
GRACE = timedelta(minutes=2)


@pytest.fixture
async def plenty(till: Till) -> Till:
    """A till in a shop that does not run out."""
    await till.restock("TEA", 1000)
    await till.restock("CUP", 1000)
    return till


def changed(verified: VerifiedNotice, **fields: Any) -> VerifiedNotice:
    notice: ProviderNotice = msgspec.structs.replace(verified.notice, **fields)
    return msgspec.structs.replace(verified, notice=notice)


@pytest.mark.parametrize("count", [1, 2, 40])
async def test_any_number_of_ordinary_notices_takes_twelve_statements(plenty: Till, count: int) -> None:
    bought = [await plenty.at_cashier({"TEA": 1, "CUP": 2}) for _ in range(count)]
    notices = paid_notices(plenty, *bought)
    before = plenty.db.statements
    assert await confirm_payments(plenty.db, notices) == ["placed"] * count
    assert plenty.db.statements - before == 12
    assert {await plenty.state(each) for each in bought} == {("placed", None)}
    assert await plenty.stock("TEA") == (0, count)
    assert await plenty.stock("CUP") == (0, 2 * count)
    assert [await plenty.events(kind) for kind in ("PaymentCaptured", "OrderPaid")] == [count, count]
    await plenty.provider_agrees()


WRITTEN = """
SELECT p.state, o.state, o.payment_status, o.version - 1, p.version - 1, y.state, y.captured = y.amount,
       y.provider_reference IS NOT NULL, p.paid_at IS NOT NULL, y.captured_at = e.occurred_at, y.version, e.source,
       e.kind, e.amount = y.amount, n.outcome, n.deliveries, n.applied_at IS NOT NULL, n.number = y.number,
       (SELECT count(*) FROM transfers t WHERE t.purchase_id = p.id),
       (SELECT array_agg(kind || ' ' || (data - '{payment_id,number,order_id,order_number}'::text[])::text ORDER BY id)
          FROM events v WHERE v.subject_id = p.id AND v.kind <> 'PurchasePlaced'),
       (SELECT array_agg(DISTINCT h.state) FROM holds h WHERE h.purchase_id = p.id)
  FROM purchases p JOIN orders o ON o.purchase_id = p.id JOIN payments y ON y.purchase_id = p.id
  JOIN payment_events e ON e.payment_id = y.id JOIN provider_notices n ON n.number = y.number
"""


async def test_a_batch_writes_what_the_single_way_writes(plenty: Till) -> None:
    bought = [await plenty.at_cashier({"TEA": 1}) for _ in range(3)]
    alone, *together = paid_notices(plenty, *bought)
    assert await plenty.db.write(lambda tx: apply_notice(tx, alone)) == "placed"
    assert await confirm_payments(plenty.db, together) == ["placed", "placed"]
    rows = await plenty.owner.fetch(WRITTEN)
    assert len(rows) == 3
    assert len({str(tuple(row)) for row in rows}) == 1


async def test_the_second_notice_of_a_payment_in_a_batch_finds_it_captured(plenty: Till) -> None:
    bought = await plenty.at_cashier({"TEA": 1})
    [first] = paid_notices(plenty, bought)
    plenty.simulator.notices.announce(plenty.trade(bought), plenty.now)
    answers = await confirm_payments(plenty.db, [first, latest_notice(plenty, bought)])
    assert answers == ["placed", "already_captured"]


async def test_a_purchase_confirmed_by_asking_is_the_same_as_by_a_batch(plenty: Till) -> None:
    by_notice, by_query = [await plenty.at_cashier({"TEA": 2, "POT": 1}), await plenty.at_cashier({"TEA": 2})]
    notices = paid_notices(plenty, by_notice, by_query)
    assert await plenty.ask_about(by_query) is True
    assert await confirm_payments(plenty.db, notices) == ["placed", "already_captured"]
    assert await plenty.events("PaymentCaptured") == 2
    await plenty.provider_agrees()


async def test_copies_in_one_batch_are_deliveries_of_one_notice(plenty: Till) -> None:
    one, two = await plenty.at_cashier({"TEA": 1}), await plenty.at_cashier({"TEA": 1})
    first, second = paid_notices(plenty, one, two)
    assert await confirm_payments(plenty.db, [first, second, first, first]) == ["placed"] * 4
    kept = await plenty.owner.fetch("SELECT deliveries FROM provider_notices ORDER BY deliveries")
    assert [row[0] for row in kept] == [1, 3]
    before = plenty.db.statements
    assert await confirm_payments(plenty.db, [first, second, first]) == ["placed"] * 3
    assert plenty.db.statements - before == 5, "notices known to be applied are counted together"
    kept = await plenty.owner.fetch("SELECT deliveries FROM provider_notices ORDER BY deliveries")
    assert [row[0] for row in kept] == [2, 5]
    assert await plenty.events("PaymentCaptured") == 2


async def test_what_is_not_ordinary_gets_its_own_answer_and_harms_no_other(plenty: Till) -> None:
    good = [await plenty.at_cashier({"TEA": 1}) for _ in range(3)]
    wrong, cancelled, refunding = [await plenty.at_cashier({"CUP": 1}) for _ in range(3)]
    plenty.fault(FaultKind.TIMEOUT, method="alipay.trade.close", number=cancelled.payment_number)
    assert await plenty.cancel(cancelled) is True
    a, b, c, w, x, r = paid_notices(plenty, *good, wrong, cancelled, refunding)
    batch = [
        changed(w, amount=Money(1, "CNY")),
        a,
        changed(a, number="STRANGE1", notice_id="strange"),
        changed(r, refund_state=RefundState.SUCCEEDED, refund_number="R1"),
        b,
        x,
        changed(c, status=ProviderStatus.WAITING, notice_id="waiting"),
        changed(b, provider="other", notice_id="other"),
        c,
    ]
    answers = await confirm_payments(plenty.db, batch)
    assert isinstance(answers[0], AmountMismatch)
    assert answers[1:] == [
        "placed", None, "refund_succeeded", "placed", "placed", "ignored_waiting", None, "placed",
    ]  # fmt: skip
    assert {await plenty.state(each) for each in (*good, cancelled)} == {("placed", None)}
    assert {await plenty.state(each) for each in (wrong, refunding)} == {("pending_payment", None)}
    assert await plenty.owner.fetchval("SELECT count(*) FROM provider_notices") == 6


async def test_a_reference_that_paid_something_else_fails_alone(plenty: Till) -> None:
    bought = [await plenty.at_cashier({"TEA": 1}) for _ in range(4)]
    a, b, c, d = paid_notices(plenty, *bought)
    stolen = changed(c, provider_reference=a.notice.provider_reference)
    assert await confirm_payments(plenty.db, [a]) == ["placed"]
    answers = await confirm_payments(plenty.db, [b, stolen, d])
    assert [answers[0], answers[2]] == ["placed", "placed"]
    assert isinstance(answers[1], ReferenceTaken)
    assert await plenty.state(bought[2]) == ("pending_payment", None)
    assert await confirm_payments(plenty.db, [c]) == ["placed"]


async def test_a_purchase_that_lost_its_stock_leaves_the_others_together(plenty: Till) -> None:
    outrun = await plenty.at_cashier({"POT": 1})
    plenty.simulator.clock.advance(DEADLINE - SECOND)
    [late] = paid_notices(plenty, outrun)
    plenty.simulator.clock.advance(SECOND + GRACE)
    winner = await plenty.at_cashier({"POT": 1})
    others = [await plenty.at_cashier({"TEA": 1}) for _ in range(5)]
    notices = [late, *paid_notices(plenty, winner, *others)]
    assert await confirm_payments(plenty.db, notices) == ["refund_approved", *["placed"] * 6]
    assert await plenty.state(outrun) == ("cancelled", "expired")
    assert await plenty.stock("POT") == (0, 1)
    assert await plenty.refund() == 1
    await plenty.provider_agrees()


async def test_a_notice_the_database_cannot_keep_fails_alone(plenty: Till) -> None:
    bought = [await plenty.at_cashier({"TEA": 1}) for _ in range(3)]
    a, b, c = paid_notices(plenty, *bought)
    too_long = changed(b, notice_id="x" * 129)
    answers = await confirm_payments(plenty.db, [a, too_long, c])
    assert [answers[0], answers[2]] == ["placed", "placed"]
    assert isinstance(answers[1], Exception)
    assert await plenty.state(bought[1]) == ("pending_payment", None)
    assert await plenty.owner.fetchval("SELECT count(*) FROM payment_events") == 2


async def test_an_unknown_number_is_asked_for_again_for_twelve_hours_then_kept_and_acknowledged(
    till: Till, db: Database
) -> None:
    bought = await till.at_cashier({"TEA": 1})
    [notice] = paid_notices(till, bought)
    fields = till.simulator.list_notices()[-1].fields
    fields["out_trade_no"] = "STRANGE1"
    strange = till.simulator.notices.message(till.simulator.list_notices()[-1], None).body
    before = await till.everything()
    headers = {"content-type": "application/x-www-form-urlencoded"}

    async def receive(after: timedelta) -> bytes:
        answer = await receive_notice(
            db,
            till.provider,
            headers=headers,
            body=strange,
            now=notice.received_at + after,
            queue=till.notices,
        )
        return answer.body

    assert await receive(timedelta(0)) == b"failure"
    assert await receive(timedelta(hours=12) - SECOND) == b"failure"
    assert await till.everything() == before
    assert await receive(timedelta(hours=12)) == b"success"
    assert await receive(timedelta(hours=15)) == b"success"
    after = await till.everything()
    kept = await till.owner.fetchrow("SELECT number, outcome, applied_at FROM provider_notices")
    assert tuple(kept) == ("STRANGE1", "unknown_number", notice.received_at + timedelta(hours=12))
    assert len(after.pop("provider_notices")) == 1
    del before["provider_notices"]
    assert after == before
    # The payment turns up after all, as after a second restore: the next delivery is applied.
    await till.owner.execute("UPDATE payments SET number = 'STRANGE1'")
    assert await receive(timedelta(hours=24)) == b"success"
    assert await till.state(bought) == ("placed", None)
    kept = await till.owner.fetchrow("SELECT outcome, deliveries FROM provider_notices")
    assert tuple(kept) == ("placed", 2)
    await till.owner.execute("UPDATE payments SET number = $1", bought.payment_number)


async def test_a_notice_that_fails_is_told_to_its_sender_and_the_next_is_applied(till: Till) -> None:
    bought = await till.at_cashier({"TEA": 1})
    [notice] = paid_notices(till, bought)
    with pytest.raises(asyncpg.CheckViolationError):
        await till.notices.confirm(changed(notice, notice_id=""))
    assert await till.notices.confirm(notice) == "placed"


@pytest.mark.parametrize("sql", [CAPTURE, REPEAT, ADVANCE], ids=["capture", "repeat", "advance"])
async def test_a_plan_made_on_an_empty_table_looks_its_rows_up(till: Till, sql: Sql) -> None:
    """A session keeps its plan: one that reads a whole table would do so until the table is analysed."""
    parameters = max(int(number) for number in re.findall(r"\$(\d+)", sql.text))
    async with till.db.connection() as connection:
        await connection.execute(f"PREPARE planned AS {sql.text}")
        plan = await connection.fetchval(
            f"EXPLAIN (FORMAT JSON) EXECUTE planned({', '.join(['NULL'] * parameters)})"
        )
        await connection.execute("DEALLOCATE planned")
    nodes = list(nodes_of(json.loads(plan)[0]["Plan"]))
    whole = [
        node
        for node in nodes
        if node["Node Type"] in ("Index Scan", "Index Only Scan", "Seq Scan") and "Index Cond" not in node
    ]
    assert whole == []
    assert any("Index Cond" in node for node in nodes)


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from nodes_of(child)
