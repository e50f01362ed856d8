"""Parsers of settings: text to value; a ValueError's message says what to write instead. Pure."""

import base64
import binascii
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

KEY_BYTES = 32


class MasterKey(msgspec.Struct, frozen=True):
    """One key of the master key ring; the first of the ring wraps new data keys, the others only unwrap."""

    id: str
    key: bytes

    def __repr__(self) -> str:
        """Never show the key, whatever prints the settings."""
        return f"MasterKey(id={self.id!r})"


def parse_text(given: str) -> str:
    """Text on one line."""
    if not given.isprintable():
        msg = "text on one line"
        raise ValueError(msg)
    return given


def parse_integer(low: int, high: int) -> Callable[[str], int]:
    """Make a parser of whole numbers within limits."""

    def parse(given: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", given) or not low <= int(given) <= high:
            msg = f"a whole number from {low} to {high}"
            raise ValueError(msg)
        return int(given)

    return parse


parse_port = parse_integer(1, 65_535)


def parse_boolean(given: str) -> bool:
    """True or false, in the usual words."""
    words = {
        "true": True,
        "1": True,
        "yes": True,
        "on": True,
        "false": False,
        "0": False,
        "no": False,
        "off": False,
    }
    if given.lower() not in words:
        msg = "true or false"
        raise ValueError(msg)
    return words[given.lower()]


def parse_path(given: str) -> Path:
    """A path, made absolute; `~` is the home folder."""
    if not given or "\0" in given:
        msg = "a path"
        raise ValueError(msg)
    return Path(given).expanduser().absolute()


def parse_choice(*allowed: str) -> Callable[[str], str]:
    """Make a parser of one word out of several."""

    def parse(given: str) -> str:
        if given not in allowed:
            msg = f"one of {', '.join(allowed)}"
            raise ValueError(msg)
        return given

    return parse


def parse_url(*schemes: str) -> Callable[[str], str]:
    """Make a parser of addresses with one of the schemes."""

    def parse(given: str) -> str:
        msg = f"an address that starts with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        try:
            parts = urlsplit(given)
            broken = parts.scheme not in schemes or (not parts.hostname and "postgresql" not in schemes)
            _ = parts.port
        except ValueError:
            broken = True
        if broken or re.search(r"\s", given):
            raise ValueError(msg)
        return given.rstrip("/")

    return parse


def parse_currency(given: str) -> str:
    """One ISO 4217 code."""
    if not re.fullmatch(r"[A-Z]{3}", given):
        msg = "an ISO 4217 currency code such as CNY"
        raise ValueError(msg)
    return given


def parse_currencies(given: str) -> tuple[str, ...]:
    """ISO 4217 codes separated by commas."""
    codes = tuple(part.strip() for part in given.split(","))
    if len(set(codes)) != len(codes) or not all(re.fullmatch(r"[A-Z]{3}", code) for code in codes):
        msg = "ISO 4217 currency codes, each once, separated by commas, such as CNY,USD"
        raise ValueError(msg)
    return codes


def parse_countries(given: str) -> tuple[str, ...]:
    """ISO 3166 codes separated by commas."""
    codes = tuple(part.strip() for part in given.split(","))
    if len(set(codes)) != len(codes) or not all(re.fullmatch(r"[A-Z]{2}", code) for code in codes):
        msg = "ISO 3166 country codes, each once, separated by commas, such as CN,US"
        raise ValueError(msg)
    return codes


def parse_hosts(given: str) -> tuple[str, ...]:
    """Host names separated by commas."""
    hosts = tuple(part.strip().lower() for part in given.split(","))
    if not all(re.fullmatch(r"(\*\.)?[a-z0-9.-]+|\[[0-9a-f:]+\]|\*", host) for host in hosts):
        msg = "host names without port, separated by commas, such as shop.example,www.shop.example"
        raise ValueError(msg)
    return hosts


def parse_texts(given: str) -> tuple[str, ...]:
    """Texts separated by commas."""
    texts = tuple(part.strip() for part in given.split(","))
    if not all(texts):
        msg = "texts separated by commas, none of them empty"
        raise ValueError(msg)
    return texts


def parse_key(given: str) -> bytes:
    """Thirty-two random bytes in base64."""
    msg = f"{KEY_BYTES} random bytes in base64 (make one with: openssl rand -base64 {KEY_BYTES})"
    try:
        key = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(msg) from None
    if len(key) != KEY_BYTES or len(set(key)) < KEY_BYTES // 4:  # a constant or a short word is no key
        raise ValueError(msg)
    return key


def parse_key_ring(given: str) -> tuple[MasterKey, ...]:
    """A ring of master keys: id:base64 pairs separated by commas, the current one first."""
    ring = []
    for part in given.split(","):
        key_id, separator, key = part.strip().partition(":")
        if not separator or not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", key_id):
            msg = "id:base64 pairs separated by commas, the key for new data first, such as k2:…,k1:…"
            raise ValueError(msg)
        ring.append(MasterKey(id=key_id, key=parse_key(key)))
    if len({key.id for key in ring}) != len(ring):
        msg = "each key id only once"
        raise ValueError(msg)
    return tuple(ring)
