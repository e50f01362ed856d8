"""Bank cards through Stripe: its hosted Checkout page, so that no card number reaches us."""

from merx.payments.providers.card.configure import from_settings
from merx.payments.providers.card.provider import CardProvider, card_checkout_address

__all__ = ["CardProvider", "card_checkout_address", "from_settings"]
