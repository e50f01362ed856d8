"""Ordering a cart."""

from merx.api.checkout.buyer import handlers

__all__ = ["handlers"]
