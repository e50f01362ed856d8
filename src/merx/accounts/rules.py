"""Pure rules: what an e-mail, a password, a name and an address must look like, and how often one may try."""

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from merx.accounts.common_passwords import COMMON_PASSWORDS
from merx.accounts.errors import (
    BadCountry,
    BadEmail,
    BadPhone,
    BadPostalCode,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
)
from merx.accounts.model import PostalAddress
from merx.kit.i18n import TextUnprintable, clean_text

PASSWORD_LEAST: Final = 8
PASSWORD_MOST: Final = 128
NAME_LIMIT: Final = 80
LINE_LIMIT: Final = 200
ADDRESSES_LIMIT: Final = 50
SESSION_LENGTH: Final = timedelta(days=30)

_EMAIL_LIMIT: Final = 254
_LOCAL_LIMIT: Final = 64
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,24}")
_PHONE_DIGITS_LEAST: Final = 6
_PHONE_DIGITS_MOST: Final = 15
_POSTAL_CODE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9 -]{0,14}[A-Za-z0-9])?)?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_DISTINCT_LEAST: Final = 4


def check_email(email: str, *, field: str = "email") -> str:
    """Return the address with its host in lower case. ASCII only: look-alike letters cannot be told apart.

    Raises BadEmail.
    """
    trimmed = email.strip(" ")
    local, at, host = trimmed.partition("@")
    labels = host.split(".")
    if (
        len(trimmed) > _EMAIL_LIMIT
        or not at
        or len(local) > _LOCAL_LIMIT
        or not _LOCAL_PART.fullmatch(local)
        or len(labels) < 2
        or not all(_HOST_LABEL.fullmatch(label) for label in labels)
        or labels[-1].isdigit()
    ):
        raise BadEmail(field=field)
    return f"{local}@{host.lower()}"


def check_password(password: str) -> str:
    """Return the password untouched when it may be used: 8 to 128 characters, none of the common ones.

    No composition rules, no normalising. Raises PasswordTooShort, PasswordTooLong, PasswordTooCommon,
    TextUnprintable for half characters that no keyboard writes.
    """
    if len(password) < PASSWORD_LEAST:
        raise PasswordTooShort(field="password", least=PASSWORD_LEAST)
    if len(password) > PASSWORD_MOST:
        raise PasswordTooLong(field="password", most=PASSWORD_MOST)
    if not is_utf8(password):
        raise TextUnprintable(field="password")
    if password.casefold() in COMMON_PASSWORDS or len(set(password)) < _DISTINCT_LEAST:
        raise PasswordTooCommon(field="password")
    return password


def is_utf8(text: str) -> bool:
    """Whether a text can be written as UTF-8 (no lone surrogates)."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def check_name(name: str) -> str:
    """Return a person's name in NFC. Raises TextMissing, TextTooLong, TextUnprintable."""
    return clean_text("name", name, limit=NAME_LIMIT)


def check_address(address: PostalAddress) -> PostalAddress:
    """Return the address cleaned. Whether its country is served is a matter of delivery, not of this.

    Raises TextMissing, TextTooLong, TextUnprintable, BadPhone, BadPostalCode, BadCountry, BadEmail; each carries `field`.
    """
    phone = clean_text("phone", address.phone, limit=32)
    digits = sum(character.isdigit() for character in phone)
    if not (_PHONE.fullmatch(phone) and _PHONE_DIGITS_LEAST <= digits <= _PHONE_DIGITS_MOST):
        raise BadPhone(field="phone", least=_PHONE_DIGITS_LEAST, most=_PHONE_DIGITS_MOST)
    postal_code = clean_text("postal_code", address.postal_code, limit=16, required=False)
    if not _POSTAL_CODE.fullmatch(postal_code):
        raise BadPostalCode(field="postal_code")
    if not _COUNTRY.fullmatch(address.country):
        raise BadCountry(field="country")
    return PostalAddress(
        name=check_name(address.name),
        phone=phone,
        line1=clean_text("line1", address.line1, limit=LINE_LIMIT),
        line2=clean_text("line2", address.line2, limit=LINE_LIMIT, required=False),
        city=clean_text("city", address.city, limit=NAME_LIMIT),
        region=clean_text("region", address.region, limit=NAME_LIMIT, required=False),
        postal_code=postal_code,
        country=address.country,
        email=check_email(address.email) if address.email.strip(" ") else "",
    )


class Limit(msgspec.Struct, frozen=True):
    """At most `most` attempts in each window of `window`."""

    name: str
    most: int
    window: timedelta

    def window_start(self, now: datetime) -> datetime:
        """The start of the window that `now` is in."""
        seconds = int(self.window.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)

    def retry_after(self, now: datetime) -> int:
        """Seconds until the next window, at least 1."""
        left = self.window_start(now) + self.window - now
        return -(-left // timedelta(seconds=1))


LOG_IN_HERE: Final = Limit("log_in_here", 8, timedelta(minutes=15))
"""One account from one network: an ordinary guesser."""
LOG_IN_ACCOUNT: Final = Limit("log_in_account", 60, timedelta(hours=1))
"""One account from everywhere: many machines guessing one password. Wide, for it locks out the owner too."""
LOG_IN_NETWORK: Final = Limit("log_in_network", 200, timedelta(minutes=15))
"""One network, any account: one machine trying a list. Wide, for a whole office may be behind it."""
REGISTER_NETWORK: Final = Limit("register_network", 10, timedelta(hours=1))


def network_of(remote: str) -> str:
    """The network an address is counted under: /24 of IPv4, /48 of IPv6; anything else counts as one."""
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return "elsewhere"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False))
