"""Hosted checkout: products, sessions, and what a payer does on the page."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from merx.simulators.card import forms
from merx.simulators.card.cards import Card, card_by_number
from merx.simulators.card.intents import Intents, Publish, read_amount, read_currency
from merx.simulators.card.model import ApiError, Json
from merx.simulators.card.store import Store, new_object_id

_PRODUCT = frozenset(
    {"active", "description", "id", "images", "metadata", "name", "shippable", "statement_descriptor",
     "tax_code", "unit_label", "url"}
)  # fmt: skip
_SESSION = frozenset(
    {"after_expiration", "allow_promotion_codes", "automatic_tax", "billing_address_collection", "cancel_url",
     "client_reference_id", "currency", "customer", "customer_creation", "customer_email", "expires_at",
     "line_items", "locale", "metadata", "mode", "payment_intent_data", "payment_method_options",
     "payment_method_types", "phone_number_collection", "shipping_address_collection", "submit_type",
     "success_url", "ui_mode"}
)  # fmt: skip
_INTENT_DATA = frozenset(
    {"capture_method", "description", "metadata", "receipt_email", "setup_future_usage", "shipping",
     "statement_descriptor", "statement_descriptor_suffix"}
)  # fmt: skip
_SHORTEST, _LONGEST = timedelta(minutes=30), timedelta(hours=24)


class Sessions:
    """Products and checkout sessions."""

    def __init__(self, store: Store, intents: Intents, publish: Publish) -> None:
        self._store = store
        self._intents = intents
        self._publish = publish

    def create_product(self, parameters: Json, now: datetime) -> Json:
        """Make a product, under the caller's id when it gives one. Raises ApiError."""
        forms.only(parameters, _PRODUCT)
        product_id = forms.text(parameters, "id") or new_object_id("prod")
        if product_id in self._store.objects:
            raise ApiError("Product already exists.", code="resource_already_exists", param="id")
        name = forms.required(parameters, "name")
        product: Json = {
            "id": product_id,
            "object": "product",
            "active": True,
            "created": int(now.timestamp()),
            "livemode": False,
            "metadata": forms.metadata(parameters),
            "name": name,
            "updated": int(now.timestamp()),
        }
        return self._store.save(product)

    def update_product(self, product: Json, parameters: Json, now: datetime) -> Json:
        """Change a product's name, activity or metadata. Raises ApiError."""
        forms.only(parameters, _PRODUCT - {"id"})
        product["metadata"] = forms.metadata(parameters, product["metadata"])
        product["name"] = forms.text(parameters, "name") or product["name"]
        if "active" in parameters:
            product["active"] = forms.flag(parameters, "active")
        product["updated"] = int(now.timestamp())
        return self._store.save(product)

    def create(self, parameters: Json, now: datetime, base: str) -> Json:
        """Open a session. Raises ApiError."""
        forms.only(parameters, _SESSION)
        if forms.required(parameters, "mode") != "payment":
            raise ApiError("This simulator takes mode=payment only.", param="mode")
        intent_data = forms.mapping(parameters, "payment_intent_data")
        forms.only(intent_data, _INTENT_DATA)
        items, currency = self._items(parameters, now)
        types = forms.sequence(parameters, "payment_method_types") or ["card"]
        if types != ["card"]:
            raise ApiError("This simulator takes cards only.", param="payment_method_types")
        for name in ("success_url", "cancel_url"):
            address = forms.text(parameters, name)
            if (address is None and name == "success_url") or (address and not _is_address(address)):
                raise ApiError("Not a valid URL", code="url_invalid", param=name)
        session_id = f"cs_test_{new_object_id('a')}"
        total = sum(item["amount_total"] for item in items)
        session: Json = {
            "id": session_id,
            "object": "checkout.session",
            "amount_subtotal": total,
            "amount_total": total,
            "cancel_url": forms.text(parameters, "cancel_url"),
            "client_reference_id": forms.text(parameters, "client_reference_id"),
            "created": int(now.timestamp()),
            "currency": currency,
            "customer": None,
            "customer_email": forms.text(parameters, "customer_email"),
            "expires_at": _expiry(parameters, now),
            "livemode": False,
            "locale": forms.text(parameters, "locale"),
            "metadata": forms.metadata(parameters),
            "mode": "payment",
            "payment_intent": None,
            "payment_method_types": types,
            "payment_status": "unpaid",
            "status": "open",
            "success_url": forms.text(parameters, "success_url"),
            "url": f"{base}/c/pay/{session_id}",
            "_items": items,
            "_intent": intent_data,
        }
        return self._store.save(session)

    def expire(self, session: Json, now: datetime) -> Json:
        """End a session that is open. Raises ApiError."""
        if session["status"] != "open":
            raise ApiError(
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session '
                f"has a status of {session['status']}."
            )  # fmt: skip
        session |= {"status": "expired", "url": None}
        if session["payment_intent"] is not None:
            intent = self._store.objects[session["payment_intent"]]
            if intent["status"] not in ("succeeded", "canceled", "requires_capture"):
                self._intents.cancel(intent, {}, now)
        self._store.save(session)
        self._publish("checkout.session.expired", session, now)
        return session

    def expire_due(self, now: datetime) -> None:
        """End every open session whose time is over."""
        for session in list(self._store.unsettled.values()):
            if session["object"] == "checkout.session" and session["expires_at"] <= now.timestamp():
                self.expire(session, now)

    def pay(self, session: Json, card: Card, now: datetime, base: str) -> str | None:
        """The payer confirms with a card: the bank's page to go to, or None when it is done. Raises ApiError."""
        if session["status"] != "open":
            raise ApiError("This Checkout Session is not open.")
        intent = self._intent_of(session, now)
        if intent["status"] == "requires_action":
            # The payer came back from the bank's page by the browser's button and tries another card.
            intent |= {"status": "requires_payment_method", "next_action": None}
        back = f"{base}/c/pay/{session['id']}"
        method = new_object_id("pm")
        self._intents.charge(intent, card, method=method, now=now, base=base, return_url=back)
        if intent["status"] == "requires_action":
            return str(intent["next_action"]["redirect_to_url"]["url"])
        self.complete(session, intent, now)
        return None

    def authenticated(self, intent: Json, now: datetime, *, passed: bool) -> None:
        """The payer came back from the bank's page. Raises ApiError when it was not asked for."""
        self._intents.authenticate(intent, card_by_number(intent["_card"]), now, passed=passed)
        session = self.of_intent(intent)
        if passed and session is not None and session["status"] == "open":
            self.complete(session, intent, now)

    def complete(self, session: Json, intent: Json, now: datetime) -> None:
        """The intent has its money, or holds it: the session is done."""
        paid = intent["status"] == "succeeded"
        session |= {"status": "complete", "url": None, "payment_status": "paid" if paid else "unpaid"}
        self._store.save(session)
        self._publish("checkout.session.completed", session, now)

    def of_intent(self, intent: Json) -> Json | None:
        """The session an intent belongs to, if it belongs to one."""
        sessions = self._store.all("checkout.session")
        return next((each for each in sessions if each["payment_intent"] == intent["id"]), None)

    def _intent_of(self, session: Json, now: datetime) -> Json:
        """The session's intent, made when the payer first confirms."""
        if session["payment_intent"] is None:
            data = session["_intent"]
            intent = self._intents.new(
                amount=session["amount_total"],
                currency=session["currency"],
                capture_method=data.get("capture_method", "automatic"),
                description=data.get("description"),
                metadata=forms.metadata(data),
                now=now,
            )
            session["payment_intent"] = intent["id"]
            self._store.save(session)
        return self._store.objects[session["payment_intent"]]

    def _items(self, parameters: Json, now: datetime) -> tuple[list[Json], str]:
        items: list[Json] = []
        currencies: set[str] = set()
        for position, line in enumerate(forms.sequence(parameters, "line_items")):
            where = f"line_items[{position}]"
            if not isinstance(line, dict) or not isinstance(line.get("price_data"), dict):
                raise ApiError("This simulator takes price_data only.", param=f"{where}[price_data]")
            price = line["price_data"]
            forms.only(price, {"currency", "product", "product_data", "tax_behavior", "unit_amount"})
            quantity = forms.integer(line, "quantity", param=f"{where}[quantity]") or 0
            if quantity < 1:
                raise ApiError("Invalid quantity", param=f"{where}[quantity]")
            unit = read_amount(price, name="unit_amount", param=f"{where}[price_data][unit_amount]")
            currencies.add(read_currency(price, param=f"{where}[price_data][currency]"))
            name = self._product(price, where, now)["name"]
            items.append({"name": name, "quantity": quantity, "amount_total": unit * quantity})
        if not items:
            raise ApiError(
                "Missing required param: line_items.", code="parameter_missing", param="line_items"
            )
        if len(currencies) != 1:
            raise ApiError("All prices on a Checkout Session must use the same currency.", param="line_items")
        return items, currencies.pop()

    def _product(self, price: Json, where: str, now: datetime) -> Json:
        given = forms.text(price, "product")
        data: Any = price.get("product_data")
        if (given is None) == (data is None):
            raise ApiError("Exactly one of product and product_data is needed.", param=f"{where}[price_data]")
        if given is None:
            return self.create_product(forms.mapping(price, "product_data"), now)
        product = self._store.find("product", given)
        if product is None:
            raise ApiError(f"No such product: '{given}'", code="resource_missing",
                           param=f"{where}[price_data][product]")  # fmt: skip
        return product


def _expiry(parameters: Json, now: datetime) -> int:
    at = forms.integer(parameters, "expires_at")
    if at is None:
        return int((now + _LONGEST).timestamp())
    if not (now + _SHORTEST).timestamp() - 1 <= at <= (now + _LONGEST).timestamp():
        raise ApiError(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return at


def _is_address(url: str) -> bool:
    parts = urlsplit(url.replace("{CHECKOUT_SESSION_ID}", "x"))
    return parts.scheme in ("http", "https") and bool(parts.hostname)
