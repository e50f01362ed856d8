"""Money from outside: where providers and returning browsers arrive, and what the platform's staff confirm, take, cancel and pay back."""

from merx.api.payments import notices, staff

handlers = staff.handlers
"""The routes of the API."""

peer_handlers = notices.handlers
"""Where providers send notices and browsers come back from paying."""

__all__ = ["handlers", "peer_handlers"]
