"""Payment providers behind one contract: start a payment, ask about it, close it, read the provider's notices.

A provider speaks a protocol and nothing else: it holds no state, opens no transaction and decides nothing about a
purchase. What it reports as captured comes from a verified notice or a verified query, never from a browser's return.
"""

from merx.payments.providers.alipay import AlipayCertificates, AlipayProvider
from merx.payments.providers.breaker import BreakerRules
from merx.payments.providers.card import CardProvider
from merx.payments.providers.errors import (
    BillNotReady,
    NoticeProblem,
    NoticeRejected,
    PaymentNotPossible,
    ProviderDown,
    ProviderRefused,
    ProviderUnavailable,
    UnknownProvider,
)
from merx.payments.providers.families import payment_pages, payment_providers, provider_settings
from merx.payments.providers.guard import BOUNDED, RESILIENT, GuardedProvider, GuardRules, GuardTools
from merx.payments.providers.lanes import answered, in_lanes
from merx.payments.providers.methods import (
    Manner,
    Method,
    MethodNotOffered,
    MethodProblem,
    Methods,
    Sale,
    check_method,
)
from merx.payments.providers.model import (
    BalanceMovement,
    BillRow,
    Device,
    DisputeMove,
    DisputeReport,
    DisputeState,
    MethodTerms,
    NoticeAnswer,
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    ProviderStatus,
    RefundState,
)
from merx.payments.providers.offline import (
    BankTransferProvider,
    CashOnDeliveryProvider,
)
from merx.payments.providers.protocol import (
    BillingProvider,
    CapturingProvider,
    Closable,
    ConfirmedByHand,
    NoticeProvider,
    PaymentProvider,
    Queryable,
    Refunding,
    StatementProvider,
)
from merx.payments.providers.registry import ProviderRegistry
from merx.payments.providers.wechat import WechatProvider

__all__ = [
    "BOUNDED",
    "RESILIENT",
    "AlipayCertificates",
    "AlipayProvider",
    "BalanceMovement",
    "BankTransferProvider",
    "BillNotReady",
    "BillRow",
    "BillingProvider",
    "BreakerRules",
    "CapturingProvider",
    "CardProvider",
    "CashOnDeliveryProvider",
    "Closable",
    "ConfirmedByHand",
    "Device",
    "DisputeMove",
    "DisputeReport",
    "DisputeState",
    "GuardRules",
    "GuardTools",
    "GuardedProvider",
    "Manner",
    "Method",
    "MethodNotOffered",
    "MethodProblem",
    "MethodTerms",
    "Methods",
    "NoticeAnswer",
    "NoticeProblem",
    "NoticeProvider",
    "NoticeRejected",
    "PaymentNotPossible",
    "PaymentProvider",
    "PaymentRequest",
    "ProviderAction",
    "ProviderDown",
    "ProviderNotice",
    "ProviderRefused",
    "ProviderRegistry",
    "ProviderState",
    "ProviderStatus",
    "ProviderUnavailable",
    "Queryable",
    "RefundState",
    "Refunding",
    "Sale",
    "StatementProvider",
    "UnknownProvider",
    "WechatProvider",
    "answered",
    "check_method",
    "in_lanes",
    "payment_pages",
    "payment_providers",
    "provider_settings",
]
