"""Our side of each simulated provider: who talks to it as its merchant, without sockets and on its clock.

`wire` stands between the two where a test needs it; `options` are the provider's own.
"""

from typing import Any

import httpx

from merx.payments.providers import AlipayProvider, CardProvider, WechatProvider
from merx.simulators import (
    SIMULATED_APP_ID,
    SIMULATED_SELLER_ID,
    SIMULATED_WECHAT_API_V3_KEY,
    SIMULATED_WECHAT_APP_ID,
    SIMULATED_WECHAT_CERT_SERIAL,
    SIMULATED_WECHAT_MCH_ID,
    SIMULATED_WECHAT_PUBLIC_KEY_ID,
    AlipaySimulator,
    CardSimulator,
    WechatSimulator,
)

GATEWAY = "http://alipay.test/gateway.do"


def alipay_at(
    simulator: AlipaySimulator, wire: httpx.AsyncBaseTransport | None = None, **options: Any
) -> AlipayProvider:
    """Alipay's merchant, with plain keys."""
    values: dict[str, Any] = {
        "app_id": SIMULATED_APP_ID,
        "seller_id": SIMULATED_SELLER_ID,
        "private_key_pem": simulator.merchant_private_pem,
        "alipay_public_key_pem": simulator.alipay_public_pem,
        "gateway_url": GATEWAY,
        "http": httpx.AsyncClient(transport=wire or simulator.transport()),
        "clock": simulator.clock.now,
    }
    return AlipayProvider(**(values | options))


def wechat_at(
    simulator: WechatSimulator, wire: httpx.AsyncBaseTransport | None = None, **options: Any
) -> WechatProvider:
    """WeChat Pay's merchant, in public-key mode."""
    values: dict[str, Any] = {
        "app_id": SIMULATED_WECHAT_APP_ID,
        "mch_id": SIMULATED_WECHAT_MCH_ID,
        "cert_serial": SIMULATED_WECHAT_CERT_SERIAL,
        "private_key_pem": simulator.merchant_private_pem,
        "api_v3_key": SIMULATED_WECHAT_API_V3_KEY,
        "base_url": "http://wechat.test",
        "http": httpx.AsyncClient(transport=wire or simulator.transport()),
        "public_key_id": SIMULATED_WECHAT_PUBLIC_KEY_ID,
        "public_key_pem": simulator.public_pem,
        "clock": simulator.clock.now,
    }
    return WechatProvider(**(values | options))


def card_at(
    simulator: CardSimulator, wire: httpx.AsyncBaseTransport | None = None, **options: Any
) -> CardProvider:
    """The card API's merchant."""
    values: dict[str, Any] = {
        "base_url": "http://card.test",
        "secret_key": simulator.account.secret_key,
        "webhook_secrets": simulator.account.webhook_secrets,
        "http": httpx.AsyncClient(transport=wire or simulator.transport()),
        "clock": simulator.clock.now,
    }
    return CardProvider(**(values | options))
