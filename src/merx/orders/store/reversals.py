"""SQL of money that was given back and came again, and of who bears what a dispute took."""

from uuid import UUID

from merx.infra.db import ReadTx, Record, Sql, Tx

NOT_REFUNDED = Sql("""
UPDATE orders SET payment_status = 'unpaid', version = version + 1
 WHERE purchase_id = $1 AND state = 'cancelled' AND payment_status = 'refunded' AND refunded = 0
""")


async def unmark_refunded(tx: Tx, purchase_id: UUID) -> None:
    """The money of the cancelled orders is with the provider again."""
    await tx.run(NOT_REFUNDED, purchase_id)


TAKE_AGAIN = Sql("""
UPDATE orders SET refunded = refunded - $2, version = version + 1,
       payment_status = CASE WHEN refunded = $2 THEN 'paid' ELSE 'partially_refunded' END
 WHERE id = $1
RETURNING id, purchase_id, number, seller_id, currency
""")


async def take_again(tx: Tx, order_id: UUID, *, amount: int) -> Record:
    """Count money no longer that went back and came again, and derive what the order says of its payment."""
    row = await tx.row(TAKE_AGAIN, order_id, amount)
    assert row is not None
    return row


SHARES = Sql("SELECT seller_id, total, refunded FROM orders WHERE purchase_id = $1")


async def shares(tx: ReadTx, purchase_id: UUID) -> list[tuple[UUID, int, int]]:
    """Each seller's total of a purchase, and what of it went back."""
    return [(row[0], row[1], row[2]) for row in await tx.rows(SHARES, purchase_id)]
