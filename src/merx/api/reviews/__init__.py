"""What buyers say."""

from merx.api.reviews.buyer import handlers

__all__ = ["handlers"]
