"""PaymentIntents, their charges, and what they do to the balance."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from merx.simulators.card import forms
from merx.simulators.card.cards import Card, card_error, card_from_data, card_of
from merx.simulators.card.model import ApiError, Json
from merx.simulators.card.store import Store, new_object_id

Publish = Callable[[str, Json, datetime], None]
_CREATE = frozenset(
    {
        "amount", "automatic_payment_methods", "capture_method", "confirm", "confirmation_method", "currency",
        "customer", "description", "error_on_requires_action", "metadata", "off_session", "payment_method",
        "payment_method_data", "payment_method_options", "payment_method_types", "receipt_email", "return_url",
        "setup_future_usage", "shipping", "statement_descriptor", "statement_descriptor_suffix",
    }
)  # fmt: skip
_CONFIRM = frozenset(
    {"payment_method", "payment_method_data", "payment_method_options", "payment_method_types", "return_url",
     "capture_method", "error_on_requires_action", "mandate_data", "off_session", "receipt_email", "use_stripe_sdk"}
)  # fmt: skip
_CAPTURE = frozenset({"amount_to_capture", "final_capture", "metadata", "statement_descriptor_suffix"})
_REASONS = {"abandoned", "duplicate", "fraudulent", "requested_by_customer"}
_OPEN = ("requires_payment_method", "requires_confirmation")
_MAX = 99_999_999
#: How long a bank keeps money for a merchant who has not taken it.
HELD_FOR = timedelta(days=7)


def read_amount(parameters: Json, *, name: str = "amount", param: str | None = None) -> int:
    """An amount in minor units within the range of a charge. Raises ApiError."""
    forms.required(parameters, name, param=param)
    amount = forms.integer(parameters, name, param=param) or 0
    if amount < 1:
        raise ApiError("This value must be greater than or equal to 1.", param=param or name,
                       code="parameter_invalid_integer")  # fmt: skip
    if amount > _MAX:
        raise ApiError("Amount must be no more than 999,999.99", param=param or name, code="amount_too_large")
    return amount


def read_currency(parameters: Json, *, param: str = "currency") -> str:
    """A currency in lower case. Raises ApiError."""
    currency = forms.required(parameters, "currency", param=param).lower()
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise ApiError(f"Invalid currency: {currency}.", param=param)
    return currency


class Intents:
    """What may be done to a PaymentIntent, and what comes of it."""

    def __init__(self, store: Store, publish: Publish) -> None:
        self._store = store
        self._publish = publish

    def create(self, parameters: Json, now: datetime, base: str) -> Json:
        """Make an intent and, when asked to, confirm it at once. Raises ApiError."""
        forms.only(parameters, _CREATE)
        intent = self.new(
            amount=read_amount(parameters),
            currency=read_currency(parameters),
            capture_method=forms.text(parameters, "capture_method") or "automatic",
            description=forms.text(parameters, "description"),
            metadata=forms.metadata(parameters),
            now=now,
        )
        if (method := forms.text(parameters, "payment_method")) is not None:
            card_of(method)
            intent["payment_method"], intent["status"] = method, "requires_confirmation"
            self._store.save(intent)
        if forms.flag(parameters, "confirm"):
            given = ("payment_method", "payment_method_data", "return_url")
            return self.confirm(intent, {k: v for k, v in parameters.items() if k in given}, now, base)
        return intent

    def new(
        self,
        *,
        amount: int,
        currency: str,
        capture_method: str,
        description: str | None,
        metadata: dict[str, str],
        now: datetime,
    ) -> Json:
        """An intent without a card. Raises ApiError."""
        if capture_method not in ("automatic", "automatic_async", "manual"):
            raise ApiError(f"Invalid capture_method: {capture_method}", param="capture_method")
        intent_id = new_object_id("pi")
        intent: Json = {
            "id": intent_id,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "cancellation_reason": None,
            "canceled_at": None,
            "capture_method": capture_method,
            "client_secret": f"{intent_id}_secret_{secrets.token_hex(12)}",
            "confirmation_method": "automatic",
            "created": int(now.timestamp()),
            "currency": currency,
            "customer": None,
            "description": description,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": metadata,
            "next_action": None,
            "payment_method": None,
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
        }
        self._store.save(intent)
        self._publish("payment_intent.created", intent, now)
        return intent

    def confirm(self, intent: Json, parameters: Json, now: datetime, base: str) -> Json:
        """Charge the card given, or the one attached. Raises ApiError, a decline included."""
        forms.only(parameters, _CONFIRM)
        if (data := forms.mapping(parameters, "payment_method_data")) != {}:
            card, method = card_from_data(data), new_object_id("pm")
        else:
            method = forms.text(parameters, "payment_method") or intent["payment_method"]
            if method is None:
                raise ApiError("You cannot confirm this PaymentIntent because it's missing a payment method.",
                               code="payment_intent_unexpected_state", extra={"payment_intent": public(intent)})  # fmt: skip
            card = card_of(method)
        back = forms.text(parameters, "return_url")
        return self.charge(intent, card, method=method, now=now, base=base, return_url=back)

    def charge(
        self, intent: Json, card: Card, *, method: str, now: datetime, base: str, return_url: str | None
    ) -> Json:
        """Charge a card, or lead its holder to the bank's page first. Raises ApiError on a decline."""
        self._expect(intent, "confirm", *_OPEN)
        intent["payment_method"], intent["_card"], intent["_return_url"] = method, card.number, return_url
        if card.authenticate:
            address = f"{base}/3ds/{intent['id']}"
            intent["status"] = "requires_action"
            intent["next_action"] = {
                "type": "redirect_to_url",
                "redirect_to_url": {"url": address, "return_url": return_url},
            }
            self._store.save(intent)
            self._publish("payment_intent.requires_action", intent, now)
            return intent
        return self._settle(intent, card, now)

    def authenticate(self, intent: Json, card: Card, now: datetime, *, passed: bool) -> None:
        """The card's holder came back from the bank's page. Raises ApiError when that was not asked for."""
        self._expect(intent, "authenticate", "requires_action")
        intent["next_action"] = None
        if passed:
            self._settle(intent, card, now)
            return
        problem = ApiError("We are unable to authenticate your payment method.", status=402, kind="card_error",
                           code="payment_intent_authentication_failure")  # fmt: skip
        self._fail(intent, problem, now)

    def capture(self, intent: Json, parameters: Json, now: datetime) -> Json:
        """Take the money that was authorized, or a part of it. Raises ApiError."""
        forms.only(parameters, _CAPTURE)
        self._expect(intent, "capture", "requires_capture")
        amount = forms.integer(parameters, "amount_to_capture")
        amount = intent["amount_capturable"] if amount is None else amount
        if not 0 < amount <= intent["amount_capturable"]:
            raise ApiError("Your requested capture amount is greater than the authorized amount.",
                           code="amount_too_large", param="amount_to_capture")  # fmt: skip
        self._take(intent, self._store.objects[intent["latest_charge"]], amount, now)
        self._publish("charge.captured", self._store.objects[intent["latest_charge"]], now)
        return intent

    def expire_due(self, now: datetime) -> None:
        """Give back what was authorized too long ago."""
        for intent in list(self._store.unsettled.values()):
            expires_at = intent.get("_expires_at")
            if expires_at is not None and expires_at <= now.timestamp():
                self._give_up(intent, "automatic", now)

    def cancel(self, intent: Json, parameters: Json, now: datetime) -> Json:
        """Give an intent up; what was authorized is free again. Raises ApiError."""
        forms.only(parameters, {"cancellation_reason"})
        reason = forms.text(parameters, "cancellation_reason")
        if reason is not None and reason not in _REASONS:
            raise ApiError("Invalid cancellation_reason", param="cancellation_reason")
        self._expect(intent, "cancel", *_OPEN, "requires_action", "requires_capture")
        return self._give_up(intent, reason, now)

    def _give_up(self, intent: Json, reason: str | None, now: datetime) -> Json:
        intent["_expires_at"] = None
        intent |= {"status": "canceled", "canceled_at": int(now.timestamp()), "cancellation_reason": reason}
        intent |= {"amount_capturable": 0, "next_action": None}
        if intent["latest_charge"] is not None:
            charge = self._store.objects[intent["latest_charge"]]
            if charge["status"] == "succeeded":
                charge |= {"refunded": True, "amount_refunded": charge["amount"]}
                self._store.save(charge)
        self._store.save(intent)
        self._publish("payment_intent.canceled", intent, now)
        return intent

    def _settle(self, intent: Json, card: Card, now: datetime) -> Json:
        charge = self._new_charge(intent, card, now)
        if card.decline is not None:
            code, decline_code = card.decline
            problem = card_error(code, decline_code)
            problem.extra |= {"charge": charge["id"]}
            charge |= {"status": "failed", "paid": False, "failure_code": code,
                       "failure_message": problem.message}  # fmt: skip
            self._store.save(charge)
            intent["latest_charge"] = charge["id"]
            self._fail(intent, problem, now)
            raise problem
        intent |= {"latest_charge": charge["id"], "last_payment_error": None}
        if intent["capture_method"] == "manual":
            intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
            intent["_expires_at"] = (now + HELD_FOR).timestamp()
            self._store.save(charge)
            self._store.save(intent)
            self._publish("payment_intent.amount_capturable_updated", intent, now)
        else:
            self._take(intent, charge, intent["amount"], now)
        return intent

    def _fail(self, intent: Json, problem: ApiError, now: datetime) -> None:
        intent |= {"status": "requires_payment_method", "payment_method": None}
        intent["last_payment_error"] = problem.body()["error"]
        self._store.save(intent)
        problem.extra["payment_intent"] = public(intent)
        self._publish("payment_intent.payment_failed", intent, now)

    def _new_charge(self, intent: Json, card: Card, now: datetime) -> Json:
        return {
            "id": new_object_id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "balance_transaction": None,
            "captured": False,
            "created": int(now.timestamp()),
            "currency": intent["currency"],
            "description": intent["description"],
            "disputed": False,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": dict(intent["metadata"]),
            "paid": True,
            "payment_intent": intent["id"],
            "payment_method": intent["payment_method"],
            "payment_method_details": {
                "type": "card",
                "card": {"brand": card.brand, "last4": card.number[-4:], "country": "US"},
            },
            "refunded": False,
            "status": "succeeded",
            "_card": card.number,
        }

    def _take(self, intent: Json, charge: Json, amount: int, now: datetime) -> None:
        charge |= {"captured": True, "amount_captured": amount, "amount_refunded": intent["amount"] - amount}
        fee = min(amount, (amount * 29 + 500) // 1000 + 30)
        entry = balance_entry(
            kind="charge", amount=amount, fee=fee, currency=charge["currency"], source=charge["id"], now=now
        )
        charge["balance_transaction"] = entry["id"]
        intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
        intent["_expires_at"] = None
        for each in (entry, charge, intent):
            self._store.save(each)
        self._publish("charge.succeeded", charge, now)
        self._publish("payment_intent.succeeded", intent, now)

    def _expect(self, intent: Json, action: str, *states: str) -> None:
        if intent["status"] not in states:
            raise ApiError(
                f"This PaymentIntent's status is {intent['status']}; you cannot {action} it.",
                code="payment_intent_unexpected_state",
                extra={"payment_intent": public(intent)},
            )


def balance_entry(*, kind: str, amount: int, fee: int, currency: str, source: str, now: datetime) -> Json:
    """A change of the balance; `amount` is negative for money that leaves."""
    return {
        "id": new_object_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": int(now.timestamp()) + 7 * 86_400,
        "created": int(now.timestamp()),
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [{"amount": fee, "currency": currency, "type": "stripe_fee"}] if fee else [],
        "net": amount - fee,
        "reporting_category": kind,
        "source": source,
        "status": "pending",
        "type": kind,
    }


def public(thing: Json) -> Json:
    """An object as it goes over the wire."""
    return {name: value for name, value in thing.items() if not name.startswith("_")}
