"""The test cards: which number does what, and how a card's data are checked."""

import re
from datetime import datetime

import msgspec

from merx.simulators.card.model import ApiError, Json


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What happens when a card is charged, and later refunded."""

    number: str
    brand: str = "visa"
    #: The decline's code and decline_code.
    decline: tuple[str, str] | None = None
    authenticate: bool = False
    #: "pending" comes through later, "failed" is given back to the merchant later.
    refund: str = "succeeded"


GOOD = "4242424242424242"
DECLINED = "4000000000000002"
AUTHENTICATED = "4000002500003155"
_CARDS = {
    card.number: card
    for card in (
        Card(number=GOOD),
        Card(number="5555555555554444", brand="mastercard"),
        Card(number="6205500000000000004", brand="unionpay"),
        Card(number=DECLINED, decline=("card_declined", "generic_decline")),
        Card(number="4000000000009995", decline=("card_declined", "insufficient_funds")),
        Card(number="4000000000009987", decline=("card_declined", "lost_card")),
        Card(number="4000000000000069", decline=("expired_card", "expired_card")),
        Card(number="4000000000000127", decline=("incorrect_cvc", "incorrect_cvc")),
        Card(number="4000000000000119", decline=("processing_error", "processing_error")),
        Card(number=AUTHENTICATED, authenticate=True),
        Card(number="4000000000003220", authenticate=True),
        Card(number="4000000000007726", refund="pending"),
        Card(number="4000000000005126", refund="failed"),
    )
}
_METHODS = {
    "pm_card_visa": GOOD,
    "pm_card_mastercard": "5555555555554444",
    "pm_card_unionpay": "6205500000000000004",
    "pm_card_visa_chargeDeclined": DECLINED,
    "pm_card_chargeDeclined": DECLINED,
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_authenticationRequired": AUTHENTICATED,
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
}
_EXPIRY = re.compile(r"\s*([0-9]{1,2})\s*/\s*([0-9]{2}|[0-9]{4})\s*", re.ASCII)
_CODE = re.compile(r"[0-9]{3,4}", re.ASCII)


def card_of(method: str) -> Card:
    """The card of a test payment method. Raises ApiError."""
    number = _METHODS.get(method)
    if number is None:
        raise ApiError(f"No such PaymentMethod: '{method}'", code="resource_missing", param="payment_method")
    return _CARDS[number]


def card_from_data(data: Json) -> Card:
    """The card of `payment_method_data`. Raises ApiError."""
    card = data.get("card")
    if data.get("type") != "card" or not isinstance(card, dict):
        raise ApiError("Missing required param: payment_method_data[card].", param="payment_method_data")
    return card_by_number(str(card.get("number", "")))


def card_by_number(number: str) -> Card:
    """A test card by its number, spaces allowed. Raises ApiError on any other."""
    digits = re.sub(r"[\s-]", "", number)
    if digits in _CARDS:
        return _CARDS[digits]
    if digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19 and is_luhn(digits):
        raise card_error("card_declined", "test_mode_live_card")
    raise ApiError("Your card number is incorrect.", status=402, kind="card_error", code="incorrect_number")


def is_luhn(digits: str) -> bool:
    """Whether the check digit is right."""
    doubled = (int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def check_expiry(expiry: str, code: str, now: datetime) -> None:
    """Check what a payer typed as MM / YY and CVC. Raises ApiError."""
    found = _EXPIRY.fullmatch(expiry)
    if found is None or not 1 <= int(found[1]) <= 12:
        raise ApiError("Invalid expiry.", status=402, kind="card_error", code="invalid_expiry_month")
    year = int(found[2]) + (2000 if len(found[2]) == 2 else 0)
    if (year, int(found[1])) < (now.year, now.month):
        raise ApiError("Expired.", status=402, kind="card_error", code="invalid_expiry_year")
    if _CODE.fullmatch(code.strip()) is None:
        raise ApiError("Invalid CVC.", status=402, kind="card_error", code="invalid_cvc")


def card_error(code: str, decline_code: str) -> ApiError:
    """A decline."""
    texts = {
        "expired_card": "Your card has expired.",
        "incorrect_cvc": "Your card's security code is incorrect.",
        "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    }
    message = texts.get(code, "Your card was declined.")
    return ApiError(message, status=402, kind="card_error", code=code, extra={"decline_code": decline_code})
