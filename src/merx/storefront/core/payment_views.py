"""What the page of a payment shows."""

from datetime import datetime

from markupsafe import Markup

from merx.kit.money import Money
from merx.queries.paying import BankAccount, PaymentProgress
from merx.storefront.core.views import PaymentChoice, View


class PaymentView(View, frozen=True, kw_only=True):
    """A payment as the shopper sees it. `poll_url` is asked again while it is `waiting`; `scan` is a code for a phone.

    `silent`: the provider does not answer now. `ways` are the others it can be paid with.
    `wallet_url` opens the code in the simulators' wallet.
    `authorized`: the order is served and its money still to come, at the door with `at_the_door`.
    """

    number: str
    amount: Money
    state: PaymentProgress
    provider_name: str
    poll_url: str
    pay_url: str | None
    cancel_url: str | None
    deadline: datetime | None
    orders: tuple["OrderLink", ...] = ()
    scan: Markup | None = None
    silent: bool = False
    ways: tuple[PaymentChoice, ...] = ()
    ways_url: str | None = None
    wallet_url: str | None = None
    transfer: BankAccount | None = None
    at_the_door: bool = False


class OrderLink(View, frozen=True, kw_only=True):
    """A way to an order."""

    number: str
    url: str
    seller_name: str
