"""All SQL of promotions and coupons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx
from merx.infra.rows import Columns
from merx.promotions.model import Coupon, Promotion

_PROMOTION: Final = Columns(Promotion, arrays=("scope_ids",))
_COUPON: Final = Columns(Coupon)
_PLACES: Final = ", ".join(f"${place}" for place in range(2, 2 + len(_PROMOTION)))

INSERT: Final = Sql(f"INSERT INTO promotions (created_by, {_PROMOTION.joined}) VALUES ($1, {_PLACES})")


async def insert(tx: Tx, promotion: Promotion, *, created_by: UUID) -> None:
    """Write a promotion."""
    values = msgspec.structs.asdict(promotion) | {"name": msgspec.json.encode(promotion.name).decode()}
    await tx.run(INSERT, created_by, *(values[name] for name in _PROMOTION.names))


CODE_TAKEN: Final = Sql("SELECT EXISTS (SELECT FROM promotions WHERE code = $1)")


async def is_code_taken(tx: ReadTx, code: str) -> bool:
    """Whether any promotion, over or not, has this code."""
    return bool(await tx.value(CODE_TAKEN, code))


FIND: Final = Sql(f"SELECT {_PROMOTION.of('p')} FROM promotions p WHERE p.id = $1")
LOCK: Final = Sql(f"SELECT {_PROMOTION.of('p')} FROM promotions p WHERE p.id = $1 FOR NO KEY UPDATE")


async def find(tx: ReadTx, promotion_id: UUID) -> Promotion | None:
    """A promotion."""
    row = await tx.row(FIND, promotion_id)
    return None if row is None else _PROMOTION.read(row)


async def lock(tx: Tx, promotion_id: UUID) -> Promotion | None:
    """Lock a promotion."""
    row = await tx.row(LOCK, promotion_id)
    return None if row is None else _PROMOTION.read(row)


GET: Final = Sql(f"SELECT {_PROMOTION.of('p')} FROM promotions p WHERE p.id = ANY($1::uuid[])")


async def get(tx: ReadTx, promotion_ids: Sequence[UUID]) -> dict[UUID, Promotion]:
    """Promotions by id."""
    return {row["id"]: _PROMOTION.read(row) for row in await tx.rows(GET, promotion_ids)}


MOVE: Final = Sql("""
UPDATE promotions SET state = $2, version = version + 1 WHERE id = $1 AND state = ANY($3::text[])
""")
CHANGE: Final = Sql("""
UPDATE promotions SET name = $2, ends_at = $3, uses_total = $4, version = version + 1 WHERE id = $1
""")


async def move(tx: Tx, promotion_id: UUID, *, to: str, sources: Sequence[str]) -> bool:
    """Move a promotion along its states; False when it is in another."""
    return await tx.run(MOVE, promotion_id, to, sources) == 1


async def change(tx: Tx, promotion: Promotion) -> None:
    """Store the name, the end and the number of uses of a locked promotion."""
    name = msgspec.json.encode(promotion.name).decode()
    await tx.run(CHANGE, promotion.id, name, promotion.ends_at, promotion.uses_total)


LIST: Final = Sql(f"""
SELECT {_PROMOTION.of("p")} FROM promotions p
 WHERE CASE WHEN $1::uuid[] IS NULL THEN p.seller_id IS NULL ELSE p.seller_id = ANY($1::uuid[]) END
   AND p.state = ANY($2::text[]) AND p.id < $3
 ORDER BY p.id DESC LIMIT $4
""")


async def list_made(
    tx: ReadTx, *, seller_ids: Sequence[UUID] | None, states: Sequence[str], before: UUID, limit: int
) -> list[Promotion]:
    """Promotions of these sellers, or (None) of the platform, newest first."""
    return [_PROMOTION.read(row) for row in await tx.rows(LIST, seller_ids, states, before, limit)]


CANDIDATES: Final = Sql(f"""
SELECT {_PROMOTION.of("p")} FROM promotions p
 WHERE p.code = ANY($4::text[])
    OR (p.state = 'active' AND p.starts_at <= $1 AND (p.ends_at IS NULL OR p.ends_at > $1)
        AND (p.currency IS NULL OR p.currency = ANY($2::text[]))
        AND (p.seller_id IS NULL OR p.seller_id = ANY($3::uuid[]))
        AND (p.trigger = 'automatic'
             OR (p.trigger = 'coupon' AND EXISTS (SELECT FROM coupons c
                  WHERE c.promotion_id = p.id AND c.account_id = ANY($5::uuid[])
                    AND (c.expires_at IS NULL OR c.expires_at > $1)))))
 ORDER BY p.priority, p.id
 LIMIT 500
""")


async def candidates(
    tx: ReadTx,
    *,
    currencies: Sequence[str],
    seller_ids: Sequence[UUID],
    codes: Sequence[str],
    account_ids: Sequence[UUID],
    now: datetime,
) -> list[Promotion]:
    """What may apply now to goods of these sellers for these accounts, and whatever has one of these codes."""
    rows = await tx.rows(CANDIDATES, now, currencies, seller_ids, codes, account_ids)
    return [_PROMOTION.read(row) for row in rows]


CLAIMABLE: Final = Sql(f"""
SELECT {_PROMOTION.of("p")} FROM promotions p
 WHERE p.state = 'active' AND p.trigger = 'coupon' AND p.starts_at <= $1 AND (p.ends_at IS NULL OR p.ends_at > $1)
 ORDER BY p.ends_at NULLS LAST, p.priority, p.id LIMIT $2
""")


async def claimable(tx: ReadTx, *, now: datetime, limit: int) -> list[Promotion]:
    """What coupons can be claimed of now, those that end soonest first."""
    return [_PROMOTION.read(row) for row in await tx.rows(CLAIMABLE, now, limit)]


COVERED: Final = Sql("""
WITH RECURSIVE covered (promotion_id, category_id) AS (
    SELECT p.id, c.id FROM promotions p JOIN categories c ON c.id = ANY(p.scope_ids) WHERE p.id = ANY($1::uuid[])
     UNION
    SELECT t.promotion_id, c.id FROM covered t JOIN categories c ON c.parent_id = t.category_id
)
SELECT DISTINCT t.promotion_id, pc.product_id
  FROM covered t JOIN product_categories pc ON pc.category_id = t.category_id
 WHERE pc.product_id = ANY($2::uuid[])
""")


async def covered_products(
    tx: ReadTx, promotion_ids: Sequence[UUID], *, product_ids: Sequence[UUID]
) -> dict[UUID, set[UUID]]:
    """Which of the products are in the categories of each promotion, or below them."""
    found: dict[UUID, set[UUID]] = {promotion_id: set() for promotion_id in promotion_ids}
    for row in await tx.rows(COVERED, promotion_ids, product_ids):
        found[row["promotion_id"]].add(row["product_id"])
    return found


INSERT_COUPON: Final = Sql("""
INSERT INTO coupons (id, promotion_id, account_id, claimed_at, expires_at) VALUES ($1, $2, $3, $4, $5)
""")


async def insert_coupon(tx: Tx, coupon: Coupon) -> None:
    """Write a claimed coupon."""
    await tx.run(
        INSERT_COUPON, coupon.id, coupon.promotion_id, coupon.account_id, coupon.claimed_at, coupon.expires_at
    )


COUPONS_OF: Final = Sql(f"""
SELECT {_COUPON.of("c")} FROM coupons c
 WHERE c.account_id = ANY($1::uuid[]) AND c.promotion_id = ANY($2::uuid[]) AND (c.expires_at IS NULL OR c.expires_at > $3)
 ORDER BY c.expires_at NULLS LAST, c.id
 LIMIT 2000
""")
LIST_COUPONS: Final = Sql(f"""
SELECT {_COUPON.of("c")} FROM coupons c WHERE c.account_id = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3
""")
CLAIMED_OF: Final = Sql("""
SELECT promotion_id, count(*) AS claimed FROM coupons
 WHERE account_id = $1 AND promotion_id = ANY($2::uuid[]) GROUP BY promotion_id
""")


async def coupons_of(
    tx: ReadTx, *, account_ids: Sequence[UUID], promotion_ids: Sequence[UUID], now: datetime
) -> list[Coupon]:
    """The accounts' coupons of these promotions that have not expired, the soonest to expire first."""
    return [_COUPON.read(row) for row in await tx.rows(COUPONS_OF, account_ids, promotion_ids, now)]


async def list_coupons(tx: ReadTx, *, account_id: UUID, before: UUID, limit: int) -> list[Coupon]:
    """An account's coupons, newest first."""
    return [_COUPON.read(row) for row in await tx.rows(LIST_COUPONS, account_id, before, limit)]


async def claimed_of(tx: ReadTx, *, account_id: UUID, promotion_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many coupons of each promotion an account has claimed; none: absent."""
    rows = await tx.rows(CLAIMED_OF, account_id, promotion_ids)
    return {row["promotion_id"]: row["claimed"] for row in rows}


COUPON_IDS: Final = Sql("SELECT id FROM coupons WHERE account_id = $1 AND promotion_id = ANY($2::uuid[])")


async def coupon_ids(tx: ReadTx, *, account_id: UUID, promotion_ids: Sequence[UUID]) -> list[UUID]:
    """Every coupon of these promotions that an account has, expired or not."""
    return (
        [row["id"] for row in await tx.rows(COUPON_IDS, account_id, promotion_ids)] if promotion_ids else []
    )
