"""Bank cards as a payment provider: hosted checkout, query, close, refund, bill, webhooks.

The card API makes up its own numbers. What ties them to ours is an object there that may carry an id of our choosing,
the product: it is made under our number before the checkout session, and told the session's id before any payer sees
the session's address. So whatever a payer can have paid is found by our number, at once and for ever.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx

from merx.kit.clock import Clock, system_clock
from merx.kit.money import Money
from merx.payments.providers.card.bill import bill_row
from merx.payments.providers.card.client import CardClient
from merx.payments.providers.card.disputes import dispute_pages
from merx.payments.providers.card.fields import (
    BalanceTransaction,
    Charge,
    FormValue,
    Intent,
    Product,
    RefundObject,
    Session,
    from_units,
    instant,
    is_number,
    to_units,
)
from merx.payments.providers.card.notice import Signatures, read_notice
from merx.payments.providers.card.refund_states import refund_state_of
from merx.payments.providers.errors import (
    BillNotReady,
    PaymentNotPossible,
    ProviderRefused,
    ProviderUnavailable,
)
from merx.payments.providers.model import (
    BillRow,
    NoticeAnswer,
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    ProviderStatus,
    RefundState,
)

API_VERSION: Final = "2026-10-28.endive"
_SESSIONS: Final = "/v1/checkout/sessions"
_PRODUCTS: Final = "/v1/products"
_REFUNDS: Final = "/v1/refunds"
_INTENTS: Final = "/v1/payment_intents"
_BALANCE: Final = "/v1/balance_transactions"
_MOVED: Final = "payment_intent_unexpected_state"
_NOT_FOUND: Final = 404
_FAULT: Final = 500
_SUBJECT_LENGTH: Final = 250
_LANGUAGES: Final = {"zh-CN": "zh", "en": "en"}
# A session lives 30 minutes at the least, our deadline may be nearer: it is our closing that ends a payment in time.
_SESSION_GRACE: Final = timedelta(minutes=35)
_LONGEST_SESSION: Final = timedelta(hours=24)
_BILL_AFTER: Final = timedelta(minutes=10)
"""How long after a day's end its last entries are written."""


class CardProvider:
    """Bank cards through one account at the card API. One instance serves a whole process."""

    code: Final = "card"
    label: Final[Mapping[str, str]] = MappingProxyType({"zh-CN": "银行卡", "en": "Bank card"})
    bill_code: Final = "card"
    bill_zone: Final[tzinfo] = UTC
    acknowledgement: Final = NoticeAnswer(status=200, media_type="text/plain", body=b"")
    refusal: Final = NoticeAnswer(status=400, media_type="text/plain", body=b"")

    def __init__(
        self,
        *,
        base_url: str,
        secret_key: str,
        webhook_secrets: Sequence[str],
        http: httpx.AsyncClient,
        api_version: str = API_VERSION,
        currencies: frozenset[str] = frozenset({"CNY", "USD"}),
        clock: Clock = system_clock,
        deadline_seconds: float = 10,
        capture: Literal["automatic", "manual"] = "automatic",
    ) -> None:
        """`http` is closed by `aclose`. All `webhook_secrets` are valid: during a rotation, the old and the new one.

        With `capture` manual a card is only authorized when its holder pays, and charged by `capture`.
        """
        self.currencies = currencies
        self._capture: Final = capture
        self._http = http
        self._clock = clock
        self._return_key = hashlib.sha256(b"merx card return\0" + secret_key.encode()).digest()
        live = "_live_" in secret_key
        pages = dispute_pages(hosted=is_hosted(base_url), live=live, base_url=base_url)
        self._signatures = Signatures(tuple(webhook_secrets), live=live, dispute_pages=pages)
        self._client = CardClient(
            base_url=base_url,
            secret_key=secret_key,
            api_version=api_version,
            http=http,
            deadline_seconds=deadline_seconds,
        )

    async def start(self, request: PaymentRequest) -> ProviderAction:
        """The address of a hosted checkout page for this payment; asked again, the same page.

        Raises PaymentNotPossible when currency, amount, number or addresses cannot be taken or the page is closed,
        ProviderUnavailable, ProviderRefused.
        """
        units = self._check(request)
        async with self._client.deadline():
            session = await self._session_of(request.number, create=request)
            if session is None:
                session = await self._new_session(request, units)
                await self._remember(request.number, session)
        if (session.amount_total, session.currency) != (units, request.amount.currency.lower()):
            raise ProviderUnavailable(provider=self.code, reason="the session is for another amount")
        if session.status == "complete":
            return ProviderAction(kind="redirect", url=self._return_address(request))
        if session.status != "open" or session.url is None:
            raise PaymentNotPossible(provider=self.code, reason="this payment is closed")
        return ProviderAction(kind="redirect", url=session.url)

    async def query(self, number: str) -> ProviderState:
        """The payment as the provider has it; UNKNOWN while no checkout page was made for it.

        Raises ProviderUnavailable: then nothing is known, above all not that the payment failed.
        """
        async with self._client.deadline():
            session = await self._session_of(number)
        return _absent(number) if session is None else _state(session, number)

    async def close(self, number: str) -> ProviderState:
        """Expire the checkout page, give back what is only authorized, and report where the payment stands.

        CLOSED, or CAPTURED when the payer was first; UNKNOWN means there was nothing to close yet. Raises
        ProviderUnavailable.
        """
        async with self._client.deadline():
            session = await self._session_of(number)
            if session is None:
                return _absent(number)
            if session.status == "open":
                await self._client.post(f"{_SESSIONS}/{quote(session.id)}/expire", {})
                # Refused when the payer was first: what the session says now is the truth either way.
                session = await self._session(session.id)
            intent = session.payment_intent
            if isinstance(intent, Intent) and intent.status == "requires_capture":
                values: dict[str, FormValue] = {"cancellation_reason": "abandoned"}
                await self._client.post(f"{_INTENTS}/{quote(intent.id)}/cancel", values)
                session = await self._session(session.id)
        return _state(session, number)

    async def capture(self, *, number: str, amount: Money) -> ProviderState:
        """Take authorized money and report where the payment stands; what was taken before is not taken again.

        Raises ProviderUnavailable, ProviderRefused when nothing is authorized or less than the amount.
        """
        units = _exact_units(number, amount)
        async with self._client.deadline():
            session = await self._session_of(number)
            intent = None if session is None else session.payment_intent
            if session is None or not isinstance(intent, Intent):
                raise ProviderRefused(provider=self.code, reason="nothing was authorized under this number")
            if intent.status == "requires_capture":
                path = f"{_INTENTS}/{quote(intent.id)}/capture"
                wanted: dict[str, FormValue] = {"amount_to_capture": units}
                reply = await self._client.post(path, wanted, key=f"merx-capture-{number}")
                if reply.status >= _FAULT and reply.replayed:
                    # The fault of an earlier try is repeated for a day, yet the money is still only authorized.
                    reply = await self._client.post(path, wanted, key=f"merx-capture-{number}-again")
                if reply.error_code != _MOVED:  # else somebody else was quicker: see below what came of it
                    reply.read(Intent)
                session = await self._session(session.id)
        state = _state(session, number)
        if state.status is ProviderStatus.WAITING:
            raise ProviderRefused(provider=self.code, reason="nothing was authorized under this number")
        return state

    async def refund(self, *, number: str, refund_number: str, amount: Money, reason: str = "") -> bool:
        """Refund a part or the whole of a captured payment.

        True when the money went back, now or under an earlier call with this number; False when the provider has
        accepted the refund and is not done. A refund that failed is made once more. Raises ProviderUnavailable when the outcome is unknown, ProviderRefused
        when no repeat can succeed.
        """
        units = _exact_units(number, amount, refund_number)
        async with self._client.deadline():
            intent = await self._intent_of(number)
            if intent is None:
                raise ProviderRefused(provider=self.code, reason="nothing was paid under this number")
            # Idempotency keys are forgotten after a day or so, refunds are not: look before paying.
            tries = await self._tries(intent.id, refund_number)
            refund = _standing(tries)
            if refund is None:
                values: dict[str, FormValue] = {
                    "payment_intent": intent.id,
                    "amount": units,
                    "reason": "requested_by_customer",
                    "metadata": {
                        "number": number,
                        "refund_number": refund_number,
                        "payment_amount": intent.amount_received,
                        "reason": reason.strip()[:200] or "-",
                    },
                }
                again = f"-{len(tries)}" if tries else ""
                reply = await self._client.post(_REFUNDS, values, key=f"merx-refund-{refund_number}{again}")
                refund = reply.read(RefundObject)
        state = _same_refund(refund, amount)
        if state is RefundState.FAILED:
            raise ProviderRefused(provider=self.code, reason=f"the refund failed: {refund.failure_reason}")
        return state is RefundState.SUCCEEDED

    async def refund_state(self, *, number: str, refund_number: str, amount: Money) -> RefundState:
        """What became of a refund. Raises ProviderUnavailable."""
        async with self._client.deadline():
            intent = await self._intent_of(number)
            tries = [] if intent is None else await self._tries(intent.id, refund_number)
        refund = _standing(tries) or next(iter(tries), None)
        return RefundState.UNKNOWN if refund is None else _same_refund(refund, amount)

    async def bill(self, day: date) -> list[BillRow]:
        """The payments and refunds of one day in UTC, oldest first. Raises BillNotReady, ProviderUnavailable."""
        begin = datetime.combine(day, time(), UTC)
        end = begin + timedelta(days=1)
        if self._clock() < end + _BILL_AFTER:
            raise BillNotReady(provider=self.code, day=day.isoformat())
        parameters: dict[str, FormValue] = {
            "created": {"gte": int(begin.timestamp()), "lt": int(end.timestamp())},
            "expand": ["data.source"],
        }
        entries = await self._client.pages(_BALANCE, parameters, BalanceTransaction)
        rows = [row for entry in reversed(entries) if (row := bill_row(entry)) is not None]
        return sorted(rows, key=lambda row: row.at)

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> ProviderNotice:
        """Verify and read a webhook. Raises NoticeRejected."""
        return read_notice(headers, body, signatures=self._signatures, now=self._clock(), provider=self.code)

    def parse_return(self, query_string: str) -> str | None:
        """Our number from a browser returning by the address we made for it, else None. Never proof of payment."""
        try:
            parameters = parse_qs(query_string, max_num_fields=20)
        except ValueError:
            return None
        number, proof = parameters.get("number", [""]), parameters.get("proof", [""])
        if len(number) != 1 or len(proof) != 1 or not is_number(number[0]):
            return None
        genuine = hmac.compare_digest(self._proof(number[0]).encode(), proof[0].encode())
        return number[0] if genuine else None

    async def aclose(self) -> None:
        """Close the HTTP client."""
        await self._http.aclose()

    # --- our number and the provider's objects -----------------------------------------------------------------------

    async def _session_of(self, number: str, *, create: PaymentRequest | None = None) -> Session | None:
        """The session made for our number; None when no payer was ever led to one."""
        if not is_number(number):
            return None
        path = f"{_PRODUCTS}/{_product_id(number)}"
        reply = await self._client.get(path)
        if reply.status == _NOT_FOUND:
            if create is not None:
                await self._make_product(create)
            return None
        session_id = reply.read(Product).metadata.get("session")
        return None if not session_id else await self._session(session_id)

    async def _make_product(self, request: PaymentRequest) -> None:
        values: dict[str, FormValue] = {
            "id": _product_id(request.number),
            "name": _subject(request),
            "metadata": {"number": request.number},
        }
        reply = await self._client.post(_PRODUCTS, values)
        if reply.error_code != "resource_already_exists":  # else another request of the same payer was first
            reply.read(Product)

    async def _new_session(self, request: PaymentRequest, units: int) -> Session:
        intent: dict[str, FormValue] = {
            "description": _subject(request),
            "metadata": {"number": request.number},
        }
        if self._capture == "manual":
            intent["capture_method"] = "manual"
        values: dict[str, FormValue] = {
            "mode": "payment",
            "payment_method_types": ["card"],
            "client_reference_id": request.number,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": request.amount.currency.lower(),
                        "unit_amount": units,
                        "product": _product_id(request.number),
                    },
                }
            ],
            "payment_intent_data": intent,
            "metadata": {"number": request.number},
            "locale": _LANGUAGES.get(request.locale, "auto"),
            "success_url": self._return_address(request),
            "cancel_url": request.return_url,
        }
        # A repeat has the same deadline, so that it is the same request. Without one a session lives for a day.
        ends_at = request.expires_at + _SESSION_GRACE
        if ends_at < self._clock() + _LONGEST_SESSION:
            values["expires_at"] = int(ends_at.timestamp())
        key = f"merx-session-{request.number}"
        reply = await self._client.post(_SESSIONS, values, key=key)
        if reply.status >= _FAULT and reply.replayed:
            # The fault of an earlier try is repeated for a day. No payer saw what that try may have made.
            reply = await self._client.post(_SESSIONS, values, key=f"{key}-again")
        return reply.read(Session)

    async def _remember(self, number: str, session: Session) -> None:
        values: dict[str, FormValue] = {"metadata": {"session": session.id}}
        reply = await self._client.post(f"{_PRODUCTS}/{_product_id(number)}", values)
        if reply.read(Product).metadata.get("session") != session.id:
            raise ProviderUnavailable(provider=self.code, reason="the session was not kept")

    async def _session(self, session_id: str) -> Session:
        reply = await self._client.get(
            f"{_SESSIONS}/{quote(session_id, safe='')}", expand=["payment_intent.latest_charge"]
        )
        return reply.read(Session)

    async def _intent_of(self, number: str) -> Intent | None:
        """The PaymentIntent that captured this payment, or None."""
        session = await self._session_of(number)
        intent = None if session is None else session.payment_intent
        return intent if isinstance(intent, Intent) and intent.amount_received > 0 else None

    async def _tries(self, intent_id: str, refund_number: str) -> list[RefundObject]:
        """The refunds made under our number, newest first: more than one when earlier ones failed."""
        refunds = await self._client.pages(_REFUNDS, {"payment_intent": intent_id}, RefundObject)
        return [each for each in refunds if each.metadata.get("refund_number") == refund_number]

    def _check(self, request: PaymentRequest) -> int:
        reason = None
        if request.amount.currency not in self.currencies:
            reason = "it does not take this currency"
        elif not is_number(request.number):
            reason = "the payment number has the wrong form"
        elif not _is_bare_address(request.return_url):
            reason = "an address is not absolute or has a query string"
        else:
            try:
                return to_units(request.amount)
            except ValueError as problem:
                reason = str(problem)
        raise PaymentNotPossible(provider=self.code, reason=reason)

    def _return_address(self, request: PaymentRequest) -> str:
        return f"{request.return_url}?{urlencode({'number': request.number, 'proof': self._proof(request.number)})}"

    def _proof(self, number: str) -> str:
        return hmac.new(self._return_key, number.encode(), hashlib.sha256).hexdigest()[:32]


def _state(session: Session, number: str) -> ProviderState:
    # An answer about another payment must not be taken for this one's.
    if session.client_reference_id != number:
        raise ProviderUnavailable(provider=CardProvider.code, reason="the answer is about another payment")
    intent = session.payment_intent
    if isinstance(intent, Intent) and intent.status == "succeeded":
        return _paid(intent, number)
    if isinstance(intent, Intent) and intent.status == "requires_capture":
        return _authorized(intent, number)
    if session.status not in ("open", "complete", "expired"):
        raise ProviderUnavailable(provider=CardProvider.code, reason="not a session status")
    over = session.status == "expired" or (isinstance(intent, Intent) and intent.status == "canceled")
    status = ProviderStatus.CLOSED if over else ProviderStatus.WAITING
    reference = intent.id if isinstance(intent, Intent) else session.id
    return ProviderState(
        status=status,
        number=number,
        provider_reference=reference,
        amount=None,
        paid_at=None,
        raw_status=session.status,
    )


def _paid(intent: Intent, number: str) -> ProviderState:
    charge = intent.latest_charge if isinstance(intent.latest_charge, Charge) else None
    refunded = charge is not None and charge.refunded
    try:
        return ProviderState(
            status=ProviderStatus.CLOSED if refunded else ProviderStatus.CAPTURED,
            number=number,
            provider_reference=intent.id,
            amount=from_units(intent.amount_received, intent.currency),
            paid_at=None if charge is None else instant(charge.created),
            raw_status="refunded" if refunded else intent.status,
        )
    except ValueError as problem:
        raise ProviderUnavailable(provider=CardProvider.code, reason=str(problem)) from problem


def _authorized(intent: Intent, number: str) -> ProviderState:
    charge = intent.latest_charge if isinstance(intent.latest_charge, Charge) else None
    try:
        return ProviderState(
            status=ProviderStatus.AUTHORIZED,
            number=number,
            provider_reference=intent.id,
            amount=from_units(intent.amount_capturable, intent.currency),
            paid_at=None if charge is None else instant(charge.created),
            raw_status=intent.status,
        )
    except ValueError as problem:
        raise ProviderUnavailable(provider=CardProvider.code, reason=str(problem)) from problem


def _absent(number: str) -> ProviderState:
    return ProviderState(
        status=ProviderStatus.UNKNOWN,
        number=number,
        provider_reference=None,
        amount=None,
        paid_at=None,
        raw_status="resource_missing",
    )


def _exact_units(number: str, amount: Money, *more: str) -> int:
    if not all(map(is_number, (number, *more))):
        raise ProviderRefused(provider=CardProvider.code, reason="a number has the wrong form")
    try:
        return to_units(amount)
    except ValueError as problem:
        raise ProviderRefused(provider=CardProvider.code, reason=str(problem)) from problem


def _same_refund(refund: RefundObject, amount: Money) -> RefundState:
    try:
        state, found = refund_state_of(refund), from_units(refund.amount, refund.currency)
    except ValueError as problem:
        raise ProviderUnavailable(provider=CardProvider.code, reason=str(problem)) from problem
    if found != amount:
        raise ProviderUnavailable(provider=CardProvider.code, reason="the answer is about another refund")
    return state


def _standing(tries: Sequence[RefundObject]) -> RefundObject | None:
    """The try that did not fail, if there is one."""
    return next((each for each in tries if each.status not in ("failed", "canceled")), None)


def _product_id(number: str) -> str:
    return f"merx_{number}"


def _subject(request: PaymentRequest) -> str:
    text = "".join(letter for letter in request.subject if letter.isprintable()).strip()
    return text[:_SUBJECT_LENGTH] or request.number


def _is_bare_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)


def card_checkout_address(base_url: str) -> str:
    """Where the hosted checkout pages are when the API is at `base_url`: beside it, but for the provider's own."""
    return "https://checkout.stripe.com" if is_hosted(base_url) else base_url


def is_hosted(base_url: str) -> bool:
    """Whether an address is the provider's own API."""
    return urlsplit(base_url).hostname == "api.stripe.com"
