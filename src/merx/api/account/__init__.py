"""Accounts and sessions."""

from merx.api.account.buyer import handlers

__all__ = ["handlers"]
