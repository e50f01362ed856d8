"""A stand-alone card processor speaking Stripe's API: intents, hosted checkout, refunds, balance, signed webhooks."""

from merx.simulators.card.model import CHECKOUT_EVENTS, Account, Fault, FaultKind
from merx.simulators.card.simulator import CardSimulator

__all__ = ["CHECKOUT_EVENTS", "Account", "CardSimulator", "Fault", "FaultKind"]
