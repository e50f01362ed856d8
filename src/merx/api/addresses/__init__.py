"""The address book of an account."""

from merx.api.addresses.buyer import handlers

__all__ = ["handlers"]
