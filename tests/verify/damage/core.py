"""What the damage of all families is made of."""

import msgspec

LATER = "timestamptz '2026-12-31'"
LONG_AGO = "timestamptz '2026-01-01'"
WAITING = """(SELECT p.id FROM purchases p JOIN payments y ON y.purchase_id = p.id
               WHERE p.state = 'pending_payment' AND y.state = 'created')"""
PLACED = "(SELECT id FROM orders WHERE state = 'placed' ORDER BY id LIMIT 1)"
ODD_TRANSFER = """
INSERT INTO transfers (cause_id, leg, purchase_id, debit_kind, debit_owner, credit_kind, credit_owner, currency, amount,
                       created_at)
SELECT {cause}, 'odd', {purchase}, {debit}, {credit}, o.currency, {amount}, o.placed_at
  FROM orders o WHERE o.id = {order}
RETURNING 'transfer odd of ' || cause_id"""
TAX, SHIPPING = "'tax', o.seller_id", "'shipping', o.seller_id"


class Damage(msgspec.Struct, frozen=True):
    """One way to break one invariant."""

    code: str
    what: str
    sql: str
    before: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()


def odd_transfer(
    *,
    cause: str = "o.id",
    purchase: str = "o.purchase_id",
    debit: str = TAX,
    credit: str = SHIPPING,
    amount: str = "1",
) -> str:
    """A transfer nothing asked for, of an order that was placed."""
    return ODD_TRANSFER.format(
        cause=cause, purchase=purchase, debit=debit, credit=credit, amount=amount, order=PLACED
    )


def parcel(*, of: str, line: str | None) -> str:
    """A planned parcel of the order `of` with one unit of `line`."""
    lines = (
        f""", filled AS (
            INSERT INTO fulfilment_lines (fulfilment_id, order_line_id, purchase_id, quantity)
            SELECT made.id, {line}, made.purchase_id, 1 FROM made)"""
        if line
        else ""
    )
    return f"""
        WITH made AS (
            INSERT INTO fulfilments (id, purchase_id, order_id, seller_id, state, created_at)
            SELECT gen_random_uuid(), purchase_id, id, seller_id, 'planned', placed_at FROM orders WHERE id = {of}
            RETURNING *){lines}
        SELECT 'parcel ' || id FROM made"""
