"""Carts: what is in them and what is chosen for them."""

from merx.api.cart.buyer import handlers

__all__ = ["handlers"]
