"""Refunds: money goes back, is sent by the providers or by hand, and may come back again."""

from merx.refunds.ask_refunds import ask_refunds, reverse_refund
from merx.refunds.offline_refunds import fail_offline_refund, settle_offline_refund
from merx.refunds.refund_order import refund_order
from merx.refunds.refund_rules import UnitsBack, Worth, worth_of
from merx.refunds.send_refunds import send_refunds, settle_refund

__all__ = [
    "UnitsBack",
    "Worth",
    "ask_refunds",
    "fail_offline_refund",
    "refund_order",
    "reverse_refund",
    "send_refunds",
    "settle_offline_refund",
    "settle_refund",
    "worth_of",
]
