"""Refusals of pricing."""

from merx.kit.errors import Invalid


class AmountTooLarge(Invalid):
    """The total is above the largest amount (`kit.money.MAX_AMOUNT`)."""

    code = "amount_too_large"
    message = "This is more than one order can hold. Order smaller quantities."
