"""The simulated providers of a running shop, over their control interfaces: paying, sending again, and what they hold."""

from typing import Any, Final

import httpx
import msgspec

from merx.simulators import SIMULATED_CARD_SECRET_KEY

CODES: Final = ("alipay", "wechat", "card")
_THINGS: Final = {"alipay": "trades", "wechat": "orders", "card": "sessions"}


class Holding(msgspec.Struct, frozen=True):
    """What a provider has of one of our numbers, in minor units."""

    paid: int
    refunded: int


class Providers:
    """Three simulators on their ports."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.urls = {
            code: f"http://localhost:{environment[f'MERX_SIMULATOR_{code.upper()}_PORT']}" for code in CODES
        }
        self.web = httpx.AsyncClient(timeout=10)

    async def pay(self, code: str, number: str) -> bool:
        """The payer pays; False when the provider does not take it. Raises TransportError when it is down."""
        answer = await self.web.post(f"{self.urls[code]}/control/{_THINGS[code]}/{number}/pay", json={})
        return answer.status_code == 200

    async def send_again(self) -> None:
        """Send every notice that has not arrived, as the providers do after minutes."""
        for url in self.urls.values():
            for notice in (await self.web.get(f"{url}/control/notices")).json():
                if notice["state"] != "delivered":
                    await self.web.post(f"{url}/control/notices/{notice['notice_id']}/resend")

    async def holdings(self) -> dict[str, Holding]:
        """What they hold, by our number of the payment; those that were paid."""
        found: dict[str, Holding] = {}
        for code in ("alipay", "wechat"):
            for thing in await self._list(code):
                if thing["paid_at"] is not None:
                    back = sum(each["amount_fen"] for each in thing["refunds"])
                    found[thing["number"]] = Holding(thing["amount_fen"], back)
        charges = {each["payment_intent"]: each for each in await self._charges()}
        for session in await self._list("card"):
            charge = charges.get(session["payment_intent"])
            if charge is not None:
                found[session["client_reference_id"]] = Holding(
                    charge["amount_captured"], charge["amount_refunded"]
                )
        return found

    async def _list(self, code: str) -> list[Any]:
        listed: list[Any] = (await self.web.get(f"{self.urls[code]}/control/{_THINGS[code]}")).json()
        return listed

    async def _charges(self) -> list[Any]:
        """Every captured charge, by way of the API itself, page by page."""
        found: list[Any] = []
        while True:
            after = {"starting_after": found[-1]["id"]} if found else {}
            page = await self.web.get(
                f"{self.urls['card']}/v1/charges", params={"limit": "100", **after}, auth=(SIMULATED_CARD_SECRET_KEY, "")
            )  # fmt: skip
            found += page.json()["data"]
            if not page.json()["has_more"]:
                return [each for each in found if each["captured"]]

    async def aclose(self) -> None:
        """Release connections."""
        await self.web.aclose()
