"""Alipay as the settings have it."""

from collections.abc import Iterator

import httpx

from merx.infra.settings import Settings
from merx.payments.providers.alipay.certificates import AlipayCertificates
from merx.payments.providers.alipay.provider import AlipayProvider
from merx.payments.providers.alipay.settings import AlipaySettings
from merx.payments.providers.family import Family


def _providers(settings: Settings) -> Iterator[AlipayProvider]:
    """The cashier and, when asked for, the QR code; nothing without a gateway."""
    own = settings.of(AlipaySettings)
    if own.alipay_gateway_url is not None:
        yield _provider(own, own.alipay_gateway_url, qr=False)
        if own.alipay_qr:
            yield _provider(own, own.alipay_gateway_url, qr=True)


def _provider(own: AlipaySettings, gateway_url: str, *, qr: bool) -> AlipayProvider:
    assert own.alipay_app_id is not None
    assert own.alipay_seller_id is not None
    assert own.alipay_private_key_file is not None
    public_key, app, alipay, root = (
        None if path is None else path.read_text()
        for path in (
            own.alipay_public_key_file,
            own.alipay_app_cert_file,
            own.alipay_cert_file,
            own.alipay_root_cert_file,
        )
    )
    certificates = None
    if app is not None and alipay is not None and root is not None:
        certificates = AlipayCertificates(app_cert_pem=app, alipay_cert_pem=alipay, root_cert_pem=root)
    return AlipayProvider(
        app_id=own.alipay_app_id,
        seller_id=own.alipay_seller_id,
        private_key_pem=own.alipay_private_key_file.read_text(),
        alipay_public_key_pem=public_key,
        certificates=certificates,
        gateway_url=gateway_url,
        http=httpx.AsyncClient(),
        qr=qr,
    )


def _pages(settings: Settings) -> Iterator[str]:
    gateway = settings.of(AlipaySettings).alipay_gateway_url
    if gateway is not None:
        yield gateway


FAMILY = Family(settings=(AlipaySettings,), providers=_providers, pages=_pages)
