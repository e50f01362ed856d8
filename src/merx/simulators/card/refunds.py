"""Refunds: at once, later, or given back to the merchant when the card's bank will not have them."""

from datetime import datetime

from merx.simulators.card import forms
from merx.simulators.card.cards import card_by_number
from merx.simulators.card.disputes import Disputes
from merx.simulators.card.intents import Publish, balance_entry
from merx.simulators.card.model import REFUND_FAULTS, ApiError, FaultKind, Json, numbers_of
from merx.simulators.card.store import Store, new_object_id

_CREATE = frozenset(
    {"amount", "charge", "currency", "customer", "instructions_email", "metadata", "origin", "payment_intent",
     "reason", "refund_application_fee", "reverse_transfer"}
)  # fmt: skip
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_BANK_SECONDS = 60


class Refunds:
    """Gives charges back."""

    def __init__(self, store: Store, publish: Publish, disputes: Disputes) -> None:
        self._store = store
        self._publish = publish
        self._disputes = disputes

    def create(self, parameters: Json, now: datetime) -> Json:
        """Give back a charge or a part of it. Raises ApiError."""
        forms.only(parameters, _CREATE)
        charge = self._charge(parameters)
        left = charge["amount"] - charge["amount_refunded"]
        given = forms.integer(parameters, "amount")
        amount = left if given is None else given
        reason = forms.text(parameters, "reason")
        if reason is not None and reason not in _REASONS:
            raise ApiError("Invalid reason", param="reason")
        if self._disputes.refuses_refund(charge):
            raise ApiError(
                f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
            )
        if left == 0:
            raise ApiError(
                f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
            )
        if amount < 1:
            raise ApiError("Invalid positive integer", param="amount", code="parameter_invalid_integer")
        if amount > left:
            raise ApiError(
                f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
                param="amount",
            )
        status, due = self._course(charge, parameters, now)
        refund: Json = {
            "id": new_object_id("re"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": int(now.timestamp()),
            "currency": charge["currency"],
            "metadata": forms.metadata(parameters),
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "receipt_number": None,
            "status": status,
            "_due": due,
        }
        self._give_back(charge, refund, now)
        return refund

    def settle_due(self, now: datetime) -> None:
        """Let the refunds whose time has come succeed or fail."""
        for refund in list(self._store.unsettled.values()):
            due = refund.get("_due")
            if due is None or due[1] > now.timestamp():
                continue
            refund["_due"], refund["status"] = None, due[0]
            if due[0] == "failed":
                self._take_again(refund, now)
            self._store.save(refund)
            self._publish("refund.failed" if due[0] == "failed" else "refund.updated", refund, now)

    def _charge(self, parameters: Json) -> Json:
        charge_id, intent_id = forms.text(parameters, "charge"), forms.text(parameters, "payment_intent")
        if charge_id is None and intent_id is None:
            raise ApiError("One of the following params should be provided: payment_intent or charge.",
                           code="parameter_missing", param="payment_intent")  # fmt: skip
        if charge_id is None:
            intent = self._store.find("payment_intent", intent_id or "")
            if intent is None:
                raise ApiError(f"No such payment_intent: '{intent_id}'", status=404, code="resource_missing",
                               param="payment_intent")  # fmt: skip
            charge_id = intent["latest_charge"] or ""
        charge = self._store.find("charge", charge_id)
        if charge is None or not charge["captured"]:
            raise ApiError("This PaymentIntent does not have a successful charge to refund.",
                           code="resource_missing", param="payment_intent")  # fmt: skip
        return charge

    def _course(self, charge: Json, parameters: Json, now: datetime) -> tuple[str, tuple[str, float] | None]:
        """The refund's status now, and what it becomes later and when."""
        fate, seconds = card_by_number(charge["_card"]).refund, _BANK_SECONDS
        for fault in self._store.faults:
            numbers = numbers_of(parameters)
            if fault.kind in REFUND_FAULTS and (fault.number is None or fault.number in numbers):
                fate = "pending" if fault.kind is FaultKind.SLOW_REFUND else "failed"
                seconds = fault.seconds
                self._store.use(fault)
                break
        if fate == "succeeded":
            return "succeeded", None
        later = "succeeded" if fate == "pending" else "failed"
        # A refund that will fail looks done until the card's bank sends the money back.
        return "pending" if fate == "pending" else "succeeded", (later, now.timestamp() + seconds)

    def _give_back(self, charge: Json, refund: Json, now: datetime) -> None:
        entry = balance_entry(
            kind="refund", amount=-refund["amount"], fee=0, currency=refund["currency"], source=refund["id"], now=now
        )  # fmt: skip
        refund["balance_transaction"] = entry["id"]
        charge["amount_refunded"] += refund["amount"]
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        for each in (refund, entry, charge):
            self._store.save(each)
        self._publish("refund.created", refund, now)
        self._publish("charge.refunded", charge, now)

    def _take_again(self, refund: Json, now: datetime) -> None:
        charge = self._store.objects[refund["charge"]]
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        refund["failure_reason"] = "expired_or_canceled_card"
        entry = balance_entry(
            kind="refund_failure", amount=refund["amount"], fee=0, currency=refund["currency"],
            source=refund["id"], now=now,
        )  # fmt: skip
        refund["failure_balance_transaction"] = entry["id"]
        self._store.save(entry)
        self._store.save(charge)
