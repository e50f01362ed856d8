"""What a process needs to do its work, opened once and handed down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from merx.cashier import NoticeQueue
from merx.checkout import CheckoutSettings, PlacementQueue
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.pages import PageCache
from merx.infra.settings import Settings
from merx.kit.clock import Clock, system_clock
from merx.payments.providers import Methods, ProviderRegistry, payment_providers


class Services:
    """The open resources of one process."""

    def __init__(
        self,
        *,
        settings: Settings,
        db: Database,
        keys: MasterKeys,
        providers: ProviderRegistry,
        clock: Clock = system_clock,
        pages: PageCache | None = None,
    ) -> None:
        self.settings = settings
        self.db = db
        self.keys = keys
        self.providers = providers
        self.clock = clock
        self.pages = pages or PageCache()
        self.placement = PlacementQueue(
            db,
            clock=clock,
            deadline=timedelta(seconds=settings.of(CheckoutSettings).payment_deadline_seconds),
            methods=self._methods,
        )
        self.notices = NoticeQueue(db)

    def _methods(self) -> Methods:
        """The payment methods at this moment."""
        return self.providers.methods()


def master_keys(settings: Settings) -> MasterKeys:
    """The key ring of these settings."""
    return MasterKeys(
        {key.id: key.key for key in settings.keys.master_keys}, index_key=settings.keys.blind_index_key
    )


@asynccontextmanager
async def open_services(
    settings: Settings, dsn: str, *, pages: PageCache | None = None
) -> AsyncIterator[Services]:
    """Connect to everything; close it at the end, after what was already accepted is decided."""
    db = await Database(dsn, pool_size=settings.system.db_pool_size).open()
    providers = payment_providers(settings)
    services = Services(
        settings=settings, db=db, keys=master_keys(settings), providers=providers, pages=pages
    )
    try:
        yield services
    finally:
        await services.placement.drain()
        await services.notices.drain()
        await providers.aclose()
        await db.close()
