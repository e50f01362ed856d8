"""All SQL of sellers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Record, Sql, Tx
from merx.kit.i18n import Text
from merx.sellers.model import DeliveryRate, Role, Seller

INSERT_SELLER = Sql("""
INSERT INTO sellers (id, code, name, created_at) VALUES ($1, $2, $3::jsonb, $4) ON CONFLICT (code) DO NOTHING
""")


async def insert_seller(tx: Tx, *, seller_id: UUID, code: str, name: Text, now: datetime) -> bool:
    """Write a new seller; False when the code is taken."""
    return await tx.run(INSERT_SELLER, seller_id, code, msgspec.json.encode(name).decode(), now) == 1


SELLERS = Sql("SELECT id, code, name, state, version, return_address FROM sellers WHERE id = ANY($1::uuid[])")


async def sellers(tx: ReadTx, *, seller_ids: Iterable[UUID]) -> list[Seller]:
    """Sellers by id."""
    return [_seller(row) for row in await tx.rows(SELLERS, list(seller_ids))]


SELLER_BY_CODE = Sql("SELECT id, code, name, state, version, return_address FROM sellers WHERE code = $1")


async def seller_by_code(tx: ReadTx, *, code: str) -> Seller | None:
    """The seller with a code."""
    row = await tx.row(SELLER_BY_CODE, code)
    return None if row is None else _seller(row)


SET_RETURN_ADDRESS = Sql("UPDATE sellers SET return_address = $2, version = version + 1 WHERE id = $1")


async def set_return_address(tx: Tx, *, seller_id: UUID, address: str | None) -> bool:
    """Write where goods go back to; False when there is no such seller."""
    return await tx.run(SET_RETURN_ADDRESS, seller_id, address) == 1


UPSERT_MEMBER = Sql("""
INSERT INTO seller_members (seller_id, account_id, role, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (seller_id, account_id) DO UPDATE SET role = excluded.role
 WHERE seller_members.role <> excluded.role
""")


async def upsert_member(tx: Tx, *, seller_id: UUID, account_id: UUID, role: Role, now: datetime) -> None:
    """Write a membership, or its new role."""
    await tx.run(UPSERT_MEMBER, seller_id, account_id, role, now)


SELLER_IDS_OF = Sql("SELECT seller_id FROM seller_members WHERE account_id = $1")


async def seller_ids_of(tx: ReadTx, *, account_id: UUID) -> frozenset[UUID]:
    """The sellers an account works for."""
    return frozenset(row["seller_id"] for row in await tx.rows(SELLER_IDS_OF, account_id))


MEMBER_IDS = Sql("SELECT account_id FROM seller_members WHERE seller_id = $1 ORDER BY created_at, account_id")


async def member_ids(tx: ReadTx, *, seller_id: UUID) -> list[UUID]:
    """The accounts that work for a seller, the longest first."""
    return [row["account_id"] for row in await tx.rows(MEMBER_IDS, seller_id)]


UPSERT_RATES = Sql("""
INSERT INTO delivery_rates AS r (seller_id, method, currency, amount, free_from, countries)
SELECT seller_id, method, currency, amount, free_from, string_to_array(countries, ',')
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])
    AS n (seller_id, method, currency, amount, free_from, countries)
 ORDER BY seller_id, method, currency
    ON CONFLICT (seller_id, method, currency)
    DO UPDATE SET amount = excluded.amount, free_from = excluded.free_from, countries = excluded.countries
 WHERE (r.amount, r.free_from, r.countries) IS DISTINCT FROM (excluded.amount, excluded.free_from, excluded.countries)
""")


async def upsert_rates(tx: Tx, *, rates: Sequence[DeliveryRate]) -> int:
    """Write rates, each (seller, method, currency) once; how many rows changed."""
    return await tx.run(
        UPSERT_RATES,
        [rate.seller_id for rate in rates],
        [rate.method for rate in rates],
        [rate.currency for rate in rates],
        [rate.amount for rate in rates],
        [rate.free_from for rate in rates],
        [",".join(rate.countries) for rate in rates],
    )


RATES = Sql("""
SELECT seller_id, method, currency, amount, free_from, countries FROM delivery_rates
 WHERE seller_id = ANY($1::uuid[]) ORDER BY seller_id, method DESC, currency
""")


async def rates(tx: ReadTx, *, seller_ids: Iterable[UUID]) -> list[DeliveryRate]:
    """The rates of sellers, standard before express."""
    return [DeliveryRate(**row) for row in await tx.rows(RATES, list(seller_ids))]


def _seller(row: Record) -> Seller:
    return Seller(**{**row, "name": msgspec.json.decode(row["name"], type=Text)})
