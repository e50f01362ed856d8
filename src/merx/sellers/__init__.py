"""Sellers: the shops on the marketplace, who works for them, and what they charge for delivery."""

from merx.sellers.errors import BadDeliveryRate, BadSellerCode, SellerCodeTaken, UnknownSeller
from merx.sellers.keep_sellers import (
    add_member,
    create_seller,
    delivery_rates,
    get_seller_by_code,
    get_sellers,
    member_ids,
    seller_ids_of,
    set_delivery_rates,
    set_return_address,
)
from merx.sellers.model import DeliveryMethod, DeliveryRate, Role, Seller

__all__ = [
    "BadDeliveryRate",
    "BadSellerCode",
    "DeliveryMethod",
    "DeliveryRate",
    "Role",
    "Seller",
    "SellerCodeTaken",
    "UnknownSeller",
    "add_member",
    "create_seller",
    "delivery_rates",
    "get_seller_by_code",
    "get_sellers",
    "member_ids",
    "seller_ids_of",
    "set_delivery_rates",
    "set_return_address",
]
