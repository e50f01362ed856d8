"""Promotions: coupons to claim, codes to enter, and what sellers and the platform take off."""

from merx.storefront.promotions import codes, keeping, pages

handlers = [*pages.handlers, *codes.handlers, *keeping.handlers]

__all__ = ["handlers"]
