"""WeChat Pay as the settings have it."""

from collections.abc import Iterator

import httpx

from merx.infra.settings import Settings
from merx.payments.providers.family import Family
from merx.payments.providers.wechat.provider import WechatProvider
from merx.payments.providers.wechat.settings import WechatSettings


def _providers(settings: Settings) -> Iterator[WechatProvider]:
    """WeChat Pay, when a merchant is named."""
    own = settings.of(WechatSettings)
    if own.wechat_mch_id is None:
        return
    assert own.wechat_app_id is not None
    assert own.wechat_cert_serial is not None
    assert own.wechat_private_key_file is not None
    assert own.wechat_api_v3_key is not None
    public_key = own.wechat_public_key_file
    yield WechatProvider(
        app_id=own.wechat_app_id,
        mch_id=own.wechat_mch_id,
        cert_serial=own.wechat_cert_serial,
        private_key_pem=own.wechat_private_key_file.read_text(),
        api_v3_key=own.wechat_api_v3_key,
        base_url=own.wechat_base_url,
        http=httpx.AsyncClient(),
        public_key_id=own.wechat_public_key_id,
        public_key_pem=None if public_key is None else public_key.read_text(),
    )


def _pages(settings: Settings) -> Iterator[str]:
    own = settings.of(WechatSettings)
    if own.wechat_mch_id is not None:
        # A phone goes on from the API's link to WeChat Pay's own pages.
        yield own.wechat_base_url
        yield "https://wx.tenpay.com"


FAMILY = Family(settings=(WechatSettings,), providers=_providers, pages=_pages)
