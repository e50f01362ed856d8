"""The simulator's HTTP surface: the API, the hosted pages, and the control interface for tests and for trying it out."""

from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from litestar import MediaType, Response, get, post, route
from litestar.exceptions import NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from merx.simulators.card import api, page
from merx.simulators.card.cards import GOOD, card_by_number, check_expiry
from merx.simulators.card.intents import public
from merx.simulators.card.model import ApiError, Json
from merx.simulators.card.peer import CardPeer
from merx.simulators.common.pages import html_page, see_other
from merx.simulators.common.peer import AnyRequest
from merx.simulators.common.transport import SILENT_HEADER


class Payment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With which test card to pay."""

    card: Annotated[str, msgspec.Meta(max_length=40)] = GOOD


class Objection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a card's holder objects to: all of it, for fraud, unless said otherwise."""

    amount: int | None = None
    reason: str = "fraudulent"
    inquiry: bool = False


class CardSimulator(CardPeer):
    """A peer that speaks the provider's protocol; `app` serves it on a socket, `transport()` inside a process."""

    def routes(self) -> list[HTTPRouteHandler]:
        """The API, the hosted checkout, the bank's page, and that of a dispute."""
        return [_api_route(self), *_page_routes(self), *_bank_routes(self), *_evidence_routes(self)]

    def control_routes(self) -> list[HTTPRouteHandler]:
        """Sessions, which can be looked at, paid and expired, and disputes."""
        return [*_session_routes(self), *_dispute_routes(self)]


def _api_route(simulator: CardPeer) -> HTTPRouteHandler:
    @route("/v1/{rest:path}", http_method=["GET", "POST", "DELETE"], status_code=200)
    async def call(request: AnyRequest, rest: FromPath[str]) -> Response[Any]:
        body = await request.body()
        answer = simulator.answer(
            api.Request(
                method=str(request.method),
                path=f"/v1/{rest.lstrip('/')}",
                query=request.scope["query_string"].decode("ascii", "replace"),
                body=body.decode("ascii", "replace"),
                headers={name.lower(): value for name, value in request.headers.items()},
                base=_base(request),
            )
        )
        if answer.silent:
            return Response("", headers={SILENT_HEADER.decode(): "1"})
        return Response(
            msgspec.json.format(msgspec.json.encode(answer.body), indent=2),
            status_code=answer.status,
            media_type=MediaType.JSON,
            headers=answer.headers,
        )

    return call


def _page_routes(simulator: CardPeer) -> list[HTTPRouteHandler]:
    def opened(session_id: str) -> Json:
        simulator.settle()
        session = simulator.find("checkout.session", session_id)
        if session is None:
            raise NotFoundException("no such checkout")
        return session

    @get("/c/pay/{session_id:str}")
    async def show(session_id: FromPath[str], problem: FromQuery[str | None] = None) -> Response[str]:
        return html_page(page.checkout_page(opened(session_id), simulator.account, problem=problem))

    @post("/c/pay/{session_id:str}")
    async def pay(request: AnyRequest, session_id: FromPath[str]) -> Response[str]:
        session = opened(session_id)
        form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=20)
        number, expiry, code = (form.get(name, [""])[0] for name in ("number", "expiry", "cvc"))
        now = simulator.clock.now()
        try:
            card = card_by_number(number)
            check_expiry(expiry, code, now)
            bank = simulator.sessions.pay(session, card, now, _base(request))
        except ApiError as problem:
            return see_other(f"/c/pay/{session_id}?{urlencode({'problem': page.problem_code(problem)})}")
        return see_other(bank or _done(session))

    return [show, pay]


def _bank_routes(simulator: CardPeer) -> list[HTTPRouteHandler]:
    def waiting(intent_id: str) -> Json:
        simulator.settle()
        intent = simulator.find("payment_intent", intent_id)
        if intent is None:
            raise NotFoundException("no such payment")
        return intent

    @get("/3ds/{intent_id:str}")
    async def show(intent_id: FromPath[str]) -> Response[str]:
        return html_page(page.bank_page(waiting(intent_id), simulator.account))

    @post("/3ds/{intent_id:str}/{outcome:str}")
    async def decide(intent_id: FromPath[str], outcome: FromPath[str]) -> Response[str]:
        intent = waiting(intent_id)
        problem = None
        try:
            simulator.sessions.authenticated(intent, simulator.clock.now(), passed=outcome == "complete")
        except ApiError as refusal:
            problem = page.problem_code(refusal)
        else:
            if outcome != "complete":
                problem = "payment_intent_authentication_failure"
        session = simulator.sessions.of_intent(intent)
        if session is not None:
            here = f"/c/pay/{session['id']}"
            if session["status"] == "complete":
                return see_other(_done(session))
            return see_other(f"{here}?{urlencode({'problem': problem})}" if problem else here)
        back = {
            "payment_intent": intent["id"],
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": "succeeded" if problem is None else "failed",
        }
        address = intent["_return_url"]
        return see_other(_with_query(address, back) if address else f"/3ds/{intent_id}")

    return [show, decide]


def _evidence_routes(simulator: CardPeer) -> list[HTTPRouteHandler]:
    """The page a dispute's link leads to, where a person hands evidence in or plays the bank."""

    def known(dispute_id: str) -> Json:
        simulator.settle()
        dispute = simulator.find("dispute", dispute_id)
        if dispute is None:
            raise NotFoundException("no such dispute")
        return dispute

    @get("/disputes/{dispute_id:str}")
    async def show(dispute_id: FromPath[str]) -> Response[str]:
        return html_page(page.dispute_page(known(dispute_id), simulator.account))

    @post("/disputes/{dispute_id:str}/{step:str}")
    async def act(dispute_id: FromPath[str], step: FromPath[str]) -> Response[str]:
        dispute, now = known(dispute_id), simulator.clock.now()
        with suppress(ApiError):  # it was decided meanwhile: the page says so
            if step == "submit":
                simulator.disputes.update(dispute, {}, now)
            elif step in ("win", "lose"):
                simulator.disputes.decide(dispute, now, won=step == "win")
        return see_other(f"/disputes/{dispute_id}")

    return [show, act]


def _session_routes(simulator: CardPeer) -> list[HTTPRouteHandler]:
    def known(number: str) -> Json:
        try:
            return simulator.session(number)
        except KeyError:
            raise NotFoundException("no session has this client reference") from None

    @get("/sessions")
    async def list_sessions() -> list[Json]:
        return [public(session) for session in simulator.list_sessions()]

    @get("/sessions/{number:str}")
    async def read_session(number: FromPath[str]) -> Json:
        return public(known(number))

    @post("/sessions/{number:str}/pay", status_code=200)
    async def pay_session(request: AnyRequest, number: FromPath[str], data: JSONBody[Payment]) -> Json:
        session = known(number)
        try:
            simulator.sessions.pay(session, card_by_number(data.card), simulator.clock.now(), _base(request))
        except ApiError as problem:
            raise ValidationException(problem.code or problem.message) from None
        return public(session)

    @post("/sessions/{number:str}/expire", status_code=200)
    async def expire_session(number: FromPath[str]) -> Json:
        session = known(number)
        try:
            simulator.sessions.expire(session, simulator.clock.now())
        except ApiError as problem:
            raise ValidationException(problem.message) from None
        return public(session)

    return [list_sessions, read_session, pay_session, expire_session]


def _dispute_routes(simulator: CardPeer) -> list[HTTPRouteHandler]:
    @get("/disputes")
    async def list_disputes() -> list[Json]:
        simulator.settle()
        return [public(each) for each in simulator.disputes.all()]

    @post("/sessions/{number:str}/dispute")
    async def open_dispute(number: FromPath[str], data: JSONBody[Objection]) -> Json:
        try:
            return public(simulator.dispute(number, **msgspec.structs.asdict(data)))
        except KeyError:
            raise NotFoundException("nothing was charged under this client reference") from None
        except ApiError as problem:
            raise ValidationException(problem.message) from None

    @post("/disputes/{dispute_id:str}/{outcome:str}", status_code=200)
    async def decide(dispute_id: FromPath[str], outcome: FromPath[str]) -> Json:
        if outcome not in ("win", "lose"):
            raise NotFoundException("a dispute is won or lost: /win or /lose")
        simulator.settle()
        try:
            return public(simulator.decide(dispute_id, won=outcome == "win"))
        except KeyError:
            raise NotFoundException("no such dispute") from None
        except ApiError as problem:
            raise ValidationException(problem.message) from None

    return [list_disputes, open_dispute, decide]


def _base(request: AnyRequest) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', 'card.test')}"


def _done(session: Json) -> str:
    address: str = session["success_url"]
    return address.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _with_query(address: str, parameters: dict[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(parameters)}"
