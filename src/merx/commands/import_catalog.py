"""`merx catalog import`: a product file into the catalogue of one seller, its first stock into the inventory."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from merx.catalog import MediaSettings
from merx.importing import ImportReport, InitialStock, import_csv
from merx.infra.db import Database, Tx
from merx.infra.migrate import migrate
from merx.infra.postgres import database_url
from merx.infra.settings import Settings
from merx.inventory import Receipt, locations, receive_stock
from merx.sellers import get_seller_by_code


async def import_catalog(
    settings: Settings,
    *,
    file: Path,
    seller_code: str,
    currency: str,
    locale: str,
    pictures: Path | None,
    create_categories: bool,
    all_or_nothing: bool,
    progress: Callable[[str], None],
) -> ImportReport:
    """Import a product file for a seller; what was imported before is left as it is.

    Raises UnknownSeller, and what `import_csv` raises, before anything is written.
    """
    now = datetime.now(UTC)
    async with database_url(settings) as dsn:
        await migrate(dsn, progress=progress)
        database = await Database(dsn, pool_size=settings.system.db_pool_size).open()
        try:
            async with database.snapshot() as tx:
                seller = await get_seller_by_code(tx, code=seller_code)
                places = await locations(tx)

            async def receive(tx: Tx, stock: Sequence[InitialStock]) -> None:
                receipts = [
                    Receipt(one.cause_id, one.variant_id, places[one.location].id, one.quantity)
                    for one in stock
                ]
                await receive_stock(tx, receipts=receipts, now=now)

            return await import_csv(
                database,
                path=file,
                seller_id=seller.id,
                currency=currency,
                all_or_nothing=all_or_nothing,
                now=now,
                progress=progress,
                locations=list(places),
                receive=receive,
                locale=locale,
                pictures=pictures,
                media=settings.of(MediaSettings).media_dir,
                create_categories=create_categories,
            )
        finally:
            await database.close()
