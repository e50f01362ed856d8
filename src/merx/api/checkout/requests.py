"""What clients send about ordering a cart."""

from merx.api.core.requests import Input, MoneyIn


class Checkout(Input, frozen=True, kw_only=True):
    """Order the cart for the total that was shown."""

    expected_total: MoneyIn
