"""The field formats Alipay uses: yuan texts, times in GMT+8, form and query parameters, statuses. Pure."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final
from urllib.parse import parse_qsl

from merx.kit.money import MalformedAmount, Money, parse_decimal
from merx.payments.providers.model import ProviderStatus

CURRENCY: Final = "CNY"
MAX_FEN: Final = 100_000_000 * 100
"""The most one trade may be, 100 million yuan."""

CHINA: Final = timezone(timedelta(hours=8))
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?", re.ASCII)
_NUMBER = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_MAX_PARAMETERS = 200
_STATUSES: Final = {
    "WAIT_BUYER_PAY": ProviderStatus.WAITING,
    "TRADE_SUCCESS": ProviderStatus.CAPTURED,
    "TRADE_FINISHED": ProviderStatus.CAPTURED,
    "TRADE_CLOSED": ProviderStatus.CLOSED,
}


def parse_amount(text: str) -> Money:
    """Yuan with at most two decimals, 0.01 to 100000000, exactly. Raises ValueError on everything else."""
    try:
        amount = parse_decimal(text, CURRENCY)
    except MalformedAmount as problem:
        raise ValueError("not an amount in yuan") from problem
    if not 0 < amount.amount <= MAX_FEN:
        raise ValueError("outside the range of a trade")
    return amount


def parse_time(text: str) -> datetime:
    """`yyyy-MM-dd HH:mm:ss` in GMT+8, as UTC; fractions are dropped. Raises ValueError."""
    if _TIME.fullmatch(text) is None:
        raise ValueError("not a time")
    return datetime.fromisoformat(text[:19]).replace(tzinfo=CHINA).astimezone(UTC)


def format_time(instant: datetime) -> str:
    """An aware instant as `yyyy-MM-dd HH:mm:ss` in GMT+8, fractions cut off."""
    return instant.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def china_day(instant: datetime) -> date:
    """The day it is in China at an aware instant; a bill covers one such day."""
    return instant.astimezone(CHINA).date()


def parse_status(text: str) -> ProviderStatus:
    """The provider's trade status in our terms. Raises ValueError on one we do not know."""
    status = _STATUSES.get(text)
    if status is None:
        raise ValueError("not a trade status")
    return status


def is_number(text: str) -> bool:
    """Whether a text can be a trade's number, ours or the provider's."""
    return _NUMBER.fullmatch(text) is not None


def parse_parameters(text: str) -> dict[str, str]:
    """Form or query parameters, each value decoded exactly once, empty ones kept.

    Raises ValueError when one occurs twice (two readers could believe different ones), is not UTF-8, or when there
    are more than 200.
    """
    parameters: dict[str, str] = {}
    pairs = parse_qsl(
        text,
        keep_blank_values=True,
        encoding="utf-8",
        errors="strict",
        max_num_fields=_MAX_PARAMETERS,
        separator="&",
    )
    for name, value in pairs:
        if name in parameters:
            raise ValueError("a parameter occurs twice")
        parameters[name] = value
    return parameters
