"""The field formats of the card API: amounts in its minor units, nested forms, the objects we read. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import msgspec

from merx.kit.money import Money, exponent

MAX_UNITS: Final = 99_999_999
"""The most one charge may be: eight digits in the provider's units."""

# Where the provider's minor unit is not the one of ISO 4217. ISK and UGX have none there, but are sent with two digits.
_DIGITS: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
    **dict.fromkeys(("ISK", "UGX"), 2),
}  # fmt: skip
_POWERS: Final = (1, 10, 100, 1000)
_NUMBER = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_CURRENCY = re.compile(r"[a-z]{3}", re.ASCII)

FormValue: TypeAlias = "str | int | bool | Mapping[str, FormValue] | Sequence[FormValue]"


def to_units(amount: Money) -> int:
    """An amount in the provider's minor units. Raises ValueError when it cannot be said exactly or is out of range."""
    ours, theirs = exponent(amount.currency), _DIGITS.get(amount.currency, 2)
    units, rest = divmod(amount.amount * _POWERS[theirs], _POWERS[ours])
    # Three-decimal currencies are charged in tens of their smallest unit, two-decimal ones without decimals in hundreds.
    step = 10 if theirs == 3 else 100 if theirs > ours else 1
    if rest or units % step or not 0 < units <= MAX_UNITS:
        raise ValueError("the amount is outside its range")
    return units


def from_units(units: int, currency: str) -> Money:
    """An amount from the provider's minor units and lower-case currency. Raises ValueError when it has no exact form."""
    if _CURRENCY.fullmatch(currency) is None:
        raise ValueError("not a currency")
    code = currency.upper()
    amount, rest = divmod(units * _POWERS[exponent(code)], _POWERS[_DIGITS.get(code, 2)])
    if rest:
        raise ValueError("not an amount of the currency")
    return Money(amount, code)


def instant(seconds: int) -> datetime:
    """A Unix time as UTC. Raises ValueError when it is none."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as problem:
        raise ValueError("not a time") from problem


def is_number(text: str) -> bool:
    """Whether a text can be a number of ours."""
    return _NUMBER.fullmatch(text) is not None


def form_pairs(values: Mapping[str, FormValue]) -> list[tuple[str, str]]:
    """Flatten nested values to the pairs of a form: `a[b][0]=c`."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        _flatten(name, value, pairs)
    return pairs


def _flatten(name: str, value: FormValue, pairs: list[tuple[str, str]]) -> None:
    if isinstance(value, str):
        pairs.append((name, value))
    elif isinstance(value, bool):
        pairs.append((name, "true" if value else "false"))
    elif isinstance(value, int):
        pairs.append((name, str(value)))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _flatten(f"{name}[{key}]", inner, pairs)
    else:
        for position, inner in enumerate(value):
            _flatten(f"{name}[{position}]", inner, pairs)


# --- objects: only the fields we decide by ---------------------------------------------------------------------------


class Product(msgspec.Struct, frozen=True):
    """Our payment as the provider keeps it under our number; `metadata` names its Checkout Session."""

    id: str
    metadata: dict[str, str] = {}


class Charge(msgspec.Struct, frozen=True):
    """Money taken from a card, or held on it while `captured` is false."""

    id: str
    created: int
    amount_captured: int
    currency: str
    refunded: bool
    captured: bool = True
    payment_intent: str | None = None
    metadata: dict[str, str] = {}


class Intent(msgspec.Struct, frozen=True):
    """A PaymentIntent."""

    id: str
    status: str
    amount_received: int
    currency: str
    amount_capturable: int = 0
    latest_charge: Charge | str | None = None


class Session(msgspec.Struct, frozen=True):
    """A Checkout Session; `payment_intent` is an object when we asked for it, and absent before the payer confirms."""

    id: str
    status: str | None = None
    payment_status: str = ""
    amount_total: int | None = None
    currency: str | None = None
    client_reference_id: str | None = None
    url: str | None = None
    payment_intent: Intent | str | None = None


class RefundObject(msgspec.Struct, frozen=True):
    """Money given back."""

    id: str
    amount: int
    currency: str
    status: str | None = None
    payment_intent: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] = {}


class BalanceTransaction(msgspec.Struct, frozen=True):
    """One change of our balance at the provider. `amount` and `fee` are in the currency of the balance."""

    id: str
    type: str
    amount: int
    fee: int
    currency: str
    created: int
    reporting_category: str = ""
    source: dict[str, Any] | str | None = None


class EvidenceDetails(msgspec.Struct, frozen=True):
    """Until when evidence may be handed in."""

    due_by: int | None = None


class Dispute(msgspec.Struct, frozen=True):
    """The holder of a card objects to a charge. `balance_transactions` are all its moves of money so far."""

    id: str
    status: str
    amount: int
    currency: str
    created: int
    reason: str = ""
    payment_intent: str | None = None
    evidence_details: EvidenceDetails = EvidenceDetails()
    balance_transactions: list[BalanceTransaction] = []


class Page(msgspec.Struct, frozen=True):
    """One page of a list, newest first."""

    data: list[dict[str, Any]]
    has_more: bool
