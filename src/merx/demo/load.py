"""Load the demo shop: sellers, places, accounts and products with stock and photographs."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from merx.accounts import EmailTaken, appoint_staff, hash_password, register
from merx.catalog import (
    CategoryDraft,
    MediaSettings,
    UnknownProduct,
    product_by_slug,
    render_pictures,
    upsert_categories,
    variant_ids,
)
from merx.demo.content import (
    DemoCategory,
    DemoProduct,
    DemoSeller,
    Shop,
    product_csv,
    read_products,
    read_shop,
    split_rounds,
)
from merx.demo.fetch import PicturesUnavailable, fetch_pictures
from merx.demo.promotions import load_promotions
from merx.importing import InitialStock, import_csv
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, ReadTx, Tx
from merx.infra.settings import Settings
from merx.inventory import Location, Receipt, create_locations, locations, receive_stock
from merx.kit.clock import system_clock
from merx.kit.ids import new_id
from merx.sellers import (
    DeliveryRate,
    Seller,
    UnknownSeller,
    add_member,
    create_seller,
    get_seller_by_code,
    set_delivery_rates,
)

PLATFORM_EMAIL: Final = "platform@merx.example"
PASSWORD: Final = "merx-demo-2026"  # noqa: S105 - printed by `merx serve --demo`; exists only in a demo shop
DELIVERY_COUNTRIES: Final = ("CN", "US")
_ROUNDS: Final = 5
"""Sellers take turns in this many rounds, so that the newest products of the shop are a mixture."""

Part = tuple[DemoSeller, list[DemoProduct]]


class DemoLogin(msgspec.Struct, frozen=True):
    """A demo account, to be shown to whoever started the demo."""

    email: str
    password: str
    what: str


def _logins() -> tuple[DemoLogin, ...]:
    shop = read_shop()
    staff = (DemoLogin(one.staff_email, PASSWORD, f"seller, {one.name['en']}") for one in shop.sellers)
    platform = DemoLogin(PLATFORM_EMAIL, PASSWORD, "the platform's staff")
    return (DemoLogin(shop.shopper.email, PASSWORD, "customer"), *staff, platform)


DEMO_LOGINS: Final = _logins()


async def load_demo(db: Database, settings: Settings, *, progress: Callable[[str], None]) -> None:
    """Load what of the demo shop is not there yet; what somebody changed since is left as it is.

    Without a network the shop is loaded without photographs; the next call tries again and adds them.
    """
    shop = read_shop()
    now = system_clock()
    await _load_surroundings(db, settings, shop, now)
    await load_promotions(db, settings, now=now)
    parts = _parts(shop)
    missing = [part for part in parts if not await _is_loaded(db, part)]
    bare = [part for part in parts if part not in missing and await _has_no_pictures(db, part)]
    if not missing and not bare:
        return
    cache = settings.system.home / "cache"
    pictures: Path | None = None
    try:
        pictures = await fetch_pictures(cache, progress=progress)
    except PicturesUnavailable as problem:
        progress(f"{problem} The demo shop has no photographs; `merx demo` tries again.")
    wanted = missing if pictures is None else [part for part in parts if part in missing or part in bare]
    if pictures is not None:
        await _render(pictures, wanted, media=settings.of(MediaSettings).media_dir, progress=progress)
    products = variants = 0
    for part in wanted:
        done = await _import(db, settings, shop, part, pictures=pictures, cache=cache, now=now)
        products, variants = products + done[0], variants + done[1]
    progress(f"demo shop: {products} products, {variants} variants")


def _parts(shop: Shop) -> list[Part]:
    """Every seller's products in the order in which they are loaded: the first of the content are the newest."""
    rounds = [(seller, split_rounds(read_products(seller), _ROUNDS)) for seller in shop.sellers]
    parts = [(seller, cut[index]) for index in range(_ROUNDS) for seller, cut in rounds]
    return [(seller, products[::-1]) for seller, products in reversed(parts)]


# --- sellers, places, accounts -----------------------------------------------------------------------------------


async def _load_surroundings(db: Database, settings: Settings, shop: Shop, now: datetime) -> None:
    keys = MasterKeys(
        {key.id: key.key for key in settings.keys.master_keys}, index_key=settings.keys.blind_index_key
    )
    hashed = await hash_password(PASSWORD)
    async with db.transaction() as tx:
        await create_locations(
            tx,
            locations=[
                Location(new_id(), one.code, one.name, index) for index, one in enumerate(shop.locations)
            ],
        )
        await upsert_categories(tx, categories=_categories(shop.categories))
    for seller in shop.sellers:
        if await _seller(db, seller) is None:
            await _open_seller(db, keys, seller, hashed, now)
    try:
        async with db.transaction() as tx:
            await register(
                tx, keys, email=shop.shopper.email, password_hash=hashed, name=shop.shopper.name,
                locale=settings.shop.default_locale, now=now,
            )  # fmt: skip
            judge = await register(
                tx, keys, email=PLATFORM_EMAIL, password_hash=hashed, name="周平", locale="zh-CN", now=now
            )
            await appoint_staff(tx, account_id=judge.id, now=now)
    except EmailTaken:
        return  # loaded before


def _categories(tree: Sequence[DemoCategory], parent: str | None = None) -> list[CategoryDraft]:
    drafts = []
    for position, category in enumerate(tree):
        drafts.append(CategoryDraft(category.code, category.name, parent, position))
        drafts.extend(_categories(category.children, category.code))
    return drafts


async def _seller(db: Database, seller: DemoSeller) -> Seller | None:
    async with db.read() as tx:
        try:
            return await get_seller_by_code(tx, code=seller.code)
        except UnknownSeller:
            return None


async def _open_seller(
    db: Database, keys: MasterKeys, seller: DemoSeller, hashed: str, now: datetime
) -> None:
    """A seller with its staff account and delivery rates, all in one transaction."""
    async with db.transaction() as tx:
        opened = await create_seller(tx, id=new_id(), code=seller.code, name=seller.name, now=now)
        staff = await register(
            tx,
            keys,
            email=seller.staff_email,
            password_hash=hashed,
            name=seller.staff_name,
            locale="zh-CN",
            now=now,
        )
        await add_member(tx, seller_id=opened.id, account_id=staff.id, role="owner", now=now)
        await set_delivery_rates(
            tx,
            rates=[
                DeliveryRate(
                    seller_id=opened.id, method=rate.method, currency=currency, amount=amount,
                    free_from=rate.free_from.get(currency), countries=DELIVERY_COUNTRIES,
                )
                for rate in seller.shipping
                for currency, amount in rate.price.items()
            ],
        )  # fmt: skip


# --- products ----------------------------------------------------------------------------------------------------


async def _is_loaded(db: Database, part: Part) -> bool:
    seller = await _seller(db, part[0])
    assert seller is not None, "opened before"
    skus = [variant.sku for product in part[1] for variant in product.variants]
    async with db.read() as tx:
        return bool(await variant_ids(tx, skus=skus, seller_ids=[seller.id]))


async def _has_no_pictures(db: Database, part: Part) -> bool:
    """Whether none of the part's products on sale has a picture."""
    async with db.read() as tx:
        found = [await _picture_count(tx, product.slug) for product in part[1]]
    counts = [count for count in found if count is not None]
    return bool(counts) and not any(counts)


async def _picture_count(tx: ReadTx, slug: str) -> int | None:
    try:
        return len((await product_by_slug(tx, slug=slug)).pictures)
    except UnknownProduct:
        return None


async def _render(
    folder: Path, parts: Sequence[Part], *, media: Path, progress: Callable[[str], None]
) -> None:
    """Make the files of all photographs at once, so that the processes for it start once; the imports find them."""
    paths = [folder / product.picture.file for _, products in parts for product in products]
    done = 0
    async for _ in render_pictures(paths, folder=media):
        done += 1
        if done % 18 == 0 or done == len(paths):
            progress(f"photographs: {done} of {len(paths)} prepared")


async def _import(
    db: Database,
    settings: Settings,
    shop: Shop,
    part: Part,
    *,
    pictures: Path | None,
    cache: Path,
    now: datetime,
) -> tuple[int, int]:
    """Import a part through a product file, as a merchant would; returns how many products and variants."""
    seller = await _seller(db, part[0])
    assert seller is not None, "opened before"
    async with db.read() as tx:
        places = await locations(tx)
    path = cache / f"demo-{seller.code}.csv"
    await asyncio.to_thread(_write, path, product_csv(shop, part[1]))

    async def receive(tx: Tx, stock: Sequence[InitialStock]) -> None:
        receipts = [
            Receipt(one.cause_id, one.variant_id, places[one.location].id, one.quantity) for one in stock
        ]
        await receive_stock(tx, receipts=receipts, now=now)

    report = await import_csv(
        db, path=path, seller_id=seller.id, currency=settings.shop.default_currency, all_or_nothing=True, now=now,
        progress=_quiet, locations=list(places), receive=receive, pictures=pictures, media=settings.of(MediaSettings).media_dir,
    )  # fmt: skip
    if report.bad_total:
        problems = "; ".join(
            f"row {bad.number}, {bad.field}: {bad.reason} {bad.value}" for bad in report.bad_rows
        )
        raise AssertionError(f"the demo's own products were refused: {problems}")
    return report.imported_products, report.imported_variants


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _quiet(_line: str) -> None:
    """A part is too small to report on."""
