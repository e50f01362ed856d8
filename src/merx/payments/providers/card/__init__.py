"""Bank cards through Stripe: its hosted Checkout page, so that no card number reaches us."""

from merx.payments.providers.card.configure import FAMILY
from merx.payments.providers.card.provider import CardProvider
from merx.payments.providers.card.settings import CardSettings

__all__ = [
    "FAMILY",
    "CardProvider",
    "CardSettings",
]
