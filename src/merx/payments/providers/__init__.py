"""Payment providers behind one contract: start a payment, ask about it, close it, read the provider's notices.

A provider speaks a protocol and nothing else: it holds no state, opens no transaction and decides nothing about a
purchase. What it reports as captured comes from a verified notice or a verified query, never from a browser's return.
"""

from merx.payments.providers.alipay import AlipayProvider
from merx.payments.providers.errors import (
    NoticeProblem,
    NoticeRejected,
    PaymentNotPossible,
    ProviderRefused,
    ProviderUnavailable,
    UnknownProvider,
)
from merx.payments.providers.model import (
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    ProviderStatus,
)
from merx.payments.providers.protocol import PaymentProvider
from merx.payments.providers.registry import ProviderRegistry

__all__ = [
    "AlipayProvider",
    "NoticeProblem",
    "NoticeRejected",
    "PaymentNotPossible",
    "PaymentProvider",
    "PaymentRequest",
    "ProviderAction",
    "ProviderNotice",
    "ProviderRefused",
    "ProviderRegistry",
    "ProviderState",
    "ProviderStatus",
    "ProviderUnavailable",
    "UnknownProvider",
]
