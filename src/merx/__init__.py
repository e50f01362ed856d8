"""Merx, an e-commerce trading system: storefront, back office, trading API, payments, logistics and settlement."""

__version__ = "0.1.0"
