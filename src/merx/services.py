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
from merx.payments.providers import (
    AlipayCertificates,
    AlipayProvider,
    CardProvider,
    PaymentProvider,
    ProviderRegistry,
    WechatProvider,
)


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
        providers.append(_alipay(settings, settings.alipay_gateway_url, qr=False))
        if settings.alipay_qr:
            providers.append(_alipay(settings, settings.alipay_gateway_url, qr=True))
    if settings.wechat_mch_id is not None:
        providers.append(_wechat(settings, settings.wechat_mch_id))
    if settings.card_secret_key is not None:
        assert settings.card_webhook_secrets is not None
        providers.append(
            CardProvider(
                base_url=settings.card_base_url,
                secret_key=settings.card_secret_key,
                webhook_secrets=settings.card_webhook_secrets,
                api_version=settings.card_api_version,
                currencies=frozenset(settings.currencies),
                http=httpx.AsyncClient(),
            )
        )
    return ProviderRegistry(providers)


def _alipay(settings: Settings, gateway_url: str, *, qr: bool) -> AlipayProvider:
    assert settings.alipay_app_id is not None
    assert settings.alipay_seller_id is not None
    assert settings.alipay_private_key_file is not None
    public_key, app, alipay, root = (
        None if path is None else path.read_text()
        for path in (
            settings.alipay_public_key_file,
            settings.alipay_app_cert_file,
            settings.alipay_cert_file,
            settings.alipay_root_cert_file,
        )
    )
    certificates = None
    if app is not None and alipay is not None and root is not None:
        certificates = AlipayCertificates(app_cert_pem=app, alipay_cert_pem=alipay, root_cert_pem=root)
    return AlipayProvider(
        app_id=settings.alipay_app_id,
        seller_id=settings.alipay_seller_id,
        private_key_pem=settings.alipay_private_key_file.read_text(),
        alipay_public_key_pem=public_key,
        certificates=certificates,
        gateway_url=gateway_url,
        http=httpx.AsyncClient(),
        qr=qr,
    )


def _wechat(settings: Settings, mch_id: str) -> WechatProvider:
    assert settings.wechat_app_id is not None
    assert settings.wechat_cert_serial is not None
    assert settings.wechat_private_key_file is not None
    assert settings.wechat_api_v3_key is not None
    public_key = settings.wechat_public_key_file
    return WechatProvider(
        app_id=settings.wechat_app_id,
        mch_id=mch_id,
        cert_serial=settings.wechat_cert_serial,
        private_key_pem=settings.wechat_private_key_file.read_text(),
        api_v3_key=settings.wechat_api_v3_key,
        base_url=settings.wechat_base_url,
        http=httpx.AsyncClient(),
        public_key_id=settings.wechat_public_key_id,
        public_key_pem=None if public_key is None else public_key.read_text(),
    )


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
