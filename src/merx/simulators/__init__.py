"""Stand-alone peers of Merx for development and tests: payment providers and a mail server, with the real protocols.

They import nothing of Merx but `merx.kit`, follow the provider's protocol rather than our adapter, and keep their
state in a directory, so a restart forgets nothing. `serve_simulators` runs them on sockets; `AlipaySimulator` and
`MailSimulator` run inside a test process without any.
"""

from merx.simulators.alipay import AlipaySimulator, Merchant, NoticeAnswer, SimulatorTransport
from merx.simulators.card import CardSimulator
from merx.simulators.clock import SimulatorClock
from merx.simulators.keys import (
    SIMULATED_APP_ID,
    SIMULATED_CARD_SECRET_KEY,
    SIMULATED_CARD_WEBHOOK_SECRET,
    SIMULATED_SELLER_ID,
    SIMULATED_WECHAT_API_V3_KEY,
    SIMULATED_WECHAT_APP_ID,
    SIMULATED_WECHAT_CERT_SERIAL,
    SIMULATED_WECHAT_MCH_ID,
    SIMULATED_WECHAT_PUBLIC_KEY_ID,
    SimulatorKeys,
    ensure_keys,
)
from merx.simulators.mail import MailSimulator
from merx.simulators.main import serve_simulators
from merx.simulators.wechat import WechatMerchant, WechatSimulator

__all__ = [
    "SIMULATED_APP_ID",
    "SIMULATED_CARD_SECRET_KEY",
    "SIMULATED_CARD_WEBHOOK_SECRET",
    "SIMULATED_SELLER_ID",
    "SIMULATED_WECHAT_API_V3_KEY",
    "SIMULATED_WECHAT_APP_ID",
    "SIMULATED_WECHAT_CERT_SERIAL",
    "SIMULATED_WECHAT_MCH_ID",
    "SIMULATED_WECHAT_PUBLIC_KEY_ID",
    "AlipaySimulator",
    "CardSimulator",
    "MailSimulator",
    "Merchant",
    "NoticeAnswer",
    "SimulatorClock",
    "SimulatorKeys",
    "SimulatorTransport",
    "WechatMerchant",
    "WechatSimulator",
    "ensure_keys",
    "serve_simulators",
]
