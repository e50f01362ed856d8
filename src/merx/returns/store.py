"""All SQL of after-sales."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx
from merx.returns.model import Return, ReturnLine

_DOCUMENT: Final = """
(to_jsonb(r) || jsonb_build_object('lines', (
    SELECT jsonb_agg(jsonb_build_object('order_line_id', l.order_line_id, 'quantity', l.quantity, 'unshipped', l.unshipped,
                                        'restocked', l.restocked, 'written_off', l.written_off,
                                        'variant_id', l.variant_id, 'replacement',
                                        CASE WHEN l.replacement_variant_id IS NOT NULL THEN
                                            jsonb_build_object('variant_id', l.replacement_variant_id,
                                                               'sku', l.replacement_sku, 'label', l.replacement_label) END)
                     ORDER BY l.order_line_id)
      FROM return_lines l WHERE l.return_id = r.id)))::text
"""
_RETURN = msgspec.json.Decoder(Return)

INSERT_RETURN = Sql("""
WITH written AS (
    INSERT INTO returns (id, purchase_id, order_id, order_number, seller_id, account_id, kind, state, reason, body,
                         media_ids, currency, amount, due_at, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, coalesce((SELECT p.account_id FROM purchases p WHERE p.id = $2), $6), $7, $8, $9, $10, $11::uuid[], $12, $13, $14, $15, $15)
    RETURNING id, purchase_id
)
INSERT INTO return_lines (return_id, order_line_id, purchase_id, quantity, unshipped, variant_id,
                          replacement_variant_id, replacement_sku, replacement_label)
SELECT written.id, l.order_line_id, written.purchase_id, l.quantity, l.unshipped, l.variant_id, l.wanted, l.sku, l.label::jsonb
  FROM written, unnest($16::uuid[], $17::int[], $18::int[], $19::uuid[], $20::uuid[], $21::text[], $22::text[])
       AS l (order_line_id, quantity, unshipped, variant_id, wanted, sku, label)
""")


async def insert_return(tx: Tx, case: Return) -> None:
    """Write a new case with its lines; it is the account's that ordered, if there is one."""
    instead = [line.replacement for line in case.lines]
    await tx.run(
        INSERT_RETURN, case.id, case.purchase_id, case.order_id, case.order_number, case.seller_id, case.account_id,
        case.kind, case.state, case.reason, case.body, case.media_ids, case.currency, case.amount, case.due_at,
        case.created_at, [line.order_line_id for line in case.lines], [line.quantity for line in case.lines],
        [line.unshipped for line in case.lines], [line.variant_id for line in case.lines],
        [wanted.variant_id if wanted else None for wanted in instead], [wanted.sku if wanted else None for wanted in instead],
        [msgspec.json.encode(wanted.label).decode() if wanted else None for wanted in instead],
    )  # fmt: skip


SAVE_RETURN = Sql("""
UPDATE returns
   SET state = $4, proposed = $5, agreed = $6, answer = $7, carrier = $8, tracking_number = $9, sent_back_at = $10,
       decided_by = $11, refund_id = $12, due_at = $13, updated_at = $14, kind = $15, version = version + 1
 WHERE id = $1 AND version = $2 AND state = ANY($3::text[])
""")


async def save_return(tx: Tx, case: Return, *, sources: Sequence[str]) -> bool:
    """Write what a move changed of a case; False when it is no longer as it was read."""
    return (
        await tx.run(
            SAVE_RETURN, case.id, case.version, sources, case.state, case.proposed, case.agreed, case.answer,
            case.carrier, case.tracking_number, case.sent_back_at, case.decided_by, case.refund_id, case.due_at,
            case.updated_at, case.kind,
        )
        == 1
    )  # fmt: skip


SAVE_LINES = Sql("""
UPDATE return_lines l SET restocked = w.restocked, written_off = w.written_off
  FROM unnest($2::uuid[], $3::int[], $4::int[]) AS w (order_line_id, restocked, written_off)
 WHERE l.return_id = $1 AND l.order_line_id = w.order_line_id
""")


async def save_lines(tx: Tx, return_id: UUID, lines: Sequence[ReturnLine]) -> None:
    """Write what becomes of the goods that came back."""
    await tx.run(
        SAVE_LINES, return_id, [line.order_line_id for line in lines], [line.restocked for line in lines],
        [line.written_off for line in lines],
    )  # fmt: skip


FIND_RETURN = Sql(f"SELECT {_DOCUMENT} FROM returns r WHERE r.id = $1")
BY_REFUND = Sql("SELECT id FROM returns WHERE refund_id = $1")
OF_ORDERS = Sql(
    f"SELECT {_DOCUMENT} FROM returns r WHERE r.order_id = ANY($1::uuid[]) ORDER BY r.created_at DESC, r.id DESC"
)
OF_SELLERS = Sql(f"""
SELECT {_DOCUMENT} FROM returns r
 WHERE r.seller_id = ANY($1::uuid[]) AND r.state = ANY($2::text[]) AND r.id < $3 ORDER BY r.id DESC LIMIT $4
""")
OF_ACCOUNT = Sql(f"""
SELECT {_DOCUMENT} FROM returns r
 WHERE r.account_id = $1 AND r.state = ANY($2::text[]) AND r.id < $3 ORDER BY r.id DESC LIMIT $4
""")
IN_STATE = Sql(f"""
SELECT {_DOCUMENT} FROM returns r WHERE r.state = ANY($1::text[]) AND r.id < $2 ORDER BY r.id DESC LIMIT $3
""")
OPEN_EXCHANGES = Sql("""
SELECT id FROM returns WHERE order_id = $1 AND kind = 'exchange' AND state = 'inspected' ORDER BY id
""")
DUE = Sql("SELECT id FROM returns WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2")
COUNT_MEDIA = Sql("SELECT count(*) FROM media WHERE id = ANY($1::uuid[])")


async def find_return(tx: ReadTx, return_id: UUID) -> Return | None:
    """A case by id."""
    document = await tx.value(FIND_RETURN, return_id)
    return None if document is None else _RETURN.decode(document)


async def find_by_refund(tx: ReadTx, refund_id: UUID) -> UUID | None:
    """The case a refund is of."""
    found: UUID | None = await tx.value(BY_REFUND, refund_id)
    return found


async def of_orders(tx: ReadTx, order_ids: Collection[UUID]) -> list[Return]:
    """The orders' cases, newest first."""
    return [_RETURN.decode(row[0]) for row in await tx.rows(OF_ORDERS, list(order_ids))]


async def of_sellers(
    tx: ReadTx, *, seller_ids: Collection[UUID], states: Sequence[str], before: UUID, limit: int
) -> list[Return]:
    """Cases of sellers in these states, newest first."""
    rows = await tx.rows(OF_SELLERS, list(seller_ids), states, before, limit)
    return [_RETURN.decode(row[0]) for row in rows]


async def of_account(
    tx: ReadTx, *, account_id: UUID | None, states: Sequence[str], before: UUID, limit: int
) -> list[Return]:
    """An account's cases in these states, newest first; none for nobody."""
    rows = await tx.rows(OF_ACCOUNT, account_id, states, before, limit)
    return [_RETURN.decode(row[0]) for row in rows]


async def in_state(tx: ReadTx, *, states: Sequence[str], before: UUID, limit: int) -> list[Return]:
    """Everybody's cases in these states, newest first."""
    return [_RETURN.decode(row[0]) for row in await tx.rows(IN_STATE, states, before, limit)]


async def open_exchanges(tx: ReadTx, order_id: UUID) -> list[UUID]:
    """The exchanges of an order whose goods are back."""
    return [row[0] for row in await tx.rows(OPEN_EXCHANGES, order_id)]


async def due(tx: ReadTx, *, now: datetime, limit: int) -> list[UUID]:
    """Cases that go on by themselves now, the longest due first."""
    return [row[0] for row in await tx.rows(DUE, now, limit)]


async def media_exist(tx: ReadTx, media_ids: Sequence[UUID]) -> bool:
    """Whether every one of these distinct pictures is stored."""
    count: int = await tx.value(COUNT_MEDIA, list(media_ids))
    return count == len(media_ids)
