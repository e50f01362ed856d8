"""Disputes and refunds that failed: what the platform's staff look after."""

from merx.api.disputes.staff import handlers

__all__ = ["handlers"]
