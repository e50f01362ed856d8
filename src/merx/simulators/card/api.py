"""The API under `/v1`: who calls, under which idempotency key, what is asked, and the answer or the fault made of it."""

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from merx.simulators.card import forms, lists
from merx.simulators.card.disputes import Disputes
from merx.simulators.card.intents import Intents, public
from merx.simulators.card.model import (
    CALL_FAULTS,
    Account,
    ApiError,
    Fault,
    FaultKind,
    Json,
    KeptAnswer,
    numbers_of,
)
from merx.simulators.card.refunds import Refunds
from merx.simulators.card.sessions import Sessions
from merx.simulators.card.store import Store

_KEPT_FOR = timedelta(hours=24)
#: A refusal of the parameters is no result: the same key may try again with better ones.
_KEPT_STATUSES = (200, 402, 500)
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[a-z]{1,20})?", re.ASCII)
_KINDS = {
    "products": "product",
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "refunds": "refund",
    "charges": "charge",
    "balance_transactions": "balance_transaction",
    "disputes": "dispute",
    "events": "event",
}
_PATH = re.compile(rf"/v1/({'|'.join(_KINDS)})(?:/([A-Za-z0-9_]{{1,255}}))?(?:/([a-z]+))?", re.ASCII)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it came; names in `headers` are in lower case."""

    method: str
    path: str
    query: str
    body: str
    headers: Mapping[str, str]
    base: str


class Answer(msgspec.Struct, kw_only=True):
    """What goes back; `silent` when nothing does."""

    status: int = 200
    body: Json = {}
    headers: dict[str, str] = {}
    silent: bool = False


class Api:
    """Answers calls from the store."""

    def __init__(
        self, *, store: Store, account: Account, intents: Intents, refunds: Refunds, sessions: Sessions, disputes: Disputes
    ) -> None:  # fmt: skip
        self._store = store
        self._account = account
        self._intents = intents
        self._refunds = refunds
        self._sessions = sessions
        self._disputes = disputes

    def answer(self, request: Request, now: datetime) -> Answer:
        """Answer one call as of an instant."""
        try:
            self._authenticate(request.headers)
            parameters = forms.parse_form(request.query if request.method == "GET" else request.body)
            answer = self._idempotent(request, parameters, now)
        except ApiError as problem:
            answer = Answer(status=problem.status, body=problem.body())
        answer.headers = {
            "request-id": f"req_{secrets.token_hex(7)}",
            "stripe-version": request.headers.get("stripe-version", "2026-10-28.endive"),
            **answer.headers,
        }
        return answer

    def _authenticate(self, headers: Mapping[str, str]) -> None:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode("ascii").partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                given = ""
        if not given:
            raise ApiError("You did not provide an API key.", status=401)
        if not secrets.compare_digest(given.strip().encode(), self._account.secret_key.encode()):
            raise ApiError("Invalid API Key provided.", status=401)
        version = headers.get("stripe-version")
        if version is not None and _VERSION.fullmatch(version) is None:
            raise ApiError(f"Invalid Stripe API version: {version}")

    def _idempotent(self, request: Request, parameters: Json, now: datetime) -> Answer:
        key = request.headers.get("idempotency-key")
        if request.method != "POST" or key is None:
            return self._faulty(request, parameters, now)
        if not 0 < len(key) <= 255:
            raise ApiError("Idempotency keys may be up to 255 characters long.", kind="idempotency_error")
        fingerprint = hashlib.sha256(
            msgspec.json.encode([request.path, parameters], order="sorted")
        ).hexdigest()
        kept = self._store.kept.get(key)
        if kept is not None and now - kept.at >= _KEPT_FOR:
            self._store.forget(key)
            kept = None
        if kept is not None:
            if kept.request != fingerprint:
                raise ApiError(
                    "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                    kind="idempotency_error",
                )
            return Answer(
                status=kept.status,
                body=kept.body,
                headers={
                    "idempotency-key": key,
                    "idempotent-replayed": "true",
                    "original-request": "req_kept",
                },
            )
        answer = self._faulty(
            request, parameters, now,
            keep=lambda status, body: self._store.keep(
                key, KeptAnswer(request=fingerprint, status=status, body=body, at=now)
            ),
        )  # fmt: skip
        answer.headers = {"idempotency-key": key}
        return answer

    def _faulty(
        self,
        request: Request,
        parameters: Json,
        now: datetime,
        *,
        keep: Callable[[int, Json], None] = lambda _status, _body: None,
    ) -> Answer:
        """Perform a call with the fault made for it, if any; some faults strike before it has effect, others after."""
        fault = self._fault(request, parameters)
        kind = None if fault is None else fault.kind
        error: Json = {"error": {"type": "api_error", "message": "An unknown error occurred."}}
        if kind is FaultKind.TIMEOUT:
            return Answer(silent=True)
        if kind is FaultKind.BUSY:
            raise ApiError("Too many requests hit the API too quickly.", status=429, code="rate_limit")
        if kind is FaultKind.IN_FLIGHT:
            raise ApiError("There is currently another in-progress request using this Idempotent Key.",
                           status=409, kind="idempotency_error", code="idempotency_key_in_use")  # fmt: skip
        if kind is FaultKind.ERROR_BEFORE:
            keep(500, error)
            return Answer(status=500, body=error)
        try:
            status, body = 200, self._perform(request, parameters, now)
        except ApiError as problem:
            status, body = problem.status, problem.body()
        if kind is FaultKind.ERROR_AFTER:
            status, body = 500, error
        if status in _KEPT_STATUSES:
            keep(status, body)
        return Answer(status=status, body=body, silent=kind is FaultKind.TIMEOUT_AFTER)

    def _fault(self, request: Request, parameters: Json) -> Fault | None:
        call = f"{request.method} {request.path}"
        for fault in self._store.faults:
            wanted = fault.kind in CALL_FAULTS and (fault.on is None or call.startswith(fault.on))
            if wanted and (fault.number is None or fault.number in numbers_of(parameters)):
                self._store.use(fault)
                return fault
        return None

    def _perform(self, request: Request, parameters: Json, now: datetime) -> Json:
        found = _PATH.fullmatch(request.path)
        if found is None or request.method not in ("GET", "POST"):
            raise ApiError(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
        family, object_id, action = found[1], found[2], found[3]
        if request.method == "GET" and action is None:
            if object_id is None:
                return lists.page(self._store, _KINDS[family], request.path, parameters)
            thing = self._known(family, object_id)
        elif request.method == "POST" and object_id is None:
            thing = self._create(family, parameters, now, request.base)
        elif request.method == "POST":
            thing = self._change(
                family, self._known(family, object_id), action, parameters, now, request.base
            )
        else:
            raise ApiError(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
        return lists.expanded(self._store, public(thing), lists.wanted(parameters))

    def _known(self, family: str, object_id: str) -> Json:
        thing = self._store.find(_KINDS[family], object_id)
        if thing is None:
            raise ApiError(
                f"No such {_KINDS[family]}: '{object_id}'", status=404, code="resource_missing", param="id"
            )
        return thing

    def _create(self, family: str, parameters: Json, now: datetime, base: str) -> Json:
        if family == "products":
            return self._sessions.create_product(parameters, now)
        if family == "checkout/sessions":
            return self._sessions.create(parameters, now, base)
        if family == "payment_intents":
            return self._intents.create(parameters, now, base)
        if family == "refunds":
            return self._refunds.create(parameters, now)
        raise ApiError(f"Unrecognized request URL (POST: /v1/{family}).", status=404)

    def _change(
        self, family: str, thing: Json, action: str | None, parameters: Json, now: datetime, base: str
    ) -> Json:
        if (family, action) == ("products", None):
            return self._sessions.update_product(thing, parameters, now)
        if (family, action) == ("checkout/sessions", "expire"):
            return self._sessions.expire(thing, now)
        if (family, action) == ("payment_intents", "confirm"):
            return self._intents.confirm(thing, parameters, now, base)
        if (family, action) == ("payment_intents", "capture"):
            return self._intents.capture(thing, parameters, now)
        if (family, action) == ("payment_intents", "cancel"):
            return self._intents.cancel(thing, parameters, now)
        if (family, action) == ("disputes", None):
            return self._disputes.update(thing, parameters, now)
        if (family, action) == ("disputes", "close"):
            return self._disputes.close(thing, now)
        if family in ("refunds", "charges", "payment_intents") and action is None:
            forms.only(parameters, {"metadata", "description"})
            thing["metadata"] = forms.metadata(parameters, thing["metadata"])
            return self._store.save(thing)
        raise ApiError(f"Unrecognized request URL (POST: /v1/{family}).", status=404)
