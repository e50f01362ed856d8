"""Alipay as the settings have it."""

from collections.abc import Iterator

import httpx

from merx.infra.settings import Settings
from merx.payments.providers.alipay.certificates import AlipayCertificates
from merx.payments.providers.alipay.provider import AlipayProvider


def from_settings(settings: Settings) -> Iterator[AlipayProvider]:
    """The cashier and, when asked for, the QR code; nothing without a gateway."""
    if settings.alipay_gateway_url is not None:
        yield _provider(settings, settings.alipay_gateway_url, qr=False)
        if settings.alipay_qr:
            yield _provider(settings, settings.alipay_gateway_url, qr=True)


def _provider(settings: Settings, gateway_url: str, *, qr: bool) -> AlipayProvider:
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
