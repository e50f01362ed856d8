"""Purchases: paying for them, and receiving their parcels."""

from merx.api.purchases.buyer import handlers

__all__ = ["handlers"]
