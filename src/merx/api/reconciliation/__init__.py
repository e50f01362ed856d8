"""The providers' bills against the books: what the platform's staff do with differences."""

from merx.api.reconciliation.staff import handlers

__all__ = ["handlers"]
