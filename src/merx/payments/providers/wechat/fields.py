"""The field formats WeChat Pay uses: fen, RFC 3339 times, numbers, states. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from merx.kit.money import Money
from merx.payments.providers.model import ProviderStatus, RefundState

CURRENCY: Final = "CNY"
MAX_FEN: Final = 100_000_000 * 100
CHINA: Final = timezone(timedelta(hours=8))

_NUMBER = re.compile(r"[0-9A-Za-z_|*-]{6,32}", re.ASCII)
_REFUND_NUMBER = re.compile(r"[0-9A-Za-z_|*@-]{1,64}", re.ASCII)
_REFERENCE = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_STATES: Final = {
    "SUCCESS": ProviderStatus.CAPTURED,
    # Some of it was given back. How much, only the refunds tell: the money was there.
    "REFUND": ProviderStatus.CAPTURED,
    "NOTPAY": ProviderStatus.WAITING,
    "USERPAYING": ProviderStatus.WAITING,
    "ACCEPT": ProviderStatus.WAITING,
    # Of payments at a till only; the provider does not promise that such a one stays unpaid.
    "PAYERROR": ProviderStatus.WAITING,
    "CLOSED": ProviderStatus.CLOSED,
    "REVOKED": ProviderStatus.CLOSED,
}
_REFUND_STATES: Final = {
    "SUCCESS": RefundState.SUCCEEDED,
    "PROCESSING": RefundState.PROCESSING,
    "CLOSED": RefundState.FAILED,
    # The payer's card takes no money any more: it needs a person, and may be asked for again under its number.
    "ABNORMAL": RefundState.FAILED,
}


def is_number(text: str) -> bool:
    """Whether a text can be our number of a payment at WeChat Pay."""
    return _NUMBER.fullmatch(text) is not None


def is_refund_number(text: str) -> bool:
    """Whether a text can be our number of a refund at WeChat Pay."""
    return _REFUND_NUMBER.fullmatch(text) is not None


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """A text field. Raises ValueError when it is missing or empty."""
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is missing")
    return value


def reference_of(fields: Mapping[str, Any], name: str) -> str:
    """The provider's own number of something. Raises ValueError."""
    value = text_of(fields, name)
    if _REFERENCE.fullmatch(value) is None:
        raise ValueError(f"{name} has the wrong form")
    return value


def amount_of(fields: Mapping[str, Any], name: str) -> Money:
    """A member of the `amount` object, whole fen; a missing currency is Chinese yuan. Raises ValueError."""
    amount = fields.get("amount")
    value = amount.get(name) if isinstance(amount, dict) else None
    if not isinstance(amount, dict) or type(value) is not int or not 0 < value <= MAX_FEN:
        raise ValueError("not an amount in fen")
    if amount.get("currency", CURRENCY) != CURRENCY:
        raise ValueError("not Chinese yuan")
    return Money(value, CURRENCY)


def parse_time(text: str) -> datetime:
    """An RFC 3339 time as UTC. Raises ValueError, also without a time zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without a time zone")
    return instant.astimezone(UTC)


def format_time(instant: datetime) -> str:
    """An aware instant in GMT+8 as RFC 3339, fractions cut off."""
    return instant.astimezone(CHINA).replace(microsecond=0).isoformat()


def parse_state(text: str) -> ProviderStatus:
    """The provider's `trade_state` in our terms. Raises ValueError on one we do not know."""
    if text not in _STATES:
        raise ValueError("not a trade state")
    return _STATES[text]


def parse_refund_state(text: str) -> RefundState:
    """The provider's refund status in our terms. Raises ValueError on one we do not know."""
    if text not in _REFUND_STATES:
        raise ValueError("not a refund status")
    return _REFUND_STATES[text]
