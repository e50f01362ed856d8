"""A small shop: two sellers, a few variants with stock at two locations, and carts ready to be placed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from tests.world.people import guest

from merx.accounts import PostalAddress
from merx.cart import create_cart, put_line, set_address, set_delivery, set_provider
from merx.catalog import ProductDraft, VariantDraft, upsert_products
from merx.checkout import Placed, PlaceOrder
from merx.infra.crypto import MasterKeys, token_hash
from merx.infra.db import Database, Sql
from merx.inventory import Location, Receipt, create_locations, receive_stock
from merx.kit.ids import new_id
from merx.sellers import DeliveryRate, create_seller, set_delivery_rates

ADDRESS = PostalAddress(
    name="张伟", phone="+86 138 0013 8000", line1="人民路 1 号", line2="", city="上海", region="上海",
    postal_code="200001", country="CN", email="guest@example.com",
)  # fmt: skip


class Shop(msgspec.Struct, frozen=True):
    """What was built. Variants are by SKU; shipping is 800 fen a seller, free from 100 yuan."""

    sellers: dict[str, UUID]
    variants: dict[str, UUID]
    products: dict[str, UUID]
    locations: list[UUID]


class ReadyCart(msgspec.Struct, frozen=True):
    """A cart with everything chosen, and the command that places it."""

    cart_id: UUID
    token: str
    command: PlaceOrder


PRICES = {"TEA": (4990, 10), "CUP": (1250, 3), "POT": (20000, 1)}
"""SKU → price in fen and units in stock. TEA and CUP are the tea house's, POT is the pottery's."""


async def a_shop(db: Database, *, now: datetime, stock: dict[str, int] | None = None) -> Shop:
    """Build the shop."""
    tea, pottery = new_id(), new_id()
    places = [Location(new_id(), "shanghai", {"zh-CN": "上海仓", "en": "Shanghai"}, 0),
              Location(new_id(), "guangzhou", {"zh-CN": "广州仓", "en": "Guangzhou"}, 1)]  # fmt: skip
    async with db.transaction() as tx:
        await create_seller(tx, id=tea, code="tea-house", name={"zh-CN": "茶馆", "en": "Tea House"}, now=now)
        await create_seller(tx, id=pottery, code="pottery", name={"zh-CN": "陶坊", "en": "Pottery"}, now=now)
        await set_delivery_rates(tx, rates=[
            DeliveryRate(
                seller_id=seller, method="standard", currency=currency, amount=800, free_from=10000, countries=("CN",)
            )
            for seller in (tea, pottery) for currency in ("CNY", "USD")
        ])  # fmt: skip
        await create_locations(tx, locations=places)
        drafts = [
            _draft("tea", tea, ["TEA"]), _draft("cup", tea, ["CUP"]), _draft("pot", pottery, ["POT"]),
        ]  # fmt: skip
        report = await upsert_products(tx, products=drafts, now=now)
        assert not report.refusals, report.refusals
    async with db.read() as read:
        rows = await read.rows(_ALL_VARIANTS)
    variants = {row["sku"]: row["id"] for row in rows}
    amounts = stock or {sku: units for sku, (_, units) in PRICES.items()}
    async with db.transaction() as tx:
        await receive_stock(
            tx,
            receipts=[
                Receipt(new_id(), variants[sku], places[0].id, units)
                for sku, units in amounts.items()
                if units
            ],
            now=now,
        )
    return Shop(
        {"tea-house": tea, "pottery": pottery}, variants, {r["sku"]: r["product_id"] for r in rows},
        [place.id for place in places],
    )  # fmt: skip


_ALL_VARIANTS = Sql("SELECT sku, id, product_id FROM variants")


def _draft(slug: str, seller_id: UUID, skus: list[str]) -> ProductDraft:
    return ProductDraft(
        slug=slug,
        seller_id=seller_id,
        title={"zh-CN": f"商品 {slug}", "en": slug.title()},
        description={"zh-CN": "好", "en": "Good"},
        state="published",
        variants=[
            VariantDraft(
                sku=sku, prices={"CNY": PRICES[sku][0], "USD": PRICES[sku][0] // 7}, tax_rate_bp=1300
            )
            for sku in skus
        ],
    )


async def a_ready_cart(
    db: Database,
    keys: MasterKeys,
    shop: Shop,
    lines: dict[str, int],
    *,
    now: datetime,
    key: str = "key-1",
    expected_total: int | None = None,
    account_id: UUID | None = None,
    provider: str = "alipay",
) -> ReadyCart:
    """A guest's (or an account's) cart in CNY with address, delivery and payment method chosen."""
    async with db.transaction() as tx:
        cart, token = await create_cart(tx, account_id=account_id, currency="CNY", locale="zh-CN", now=now)
        access: dict[str, Any] = {"cart_id": cart.id, "actor": guest(token_hash(token), account_id)}
        for sku, quantity in lines.items():
            await put_line(tx, **access, variant_id=shop.variants[sku], quantity=quantity, add=True, now=now)
        await set_address(tx, keys, **access, address=ADDRESS, now=now)
        await set_delivery(tx, **access, method="standard", now=now)
        await set_provider(tx, **access, provider=provider, now=now)
    total = total_of(lines) if expected_total is None else expected_total
    return ReadyCart(
        cart.id, token, PlaceOrder(cart.id, key, total, "CNY", guest(token_hash(token), account_id))
    )


def total_of(lines: dict[str, int]) -> int:
    """What the shop charges for these lines, shipping included, in fen."""
    total = 0
    for seller in (("TEA", "CUP"), ("POT",)):
        goods = sum(PRICES[sku][0] * lines.get(sku, 0) for sku in seller)
        if goods:
            total += goods + (0 if goods >= 10000 else 800)
    return total


__all__ = ["ADDRESS", "PRICES", "Placed", "ReadyCart", "Shop", "a_ready_cart", "a_shop", "total_of"]
