"""WeChat Pay: API v3 with RSA signatures and AES-256-GCM notices."""

from merx.payments.providers.wechat.configure import from_settings
from merx.payments.providers.wechat.provider import WechatProvider

__all__ = ["WechatProvider", "from_settings"]
