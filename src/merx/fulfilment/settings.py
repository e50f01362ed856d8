"""How fulfilment is set."""

from typing import Annotated

from merx.infra.settings import Section, Setting, parse_integer


class FulfilmentSettings(Section, frozen=True, kw_only=True):
    """When a parcel has arrived without a word."""

    # fmt: off
    auto_receive_days: Annotated[int, Setting(
        "Days after shipping after which a parcel counts as received.",
        parse_integer(1, 90), "10",
    )]
    # fmt: on
