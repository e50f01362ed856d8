"""How after-sales is set."""

from typing import Annotated

from merx.infra.settings import Section, Setting, parse_integer


class ReturnsSettings(Section, frozen=True, kw_only=True):
    """How long after receipt a buyer may still ask."""

    # fmt: off
    after_sales_days: Annotated[int, Setting(
        "Days after a parcel was received in which a return may be asked for; then the order is closed.",
        parse_integer(0, 365), "15",
    )]
    # fmt: on
