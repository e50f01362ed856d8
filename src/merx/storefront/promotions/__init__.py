"""The pages of promotions."""

from merx.storefront.promotions import codes

handlers = [*codes.handlers]
