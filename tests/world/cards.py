"""A till whose purchases are paid by card at a simulated card API."""

from collections.abc import Mapping
from datetime import timedelta

from tests.world.gateways import card_at
from tests.world.till import PUBLIC_URL, Bought, Till

from merx.cashier import receive_notice
from merx.payments.providers import NoticeRejected, ProviderRegistry
from merx.simulators.card import CHECKOUT_EVENTS, CardSimulator
from merx.simulators.common.delivery import NoticeAnswer


class CardTill:
    """A till whose purchases are paid by card; the clocks of both simulators go together."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.simulator = CardSimulator.in_memory(
            now=till.now,
            webhook_events=CHECKOUT_EVENTS,
            webhook_url=f"{PUBLIC_URL}/payments/card/notify",
            send_notice=self.receive,
        )
        self.provider = card_at(self.simulator)
        till.providers = ProviderRegistry([self.provider])

    async def receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        assert url == f"{PUBLIC_URL}/payments/card/notify"
        try:
            answer = await receive_notice(
                self.till.db, self.provider, headers=dict(headers), body=body, now=self.till.now
            )
        except NoticeRejected:
            answer = self.provider.refusal
        return NoticeAnswer(answer.status, answer.body)

    async def at_page(self) -> Bought:
        """A guest orders and is led to the checkout page."""
        bought = await self.till.place({"TEA": 1})
        await self.till.owner.execute(
            "UPDATE payments SET provider = 'card' WHERE id = $1", bought.payment_id
        )
        assert (await self.till.start(bought)).startswith("http://card.test/c/pay/cs_test_")
        return bought

    async def captured(self) -> list[tuple[str, int]]:
        rows = await self.till.owner.fetch(
            "SELECT provider_reference, captured FROM payments WHERE captured > 0"
        )
        return [tuple(row) for row in rows]

    def charged(self, bought: Bought) -> list[tuple[str, int]]:
        session = self.simulator.session(bought.payment_number)
        intent = self.simulator.find("payment_intent", session["payment_intent"])
        assert intent is not None
        return [(intent["id"], intent["amount_received"])]

    async def paid(self) -> Bought:
        """A guest has paid by card."""
        bought = await self.at_page()
        self.simulator.pay(bought.payment_number)
        assert {line.outcome for line in await self.simulator.deliver_due()} == {"success"}
        return bought

    def go_on(self, by: timedelta) -> None:
        self.simulator.clock.advance(by)
        self.till.simulator.clock.advance(by)
