"""Money at the platform: what its staff confirm, take, cancel and pay back."""

from merx.api.payments.staff import handlers

__all__ = ["handlers"]
