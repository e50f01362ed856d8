"""WeChat Pay: API v3 with RSA signatures and AES-256-GCM notices."""

from merx.payments.providers.wechat.configure import FAMILY
from merx.payments.providers.wechat.provider import WechatProvider
from merx.payments.providers.wechat.settings import WechatSettings

__all__ = [
    "FAMILY",
    "WechatProvider",
    "WechatSettings",
]
