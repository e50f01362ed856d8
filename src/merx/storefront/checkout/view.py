"""What the pages of ordering a cart show. Pure."""

from typing import Literal

from merx.kit.money import Money
from merx.storefront.core.views import (
    AddressFormView,
    AddressView,
    CartLineView,
    FormView,
    MissedView,
    PaymentChoice,
    TotalsView,
    View,
)


class DeliveryChoice(View, frozen=True, kw_only=True):
    """A delivery method for the whole purchase; `price` is the sum over its sellers."""

    code: Literal["standard", "express"]
    price: Money
    chosen: bool


class CheckoutGroupView(View, frozen=True, kw_only=True):
    """What is ordered from one seller."""

    seller_name: str
    lines: tuple[CartLineView, ...]
    subtotal: Money


class CheckoutView(View, frozen=True, kw_only=True):
    """`changed` is set when the total is not the one the shopper had agreed to; nothing was ordered then.

    `payments_silent`: whoever takes this currency does not answer at the moment.
    """

    addresses: tuple[AddressView, ...]
    address_id: str
    new_address: AddressFormView
    groups: tuple[CheckoutGroupView, ...]
    delivery: tuple[DeliveryChoice, ...]
    payments: tuple[PaymentChoice, ...]
    payments_silent: bool = False
    totals: TotalsView | None
    missed: tuple[MissedView, ...] = ()
    idempotency_key: str
    cart_id: str
    form: FormView = FormView()
    changed: bool = False
