"""A provider talking to a simulated WeChat Pay without sockets, on a clock that stands still."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from tests.world.gateways import wechat_at

from merx.kit.money import Money
from merx.payments.providers import (
    Device,
    NoticeRejected,
    PaymentRequest,
    ProviderNotice,
)
from merx.payments.providers.wechat import WechatProvider
from merx.simulators import (
    SIMULATED_WECHAT_API_V3_KEY,
    SIMULATED_WECHAT_APP_ID,
    SIMULATED_WECHAT_PUBLIC_KEY_ID,
    NoticeAnswer,
    WechatSimulator,
)

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
NUMBER = "260301WECHAT00001"
WHOLE = Money(12_345, "CNY")
BASE_URL = "http://wechat.test"


class WechatPeer:
    """The simulator, a provider in public-key mode that receives its notices, and a payer's browser."""

    def __init__(self) -> None:
        self.simulator = WechatSimulator.in_memory(now=NOW, send_notice=self.receive)
        self.provider = self.new_provider()
        self.browser = httpx.AsyncClient(transport=self.simulator.transport(), base_url=BASE_URL)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.notices: list[ProviderNotice | NoticeRejected] = []
        self.receiver = self.provider

    def new_provider(
        self,
        *,
        certificates: bool = False,
        http: httpx.AsyncBaseTransport | None = None,
        app_id: str = SIMULATED_WECHAT_APP_ID,
        api_v3_key: str = SIMULATED_WECHAT_API_V3_KEY,
    ) -> WechatProvider:
        """A provider of the simulated merchant, in public-key or in certificate mode."""
        return wechat_at(
            self.simulator,
            http,
            app_id=app_id,
            api_v3_key=api_v3_key,
            public_key_id=None if certificates else SIMULATED_WECHAT_PUBLIC_KEY_ID,
            public_key_pem=None if certificates else self.simulator.public_pem,
        )

    async def receive(self, _url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        """The address the provider sends its notices to."""
        self.received.append((dict(headers), body))
        try:
            self.notices.append(self.receiver.parse_notice(headers, body))
        except NoticeRejected as rejected:
            self.notices.append(rejected)
            refusal = self.receiver.refusal
            return NoticeAnswer(refusal.status, refusal.body)
        reply = self.receiver.acknowledgement
        return NoticeAnswer(reply.status, reply.body)

    async def paid(self, number: str = NUMBER, amount: Money = WHOLE) -> None:
        """A payment that was ordered and paid; its notice waits."""
        await self.provider.start(request(number=number, amount=amount))
        self.simulator.pay(number)

    async def close(self) -> None:
        """Release everything."""
        await self.browser.aclose()
        await self.provider.aclose()
        self.simulator.close()


def request(**changes: object) -> PaymentRequest:
    """A payment of 123.45 yuan at a desktop."""
    values: dict[str, object] = {
        "payment_id": UUID(int=7),
        "number": NUMBER,
        "amount": WHOLE,
        "subject": "红茶 2 盒",
        "expires_at": NOW + timedelta(minutes=30),
        "notify_url": "https://shop.test/payments/wechat/notify",
        "return_url": "https://shop.test/payments/wechat/return/7",
        "locale": "zh-CN",
        "device": Device.DESKTOP,
    }
    return PaymentRequest(**(values | changes))  # type: ignore[arg-type]
