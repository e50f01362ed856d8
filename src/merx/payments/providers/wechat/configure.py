"""WeChat Pay as the settings have it."""

from collections.abc import Iterator

import httpx

from merx.infra.settings import Settings
from merx.payments.providers.wechat.provider import WechatProvider


def from_settings(settings: Settings) -> Iterator[WechatProvider]:
    """WeChat Pay, when a merchant is named."""
    if settings.wechat_mch_id is None:
        return
    assert settings.wechat_app_id is not None
    assert settings.wechat_cert_serial is not None
    assert settings.wechat_private_key_file is not None
    assert settings.wechat_api_v3_key is not None
    public_key = settings.wechat_public_key_file
    yield WechatProvider(
        app_id=settings.wechat_app_id,
        mch_id=settings.wechat_mch_id,
        cert_serial=settings.wechat_cert_serial,
        private_key_pem=settings.wechat_private_key_file.read_text(),
        api_v3_key=settings.wechat_api_v3_key,
        base_url=settings.wechat_base_url,
        http=httpx.AsyncClient(),
        public_key_id=settings.wechat_public_key_id,
        public_key_pem=None if public_key is None else public_key.read_text(),
    )
