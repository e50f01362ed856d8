"""Alipay: the open platform's gateway with RSA2 signatures."""

from merx.payments.providers.alipay.certificates import AlipayCertificates
from merx.payments.providers.alipay.configure import FAMILY
from merx.payments.providers.alipay.provider import AlipayProvider
from merx.payments.providers.alipay.settings import AlipaySettings

__all__ = [
    "FAMILY",
    "AlipayCertificates",
    "AlipayProvider",
    "AlipaySettings",
]
