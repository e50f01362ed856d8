"""How bank cards are set."""

from pathlib import Path
from typing import Annotated, Final, Literal

from merx.infra.settings import (
    Section,
    Setting,
    Settings,
    Values,
    incomplete,
    parse_choice,
    parse_text,
    parse_texts,
    parse_url,
    simulator_port,
)

SIMULATED_SECRET_KEY: Final = "sk_test_simulated0card0account"  # noqa: S105 - opens nothing but the simulator
SIMULATED_WEBHOOK_SECRET: Final = "whsec_simulated0card0account"  # noqa: S105


class CardSettings(Section, frozen=True, kw_only=True):
    """The account at the card API. Without a key cards are not offered."""

    # fmt: off
    card_base_url: Annotated[str, Setting(
        "Address of the card API (Stripe).", parse_url("http", "https"),
        otherwise="the simulated card API when MERX_SIMULATORS is true, else https://api.stripe.com",
    )]
    card_secret_key: Annotated[str | None, Setting(
        "Secret or restricted key of the card API (sk_… or rk_…).", parse_text, secret=True,
        otherwise="that of the simulated card API when MERX_SIMULATORS is true, else cards are not offered",
    )]
    card_webhook_secrets: Annotated[tuple[str, ...] | None, Setting(
        "Signing secrets of the card API's webhook endpoint (whsec_…); while one is replaced, both.", parse_texts,
        otherwise="that of the simulated card API when MERX_SIMULATORS is true", secret=True,
    )]
    card_api_version: Annotated[str, Setting(
        "Version of the card API that is asked for.", parse_text, "2026-10-28.endive",
    )]
    card_capture: Annotated[Literal["automatic", "manual"], Setting(
        "Whether a card is charged when its holder pays, or only authorized then and charged later.",
        parse_choice("automatic", "manual"), "automatic",
    )]
    simulator_card_port: Annotated[int, simulator_port("Port of the simulated card API.", "8093")]
    # fmt: on

    @classmethod
    def simulated(cls, given: Values, _keys: Path) -> Values:
        """The simulated API with our account there."""
        return {
            "card_base_url": f"http://localhost:{given['simulator_card_port']}",
            "card_secret_key": SIMULATED_SECRET_KEY,
            "card_webhook_secrets": (SIMULATED_WEBHOOK_SECRET,),
        }

    @classmethod
    def derived(cls, _given: Values, _earlier: Settings) -> Values:
        """The card API has one address."""
        return {"card_base_url": "https://api.stripe.com"}

    def contradiction(self) -> str | None:
        """A key that takes money needs the secret that proves it came."""
        return incomplete(self, "Cards need", "card_secret_key", "card_webhook_secrets")
