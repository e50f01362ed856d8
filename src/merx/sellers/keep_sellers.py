"""Open a seller, its members and its delivery rates; look sellers up."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Tx
from merx.kit.i18n import Text
from merx.sellers import store
from merx.sellers.errors import SellerCodeTaken, UnknownSeller
from merx.sellers.model import DeliveryRate, Role, Seller
from merx.sellers.rules import check_code, check_rate, check_return_address, check_seller_name


async def create_seller(tx: Tx, *, id: UUID, code: str, name: Text, now: datetime) -> Seller:  # noqa: A002
    """Open a seller. Raises SellerCodeTaken, BadSellerCode, TextRefused, UnknownLocale."""
    seller = Seller(id=id, code=check_code(code), name=check_seller_name(name), state="active", version=1)
    if not await store.insert_seller(tx, seller_id=id, code=seller.code, name=seller.name, now=now):
        raise SellerCodeTaken(seller_code=code)
    return seller


async def add_member(tx: Tx, *, seller_id: UUID, account_id: UUID, role: Role, now: datetime) -> None:
    """Let an account work for a seller, or change its role. Raises UnknownSeller."""
    if not await store.sellers(tx, seller_ids=[seller_id]):
        raise UnknownSeller
    await store.upsert_member(tx, seller_id=seller_id, account_id=account_id, role=role, now=now)


async def set_return_address(tx: Tx, *, seller_id: UUID, address: str) -> str | None:
    """Say where buyers send goods back to; nothing takes it away. Returns it. Raises UnknownSeller, TextRefused."""
    cleaned = check_return_address(address)
    if not await store.set_return_address(tx, seller_id=seller_id, address=cleaned):
        raise UnknownSeller
    return cleaned


async def seller_ids_of(tx: ReadTx, *, account_id: UUID) -> frozenset[UUID]:
    """The sellers an account works for."""
    return await store.seller_ids_of(tx, account_id=account_id)


async def member_ids(tx: ReadTx, *, seller_id: UUID) -> list[UUID]:
    """The accounts that work for a seller."""
    return await store.member_ids(tx, seller_id=seller_id)


async def set_delivery_rates(tx: Tx, *, rates: Sequence[DeliveryRate]) -> int:
    """Set rates, each (seller, method, currency) at most once; how many changed. Raises BadDeliveryRate."""
    checked = [check_rate(rate) for rate in rates]
    if len({(rate.seller_id, rate.method, rate.currency) for rate in checked}) != len(checked):
        msg = "a delivery rate is given twice"
        raise ValueError(msg)
    return await store.upsert_rates(tx, rates=checked) if checked else 0


async def delivery_rates(tx: ReadTx, *, seller_ids: Iterable[UUID]) -> list[DeliveryRate]:
    """What the sellers charge: every method and currency, standard before express."""
    return await store.rates(tx, seller_ids=seller_ids)


async def get_sellers(tx: ReadTx, *, seller_ids: Iterable[UUID]) -> dict[UUID, Seller]:
    """Sellers by id; unknown ones are left out."""
    return {seller.id: seller for seller in await store.sellers(tx, seller_ids=seller_ids)}


async def get_seller_by_code(tx: ReadTx, *, code: str) -> Seller:
    """The seller with a code. Raises UnknownSeller."""
    seller = await store.seller_by_code(tx, code=code)
    if seller is None:
        raise UnknownSeller
    return seller
