"""Disputes: a card's holder objects to a charge, the money is taken back, and the bank decides in the end."""

from datetime import datetime, timedelta

from merx.simulators.card import forms
from merx.simulators.card.intents import Publish, balance_entry
from merx.simulators.card.model import ApiError, Json
from merx.simulators.card.store import Store, new_object_id

FEE = 1_500
_ANSWER_WITHIN = timedelta(days=7)
REASONS = (
    "credit_not_processed", "duplicate", "fraudulent", "general", "noncompliant", "product_not_received",
    "product_unacceptable", "subscription_canceled", "unrecognized",
)  # fmt: skip
_UNANSWERED = ("needs_response", "warning_needs_response")
_OPEN = (*_UNANSWERED, "under_review", "warning_under_review")


class Disputes:
    """Opens and decides disputes."""

    def __init__(self, store: Store, publish: Publish) -> None:
        self._store = store
        self._publish = publish

    def open(
        self, charge: Json, *, now: datetime, amount: int | None = None, reason: str = "fraudulent", inquiry: bool = False
    ) -> Json:  # fmt: skip
        """The holder objects: the money is withdrawn at once, unless the bank only inquires. Raises ApiError."""
        units = charge["amount_captured"] if amount is None else amount
        if not charge["captured"] or not 0 < units <= charge["amount_captured"]:
            raise ApiError("There is no such amount to dispute.", param="amount")
        if reason not in REASONS:
            raise ApiError("Invalid reason", param="reason")
        if any(each["charge"] == charge["id"] and each["status"] in _OPEN for each in self.all()):
            raise ApiError("The charge is disputed already.", code="charge_disputed")
        due = int((now + _ANSWER_WITHIN).timestamp())
        dispute: Json = {
            "id": new_object_id("dp"),
            "object": "dispute",
            "amount": units,
            "balance_transactions": [],
            "charge": charge["id"],
            "created": int(now.timestamp()),
            "currency": charge["currency"],
            "evidence": {},
            "evidence_details": {
                "due_by": due,
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": inquiry,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
            "_answer_by": due,
        }
        charge["disputed"] = True
        self._store.save(charge)
        if not inquiry:
            self._move(dispute, -units, fee=FEE, now=now)
        self._store.save(dispute)
        self._publish("charge.dispute.created", dispute, now)
        if not inquiry:
            self._publish("charge.dispute.funds_withdrawn", dispute, now)
        return dispute

    def update(self, dispute: Json, parameters: Json, now: datetime) -> Json:
        """Keep evidence and, with `submit`, hand it in. Raises ApiError."""
        forms.only(parameters, {"evidence", "metadata", "submit"})
        self._expect(dispute, *_UNANSWERED)
        dispute["evidence"] |= forms.mapping(parameters, "evidence")
        dispute["metadata"] = forms.metadata(parameters, dispute["metadata"])
        details = dispute["evidence_details"]
        details["has_evidence"] = bool(dispute["evidence"])
        if "submit" not in parameters or forms.flag(parameters, "submit"):
            details["submission_count"] += 1
            dispute["_answer_by"] = None
            warning = dispute["status"].startswith("warning_")
            dispute["status"] = "warning_under_review" if warning else "under_review"
        self._store.save(dispute)
        self._publish("charge.dispute.updated", dispute, now)
        return dispute

    def close(self, dispute: Json, now: datetime) -> Json:
        """Give the dispute up: it is lost. Raises ApiError."""
        self._expect(dispute, *_UNANSWERED)
        return self.decide(dispute, now, won=False)

    def decide(self, dispute: Json, now: datetime, *, won: bool) -> Json:
        """The bank has decided; a won dispute brings the money back, its fee does not return. Raises ApiError."""
        self._expect(dispute, *_OPEN)
        warning = dispute["status"].startswith("warning_")
        dispute["_answer_by"] = None
        dispute["status"] = "warning_closed" if warning else "won" if won else "lost"
        if won and not warning:
            self._move(dispute, dispute["amount"], fee=0, now=now)
            self._publish("charge.dispute.funds_reinstated", dispute, now)
        self._store.save(dispute)
        self._publish("charge.dispute.closed", dispute, now)
        return dispute

    def settle_due(self, now: datetime) -> None:
        """Whoever does not answer in time has lost."""
        for dispute in list(self._store.unsettled.values()):
            due = dispute.get("_answer_by")
            if due is not None and due <= now.timestamp():
                dispute["evidence_details"]["past_due"] = True
                self.decide(dispute, now, won=False)

    def all(self) -> list[Json]:
        """Every dispute, oldest first."""
        return self._store.all("dispute")

    def refuses_refund(self, charge: Json) -> bool:
        """Whether a charge's money is in dispute or lost to one."""
        taken = ("needs_response", "under_review", "lost")
        return any(each["charge"] == charge["id"] and each["status"] in taken for each in self.all())

    def _move(self, dispute: Json, amount: int, *, fee: int, now: datetime) -> None:
        entry = balance_entry(
            kind="adjustment", amount=amount, fee=fee, currency=dispute["currency"], source=dispute["id"], now=now
        )  # fmt: skip
        entry["reporting_category"] = "dispute" if amount < 0 else "dispute_reversal"
        self._store.save(entry)
        dispute["balance_transactions"].append(entry)

    def _expect(self, dispute: Json, *states: str) -> None:
        if dispute["status"] not in states:
            raise ApiError(
                f"This dispute is {dispute['status']}: it cannot be changed any more.",
                code="dispute_already_closed",
            )
