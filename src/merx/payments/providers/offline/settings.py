"""How bank transfer and cash on delivery are set."""

from pathlib import Path
from typing import Annotated

from merx.infra.settings import (
    Section,
    Setting,
    Settings,
    Values,
    incomplete,
    parse_countries,
    parse_currencies,
    parse_integer,
    parse_text,
)


class BankTransferSettings(Section, frozen=True, kw_only=True):
    """The account that buyers transfer money to. Without a holder bank transfer is not offered."""

    # fmt: off
    bank_transfer_holder: Annotated[str | None, Setting(
        "Holder of the account that buyers transfer money to.", parse_text,
        otherwise="an example when MERX_SIMULATORS is true, else bank transfer is not offered",
    )]
    bank_transfer_bank: Annotated[str | None, Setting(
        "Name of that account's bank, with its BIC where payers need it.", parse_text,
        otherwise="an example when MERX_SIMULATORS is true",
    )]
    bank_transfer_account: Annotated[str | None, Setting(
        "Number of that account, or its IBAN.", parse_text, otherwise="an example when MERX_SIMULATORS is true",
    )]
    bank_transfer_currencies: Annotated[tuple[str, ...], Setting(
        "Currencies in which that account takes money.", parse_currencies, otherwise="MERX_CURRENCIES",
    )]
    bank_transfer_days: Annotated[int, Setting(
        "Days that a purchase waits for its bank transfer; its stock waits as long.", parse_integer(1, 30), "3",
    )]
    # fmt: on

    @classmethod
    def simulated(cls, _given: Values, _keys: Path) -> Values:
        """An account that nobody pays to."""
        return {
            "bank_transfer_holder": "Merx Demo Ltd",
            "bank_transfer_bank": "Example Bank (pay nothing)",
            "bank_transfer_account": "0000 0000 0000 0000",
        }

    @classmethod
    def derived(cls, _given: Values, earlier: Settings) -> Values:
        """It takes what the shop sells in."""
        return {"bank_transfer_currencies": earlier.shop.currencies}

    def contradiction(self) -> str | None:
        """An account is known by its holder, its bank and its number."""
        return incomplete(
            self, "Bank transfer needs", "bank_transfer_holder", "bank_transfer_bank", "bank_transfer_account"
        )


class CashOnDeliverySettings(Section, frozen=True, kw_only=True):
    """Where money is taken at the door. Without countries cash on delivery is not offered."""

    # fmt: off
    cash_on_delivery_countries: Annotated[tuple[str, ...] | None, Setting(
        "Countries (ISO 3166) where carriers take cash at the door.", parse_countries,
        otherwise="CN,US when MERX_SIMULATORS is true, else cash on delivery is not offered",
    )]
    cash_on_delivery_currencies: Annotated[tuple[str, ...], Setting(
        "Currencies in which they take it.", parse_currencies, otherwise="MERX_CURRENCIES",
    )]
    # fmt: on

    @classmethod
    def simulated(cls, _given: Values, _keys: Path) -> Values:
        """The countries of the demo shop."""
        return {"cash_on_delivery_countries": ("CN", "US")}

    @classmethod
    def derived(cls, _given: Values, earlier: Settings) -> Values:
        """They take what the shop sells in."""
        return {"cash_on_delivery_currencies": earlier.shop.currencies}
