"""How reconciliation is set."""

from typing import Annotated

from merx.infra.settings import Section, Setting, parse_integer


class ReconciliationSettings(Section, frozen=True, kw_only=True):
    """How patient the books are with a provider."""

    # fmt: off
    clearing_days: Annotated[int, Setting(
        "Days after which a provider's bill must have confirmed a payment; `merx verify` reports what is older.",
        parse_integer(1, 90), "3",
    )]
    # fmt: on
