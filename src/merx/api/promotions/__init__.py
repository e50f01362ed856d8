"""Promotions: claimed and entered by buyers, kept by sellers and by the platform's staff."""

from merx.api.promotions import buyer, seller, staff

handlers = [*buyer.handlers, *seller.handlers, *staff.handlers]

__all__ = ["handlers"]
