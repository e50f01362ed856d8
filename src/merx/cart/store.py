"""All SQL of carts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from merx.cart.model import Cart, CartForLine, CartLine, CartOwner, ClaimedCart
from merx.infra.db import ReadTx, Record, Sql, Tx
from merx.infra.rows import Columns

CART: Final = Columns(Cart, without=("lines",), arrays=("codes",))
CLAIMED: Final = Columns(ClaimedCart, arrays=("codes",))
OWNER: Final = Columns(CartOwner)

INSERT_CART = Sql("""
INSERT INTO carts (id, token_hash, account_id, person_id, currency, locale, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
""")


async def insert_cart(
    tx: Tx,
    *,
    cart_id: UUID,
    token_hash: bytes,
    account_id: UUID | None,
    person_id: UUID,
    currency: str,
    locale: str,
    now: datetime,
) -> None:
    """Write an empty cart."""
    await tx.run(INSERT_CART, cart_id, token_hash, account_id, person_id, currency, locale, now)


FIND_CART = Sql(f"""
SELECT {CART.of("c")}, array_agg(l.variant_id ORDER BY l.added_at, l.variant_id) AS variants,
       array_agg(l.quantity ORDER BY l.added_at, l.variant_id) AS quantities
  FROM carts c LEFT JOIN cart_lines l ON l.cart_id = c.id
 WHERE c.id = $1
 GROUP BY c.id
""")
OPEN_CART_OF = Sql(f"""
SELECT {CART.of("c")}, array_agg(l.variant_id ORDER BY l.added_at, l.variant_id) AS variants,
       array_agg(l.quantity ORDER BY l.added_at, l.variant_id) AS quantities
  FROM carts c LEFT JOIN cart_lines l ON l.cart_id = c.id
 WHERE c.account_id = $1 AND c.state = 'open'
 GROUP BY c.id
""")
LOCK_CART = Sql(f"SELECT {CART.of('c')} FROM carts c WHERE c.id = $1 FOR UPDATE")


async def find_cart(tx: ReadTx, cart_id: UUID) -> Cart | None:
    """A cart with its lines."""
    row = await tx.row(FIND_CART, cart_id)
    return None if row is None else _with_lines(row)


async def find_open_cart(tx: ReadTx, account_id: UUID) -> Cart | None:
    """An account's open cart with its lines."""
    row = await tx.row(OPEN_CART_OF, account_id)
    return None if row is None else _with_lines(row)


async def lock_cart(tx: Tx, cart_id: UUID) -> Cart | None:
    """Lock a cart; its lines are not read."""
    row = await tx.row(LOCK_CART, cart_id)
    return None if row is None else CART.read(row)


def _with_lines(row: Record) -> Cart:
    lines = [
        CartLine(variant_id, quantity)
        for variant_id, quantity in zip(row["variants"], row["quantities"], strict=True)
        if variant_id is not None
    ]
    return CART.read(row, lines=lines)


PUT_LINE = Sql("""
WITH touched AS (
    UPDATE carts SET version = version + 1, updated_at = $5 WHERE id = $1
)
INSERT INTO cart_lines AS l (cart_id, variant_id, quantity, added_at)
VALUES ($1, $2, $3, $5)
    ON CONFLICT (cart_id, variant_id)
    DO UPDATE SET quantity = CASE WHEN $4 THEN l.quantity + excluded.quantity ELSE excluded.quantity END
RETURNING quantity
""")


async def put_line(
    tx: Tx, *, cart_id: UUID, variant_id: UUID, quantity: int, add: bool, now: datetime
) -> int:
    """Add to a line or set its quantity, on a locked cart; returns the new quantity."""
    value: int = await tx.value(PUT_LINE, cart_id, variant_id, quantity, add, now)
    return value


LOCK_FOR_LINE = Sql(f"""
SELECT {CART.of("c")}, s.sellable, s.amount, (SELECT count(*) FROM cart_lines l WHERE l.cart_id = c.id) AS lines
  FROM carts c
  LEFT JOIN LATERAL (
       SELECT v.state = 'active' AND p.state = 'published' AS sellable, pr.amount
         FROM variants v JOIN products p ON p.id = v.product_id
         LEFT JOIN prices pr ON pr.variant_id = v.id AND pr.currency = c.currency
        WHERE v.id = $2) s ON true
 WHERE c.id = $1
   FOR UPDATE OF c
""")


async def lock_for_line(tx: Tx, *, cart_id: UUID, variant_id: UUID) -> CartForLine | None:
    """Lock a cart and say whether a variant is for sale in its currency, in one statement."""
    row = await tx.row(LOCK_FOR_LINE, cart_id, variant_id)
    if row is None:
        return None
    return CartForLine(CART.read(row), bool(row["sellable"]), row["amount"], row["lines"])


REMOVE_LINE = Sql("""
WITH touched AS (
    UPDATE carts SET version = version + 1, updated_at = $3 WHERE id = $1
)
DELETE FROM cart_lines WHERE cart_id = $1 AND variant_id = $2
""")
SET_ADDRESS = Sql("""
UPDATE carts SET address_sealed = $2, country = $3, version = version + 1, updated_at = $4 WHERE id = $1
""")
SET_CURRENCY = Sql("""
UPDATE carts SET currency = $2, provider = NULL, version = version + 1, updated_at = $3 WHERE id = $1
""")
SET_DELIVERY = Sql("UPDATE carts SET delivery = $2, version = version + 1, updated_at = $3 WHERE id = $1")
SET_PROVIDER = Sql("UPDATE carts SET provider = $2, version = version + 1, updated_at = $3 WHERE id = $1")


async def remove_line(tx: Tx, *, cart_id: UUID, variant_id: UUID, now: datetime) -> None:
    """Take a line out."""
    await tx.run(REMOVE_LINE, cart_id, variant_id, now)


async def set_address(tx: Tx, *, cart_id: UUID, sealed: bytes, country: str, now: datetime) -> None:
    """Store the sealed delivery address."""
    await tx.run(SET_ADDRESS, cart_id, sealed, country, now)


async def set_choice(tx: Tx, sql: Sql, *, cart_id: UUID, choice: str, now: datetime) -> None:
    """Run SET_CURRENCY, SET_DELIVERY or SET_PROVIDER."""
    await tx.run(sql, cart_id, choice, now)


_CLAIMED: Final = CLAIMED.of("c").replace(
    "c.promoted",
    """cardinality(c.codes) > 0
          OR EXISTS (SELECT FROM promotions p WHERE p.state = 'active' AND p.trigger = 'automatic' AND p.starts_at <= $3
                        AND (p.ends_at IS NULL OR p.ends_at > $3))
          OR (c.account_id IS NOT NULL
              AND EXISTS (SELECT FROM coupons k WHERE k.account_id = c.account_id
                             AND (k.expires_at IS NULL OR k.expires_at > $3))) AS promoted""",
)
CLAIM = Sql(f"""
UPDATE carts c SET state = 'completed', purchase_id = w.purchase_id, version = c.version + 1, updated_at = $3
  FROM (SELECT c2.id, w.purchase_id
          FROM carts c2 JOIN unnest($1::uuid[], $2::uuid[]) AS w (cart_id, purchase_id) ON w.cart_id = c2.id
         WHERE c2.state = $4 ORDER BY c2.id FOR NO KEY UPDATE OF c2) w
 WHERE c.id = w.id AND c.state = $4
RETURNING {_CLAIMED}
""")
CLAIMED_LINES = Sql("""
SELECT cart_id, variant_id, quantity FROM cart_lines WHERE cart_id = ANY($1::uuid[]) ORDER BY cart_id, added_at, variant_id
""")
OWNERS = Sql(f"SELECT c.id, {OWNER.of('c')} FROM carts c WHERE c.id = ANY($1::uuid[])")
REOPEN = Sql("""
UPDATE carts SET state = 'open', purchase_id = NULL, version = version - 1 WHERE id = ANY($1::uuid[])
""")


async def claim(
    tx: Tx, cart_ids: Sequence[UUID], purchase_ids: Sequence[UUID], *, now: datetime
) -> list[ClaimedCart]:
    """Take the open ones of these carts, in id order.

    The state is a parameter so that no plan can walk the partial index of idle carts: by a literal, a plan made when few
    carts were open went through all of them for each cart of a rush.
    """
    return [CLAIMED.read(row) for row in await tx.rows(CLAIM, cart_ids, purchase_ids, now, "open")]


async def claimed_lines(tx: Tx, cart_ids: Sequence[UUID]) -> dict[UUID, list[CartLine]]:
    """The claimed carts' lines, read after the claim so that no change slips between."""
    lines: dict[UUID, list[CartLine]] = {cart_id: [] for cart_id in cart_ids}
    for cart_id, variant_id, quantity in await tx.rows(CLAIMED_LINES, cart_ids):
        lines[cart_id].append(CartLine(variant_id, quantity))
    return lines


async def owners(tx: ReadTx, cart_ids: Sequence[UUID]) -> dict[UUID, CartOwner]:
    """Whose these carts are, in any state."""
    return {row["id"]: OWNER.read(row) for row in await tx.rows(OWNERS, cart_ids)}


async def reopen(tx: Tx, cart_ids: Sequence[UUID]) -> None:
    """Undo the claim of carts whose placement was refused, in the same transaction."""
    await tx.run(REOPEN, cart_ids)


MERGE = Sql("""
WITH moved AS (
    INSERT INTO cart_lines AS l (cart_id, variant_id, quantity, added_at)
    SELECT $2, variant_id, quantity, added_at FROM cart_lines WHERE cart_id = $1
        ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = least(999, l.quantity + excluded.quantity)
), closed AS (
    UPDATE carts SET state = 'expired', version = version + 1, updated_at = $3 WHERE id = $1
)
UPDATE carts SET version = version + 1, updated_at = $3 WHERE id = $2
""")
ADOPT = Sql("""
UPDATE carts SET account_id = $2, person_id = $2, address_sealed = NULL, country = NULL, version = version + 1,
       updated_at = $3
 WHERE id = $1
""")
EXPIRE_IDLE = Sql("""
UPDATE carts SET state = 'expired', version = version + 1
 WHERE id = ANY(ARRAY(SELECT id FROM carts WHERE state = 'open' AND account_id IS NULL AND updated_at <= $1
               ORDER BY updated_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED))
""")


async def merge(tx: Tx, *, guest_cart: UUID, into: UUID, now: datetime) -> None:
    """Move a guest cart's lines into another cart and close it."""
    await tx.run(MERGE, guest_cart, into, now)


async def adopt(tx: Tx, *, cart_id: UUID, account_id: UUID, now: datetime) -> None:
    """A guest's cart becomes the account's; an address sealed for the guest does not come along."""
    await tx.run(ADOPT, cart_id, account_id, now)


async def expire_idle(tx: Tx, *, before: datetime, limit: int) -> int:
    """Close guests' carts nobody has touched since `before`."""
    return await tx.run(EXPIRE_IDLE, before, limit)


SET_CODES = Sql("UPDATE carts SET codes = $2, version = version + 1, updated_at = $3 WHERE id = $1")


async def set_codes(tx: Tx, cart_id: UUID, codes: Sequence[str], *, now: datetime) -> None:
    """Keep the codes of promotions with a locked cart."""
    await tx.run(SET_CODES, cart_id, codes, now)
