"""What a process needs to do its work, opened once and handed down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from merx.checkout import PlacementQueue
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.pages import PageCache
from merx.infra.settings import Settings
from merx.kit.clock import Clock, system_clock
from merx.payments.providers import AlipayProvider, PaymentProvider, ProviderRegistry


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
            db, clock=clock, deadline=timedelta(seconds=settings.payment_deadline_seconds)
        )


def master_keys(settings: Settings) -> MasterKeys:
    """The key ring of these settings."""
    return MasterKeys({key.id: key.key for key in settings.master_keys}, index_key=settings.blind_index_key)


def payment_providers(settings: Settings) -> ProviderRegistry:
    """The providers that are configured, in the order a checkout offers them."""
    providers: list[PaymentProvider] = []
    if settings.alipay_gateway_url is not None:
        assert settings.alipay_app_id is not None
        assert settings.alipay_seller_id is not None
        assert settings.alipay_private_key_file is not None
        assert settings.alipay_public_key_file is not None
        providers.append(
            AlipayProvider(
                app_id=settings.alipay_app_id,
                seller_id=settings.alipay_seller_id,
                private_key_pem=settings.alipay_private_key_file.read_text(),
                alipay_public_key_pem=settings.alipay_public_key_file.read_text(),
                gateway_url=settings.alipay_gateway_url,
                http=httpx.AsyncClient(),
            )
        )
    return ProviderRegistry(providers)


@asynccontextmanager
async def open_services(
    settings: Settings, dsn: str, *, pages: PageCache | None = None
) -> AsyncIterator[Services]:
    """Connect to everything; close it at the end, after the placements already accepted are decided."""
    db = await Database(dsn, pool_size=settings.db_pool_size).open()
    providers = payment_providers(settings)
    services = Services(
        settings=settings, db=db, keys=master_keys(settings), providers=providers, pages=pages
    )
    try:
        yield services
    finally:
        await services.placement.drain()
        await providers.aclose()
        await db.close()
