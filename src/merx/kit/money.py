"""Money: integer minor units with their ISO 4217 currency. No floats, no bare numbers across a package border."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import force_setattr

from merx.kit.errors import Invalid

MAX_AMOUNT: Final = 100_000_000_000_000
"""Bound of any single amount, in minor units; the database checks the same."""

_EXPONENTS: Final = {
    "BHD": 3, "CLP": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "LYD": 3,
    "OMR": 3, "PYG": 0, "TND": 3, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
"""ISO 4217 minor-unit digits where they are not 2."""


class CurrencyMismatch(Invalid):
    """Two amounts of different currencies met."""

    code = "currency_mismatch"
    message = "Amounts in %(left)s and %(right)s cannot be combined."


class MalformedAmount(Invalid):
    """A text is not an amount of the currency."""

    code = "malformed_amount"
    message = (
        "%(text)r is not an amount in %(currency)s: write digits, with at most %(digits)s after the point."
    )


def exponent(currency: str) -> int:
    """Digits after the decimal point of a currency (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units (fen, cents) of one currency.

    `exponent`, the digits after the decimal point, follows from the currency: it is there for who reads the JSON.
    """

    amount: int
    currency: str
    exponent: int = 2

    def __post_init__(self) -> None:
        if self.currency in _EXPONENTS or self.exponent != 2:
            force_setattr(self, "exponent", exponent(self.currency))

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.amount * quantity, self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)

    def decimal(self) -> str:
        """Plain decimal text in major units, e.g. "12.30"; the form payment protocols use."""
        digits = exponent(self.currency)
        sign, units = ("-", -self.amount) if self.amount < 0 else ("", self.amount)
        if digits == 0:
            return f"{sign}{units}"
        whole, part = divmod(units, 10**digits)
        return f"{sign}{whole}.{part:0{digits}d}"


def parse_decimal(text: str, currency: str) -> Money:
    """Parse "12.3" or "12.30" exactly; refuse signs, exponents, spaces and digits beyond the currency's.

    Raises MalformedAmount.
    """
    digits = exponent(currency)
    whole, point, part = text.partition(".")
    plain = text.isascii() and whole.isdigit() and (part.isdigit() if point else True)
    if not plain or len(part) > digits or len(whole) > 15:
        raise MalformedAmount(text=text[:40], currency=currency, digits=digits)
    return Money(int(whole) * 10**digits + int(part.ljust(digits, "0") or "0"), currency)


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` in proportion to `weights` by largest remainder; the parts always sum to `amount`.

    Weights are ≥ 0 and not all zero. Equal remainders go to the earlier part.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        msg = "weights must be non-negative and not all zero"
        raise ValueError(msg)
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for index in by_remainder[: amount - sum(parts)]:
        parts[index] += 1
    return parts


def tax_inside(gross: int, rate_bp: int) -> int:
    """The tax contained in a tax-inclusive amount, rounded half up once.

    `rate_bp` is the rate in basis points: 1300 for China's 13 % VAT. tax = gross × rate / (1 + rate).
    """
    divisor = 10_000 + rate_bp
    return (gross * rate_bp * 2 + divisor) // (divisor * 2)
