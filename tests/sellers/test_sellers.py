from datetime import datetime

import msgspec
import pytest

from merx.accounts import register
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, Sql
from merx.kit.i18n import TextMissing, TextUnprintable, UnknownLocale
from merx.kit.ids import new_id
from merx.sellers import (
    BadDeliveryRate,
    BadSellerCode,
    DeliveryRate,
    Seller,
    SellerCodeTaken,
    UnknownSeller,
    add_member,
    create_seller,
    delivery_rates,
    get_seller_by_code,
    get_sellers,
    member_ids,
    seller_ids_of,
    set_delivery_rates,
)

NAME = {"zh-CN": "露营家", "en": "Camp House"}
COUNT = Sql("SELECT count(*) FROM sellers")


async def a_seller(db: Database, now: datetime, code: str = "camp-house") -> Seller:
    async with db.transaction() as tx:
        return await create_seller(tx, id=new_id(), code=code, name=NAME, now=now)


def rate(seller: Seller, **changes: object) -> DeliveryRate:
    base = DeliveryRate(
        seller_id=seller.id, method="standard", currency="CNY", amount=1200, free_from=9900, countries=["CN"]
    )
    return msgspec.structs.replace(base, **changes)


async def test_a_seller_is_found_by_id_and_code(db: Database, now: datetime) -> None:
    seller = await a_seller(db, now)
    assert (seller.code, seller.name, seller.state, seller.version) == ("camp-house", NAME, "active", 1)
    async with db.read() as read:
        assert await get_sellers(read, seller_ids=[seller.id, new_id()]) == {seller.id: seller}
        assert await get_seller_by_code(read, code="camp-house") == seller
        with pytest.raises(UnknownSeller):
            await get_seller_by_code(read, code="camp")


async def test_a_code_belongs_to_one_seller(db: Database, now: datetime) -> None:
    await a_seller(db, now)
    with pytest.raises(SellerCodeTaken):
        await a_seller(db, now)
    async with db.read() as read:
        assert await read.value(COUNT) == 1


@pytest.mark.parametrize(
    ("code", "name", "refusal"),
    [
        ("", NAME, BadSellerCode),
        ("Camp", NAME, BadSellerCode),
        ("-camp", NAME, BadSellerCode),
        ("camp/house", NAME, BadSellerCode),
        ("camp\n", NAME, BadSellerCode),
        ("c" * 64, NAME, BadSellerCode),
        ("camp", {}, TextMissing),
        ("camp", {"en": " "}, TextMissing),
        ("camp", {"en": "Camp\u202e"}, TextUnprintable),
        ("camp", {"fr": "Camp"}, UnknownLocale),
    ],
)
async def test_a_seller_with_a_wrong_code_or_name_is_refused(
    db: Database, now: datetime, code: str, name: dict[str, str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        async with db.transaction() as tx:
            await create_seller(tx, id=new_id(), code=code, name=name, now=now)
    async with db.read() as read:
        assert await read.value(COUNT) == 0


async def test_members_work_for_their_sellers_only(db: Database, keys: MasterKeys, now: datetime) -> None:
    camp, tea = await a_seller(db, now), await a_seller(db, now, "tea-house")
    async with db.transaction() as tx:
        anna, ben = [
            await register(
                tx, keys, email=f"{name}@example.com", password_hash="-", name=name, locale="en", now=now
            )
            for name in ("anna", "ben")
        ]
        await add_member(tx, seller_id=camp.id, account_id=anna.id, role="owner", now=now)
        await add_member(tx, seller_id=tea.id, account_id=anna.id, role="staff", now=now)
        await add_member(tx, seller_id=tea.id, account_id=anna.id, role="owner", now=now)
        await add_member(tx, seller_id=tea.id, account_id=ben.id, role="staff", now=now)
        with pytest.raises(UnknownSeller):
            await add_member(tx, seller_id=new_id(), account_id=ben.id, role="staff", now=now)
    async with db.read() as read:
        assert await seller_ids_of(read, account_id=anna.id) == {camp.id, tea.id}
        assert await seller_ids_of(read, account_id=ben.id) == {tea.id}
        assert await seller_ids_of(read, account_id=new_id()) == frozenset()
        assert await member_ids(read, seller_id=camp.id) == [anna.id]
        assert await member_ids(read, seller_id=tea.id) == [anna.id, ben.id]
        roles = await read.rows(Sql("SELECT role FROM seller_members WHERE account_id = $1"), anna.id)
    assert [row["role"] for row in roles] == ["owner", "owner"]


async def test_rates_are_set_changed_and_left_alone_when_equal(db: Database, now: datetime) -> None:
    camp, tea = await a_seller(db, now), await a_seller(db, now, "tea-house")
    standard = rate(camp, countries=["CN", "US"])
    express = rate(camp, method="express", amount=2500, free_from=None)
    dollars = rate(tea, currency="USD", amount=0, free_from=None, countries=["US"])
    async with db.transaction() as tx:
        assert await set_delivery_rates(tx, rates=[standard, express, dollars]) == 3
        assert await set_delivery_rates(tx, rates=[standard, express, dollars]) == 0
        cheaper = msgspec.structs.replace(express, amount=2000)
        assert await set_delivery_rates(tx, rates=[cheaper, dollars]) == 1
        assert await set_delivery_rates(tx, rates=[]) == 0
    async with db.read() as read:
        assert await delivery_rates(read, seller_ids=[camp.id]) == [standard, cheaper]
        assert await delivery_rates(read, seller_ids=[tea.id]) == [dollars]
        assert await delivery_rates(read, seller_ids=[]) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", "pigeon"),
        ("currency", "cny"),
        ("currency", "CN"),
        ("amount", -1),
        ("amount", 1_000_000_001),
        ("free_from", 0),
        ("free_from", 2**63),
        ("countries", []),
        ("countries", ["CN,US"]),
        ("countries", ["cn"]),
    ],
)
async def test_a_rate_out_of_bounds_is_refused_with_all_others(
    db: Database, now: datetime, field: str, value: object
) -> None:
    camp = await a_seller(db, now)
    with pytest.raises(BadDeliveryRate) as caught:
        async with db.transaction() as tx:
            await set_delivery_rates(
                tx, rates=[rate(camp), rate(camp, **{"method": "express", field: value})]
            )
    assert caught.value.params == {"field": field}
    async with db.read() as read:
        assert await delivery_rates(read, seller_ids=[camp.id]) == []


async def test_a_rate_given_twice_is_a_mistake_of_the_caller(db: Database, now: datetime) -> None:
    camp = await a_seller(db, now)
    with pytest.raises(ValueError, match="given twice"):
        async with db.transaction() as tx:
            await set_delivery_rates(tx, rates=[rate(camp), rate(camp, amount=5)])
