"""Disputes and refunds that failed, for the platform's staff."""

from merx.storefront.disputes.pages import handlers

__all__ = ["handlers"]
