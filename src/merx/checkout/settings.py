"""How the checkout is set."""

from typing import Annotated

from merx.infra.settings import Section, Setting, parse_integer


class CheckoutSettings(Section, frozen=True, kw_only=True):
    """How long a purchase waits."""

    # fmt: off
    payment_deadline_seconds: Annotated[int, Setting(
        "Time to pay a purchase before it is cancelled and its stock is free again, in seconds.",
        parse_integer(60, 86_400), "1800",
    )]
    # fmt: on
