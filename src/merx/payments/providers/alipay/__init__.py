"""Alipay: the open platform's gateway with RSA2 signatures."""

from merx.payments.providers.alipay.certificates import AlipayCertificates
from merx.payments.providers.alipay.configure import from_settings
from merx.payments.providers.alipay.provider import AlipayProvider

__all__ = ["AlipayCertificates", "AlipayProvider", "from_settings"]
