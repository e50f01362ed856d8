"""The simulated card API as any client may use it: a third party's library, plain calls, a payer's browser."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from merx.simulators import SimulatorClock
from merx.simulators.card import Account, CardSimulator, Fault, FaultKind
from merx.simulators.common.delivery import NoticeAnswer

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
KEY = "sk_test_simulator"
SECRET = "whsec_simulator"
# The library hands httpx its form in a way httpx no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


class Inbox:
    """A merchant's webhook endpoint: answers with `answers` in turn, then 200."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.answers: list[int | Exception] = []

    async def receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        assert url == "https://shop.test/payments/card/notify"
        self.received.append((body, headers["stripe-signature"]))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return NoticeAnswer(answer, b"")

    def events(self) -> list[Any]:
        """The events received, each verified by the third party's library."""
        for body, header in self.received:
            stripe.WebhookSignature.verify_header(body.decode(), header, SECRET, tolerance=None)
        return [json.loads(body) for body, _ in self.received]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def simulator(inbox: Inbox) -> AsyncIterator[CardSimulator]:
    simulator = CardSimulator.in_memory(now=NOW, send_notice=inbox.receive)
    yield simulator
    simulator.close()


@pytest.fixture
async def web(simulator: CardSimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=simulator.transport(), base_url="http://card.test") as web:
        yield web


class InProcess(stripe.HTTPXClient):
    """The library's own HTTP client over a transport without sockets."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__()
        self._client_async = httpx.AsyncClient(transport=transport)


@pytest.fixture
async def client(simulator: CardSimulator) -> AsyncIterator[stripe.StripeClient]:
    http = InProcess(simulator.transport())
    yield stripe.StripeClient(
        KEY, http_client=http, base_addresses={"api": "http://card.test"}, max_network_retries=0
    )
    await http.close_async()  # type: ignore[no-untyped-call]


SESSION: dict[str, Any] = {
    "mode": "payment",
    "client_reference_id": "A1",
    "line_items": [
        {
            "quantity": 2,
            "price_data": {"currency": "usd", "unit_amount": 1_250, "product_data": {"name": "茶 <b>"}},
        }
    ],
    "payment_intent_data": {"metadata": {"order": "A1"}},
    "success_url": "https://shop.test/done?s={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://shop.test/back",
}


def post(web: httpx.AsyncClient, path: str, data: Mapping[str, str], **headers: str) -> Any:
    return web.post(path, data=dict(data), headers={"authorization": f"Bearer {KEY}"} | headers)


async def test_a_third_partys_library_runs_a_checkout_to_its_refund(
    client: stripe.StripeClient, simulator: CardSimulator, web: httpx.AsyncClient, inbox: Inbox
) -> None:
    session = await client.v1.checkout.sessions.create_async(params=SESSION)  # type: ignore[arg-type]
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 2_500)
    assert session.url is not None
    page = (await web.get(session.url)).text
    assert "USD 25.00" in page
    assert "茶 &lt;b&gt;" in page
    paid = await web.post(session.url, data={"number": "4242424242424242", "expiry": "01/30", "cvc": "123"})
    assert paid.headers["location"] == f"https://shop.test/done?s={session.id}"
    session = await client.v1.checkout.sessions.retrieve_async(
        session.id, params={"expand": ["payment_intent.latest_charge.balance_transaction"]}
    )
    intent: Any = session.payment_intent
    assert (session.status, session.payment_status, intent.status) == ("complete", "paid", "succeeded")
    assert intent.metadata["order"] == intent.latest_charge.metadata["order"] == "A1"
    entry = intent.latest_charge.balance_transaction
    assert (entry.amount, entry.fee, entry.net) == (2_500, 103, 2_397)
    refund = await client.v1.refunds.create_async(params={"payment_intent": intent.id, "amount": 500})
    assert (refund.status, refund.amount) == ("succeeded", 500)
    listed = await client.v1.balance_transactions.list_async(params={"expand": ["data.source"]})
    assert [(each.type, each.amount) for each in listed.data] == [("refund", -500), ("charge", 2_500)]
    await simulator.deliver_due()
    types = [event["type"] for event in inbox.events()]
    assert types[-3:] == ["checkout.session.completed", "refund.created", "charge.refunded"]


async def test_a_third_partys_library_authorizes_captures_a_part_and_voids(
    client: stripe.StripeClient,
) -> None:
    intents = client.v1.payment_intents
    held = await intents.create_async(
        params={"amount": 1_000, "currency": "cny", "capture_method": "manual", "confirm": True,
                "payment_method": "pm_card_visa"}
    )  # fmt: skip
    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 1_000, 0)
    with pytest.raises(stripe.InvalidRequestError) as above:
        await intents.capture_async(held.id, params={"amount_to_capture": 1_001})
    assert above.value.code == "amount_too_large"
    taken = await intents.capture_async(held.id, params={"amount_to_capture": 600})
    assert (taken.status, taken.amount_received) == ("succeeded", 600)
    with pytest.raises(stripe.InvalidRequestError) as over:
        await client.v1.refunds.create_async(params={"payment_intent": held.id, "amount": 601})
    assert over.value.param == "amount"
    void = await intents.create_async(
        params={"amount": 700, "currency": "cny", "capture_method": "manual", "confirm": True,
                "payment_method": "pm_card_visa"}
    )  # fmt: skip
    void = await intents.cancel_async(void.id, params={"cancellation_reason": "requested_by_customer"})
    assert (void.status, void.amount_received, void.amount_capturable) == ("canceled", 0, 0)
    with pytest.raises(stripe.InvalidRequestError) as late:
        await intents.capture_async(void.id)
    assert late.value.code == "payment_intent_unexpected_state"


async def test_a_third_partys_library_sees_declines_and_the_banks_page(
    client: stripe.StripeClient, web: httpx.AsyncClient
) -> None:
    intents = client.v1.payment_intents
    intent = await intents.create_async(params={"amount": 1_000, "currency": "usd"})
    with pytest.raises(stripe.CardError) as declined:
        await intents.confirm_async(intent.id, params={"payment_method": "pm_card_visa_chargeDeclined"})
    error = declined.value.error
    assert error is not None
    assert (declined.value.http_status, error.code, error.decline_code) == (
        402,
        "card_declined",
        "generic_decline",
    )
    intent = await intents.confirm_async(
        intent.id,
        params={"payment_method": "pm_card_authenticationRequired", "return_url": "https://shop.test/r?a=1"},
    )
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    redirect = intent.next_action.redirect_to_url
    assert redirect is not None
    assert redirect.url is not None
    back = await web.post(f"{redirect.url}/complete")
    assert back.headers["location"].startswith(f"https://shop.test/r?a=1&payment_intent={intent.id}&")
    assert back.headers["location"].endswith("redirect_status=succeeded")
    assert (await intents.retrieve_async(intent.id)).status == "succeeded"


async def test_a_third_partys_library_pages_through_a_list(client: stripe.StripeClient) -> None:
    made = [
        (await client.v1.payment_intents.create_async(params={"amount": 100 + n, "currency": "usd"})).id
        for n in range(5)
    ]
    page = await client.v1.payment_intents.list_async(params={"limit": 2})
    assert [each.id async for each in page.auto_paging_iter()] == made[::-1]
    before = await client.v1.payment_intents.list_async(params={"limit": 2, "ending_before": made[0]})
    assert [each.id for each in before.data] == [made[2], made[1]]
    nothing = await client.v1.payment_intents.list_async(params={"created": {"gt": int(NOW.timestamp())}})
    assert nothing.data == []


async def test_a_key_repeats_the_first_answer_for_a_day_and_refuses_other_parameters(
    simulator: CardSimulator, web: httpx.AsyncClient
) -> None:
    form = {"amount": "100", "currency": "usd"}
    first = await post(web, "/v1/payment_intents", form, **{"idempotency-key": "k"})
    again = await post(web, "/v1/payment_intents", form, **{"idempotency-key": "k"})
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = await post(web, "/v1/payment_intents", form | {"amount": "101"}, **{"idempotency-key": "k"})
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
    simulator.clock.advance(timedelta(hours=24))
    late = await post(web, "/v1/payment_intents", form, **{"idempotency-key": "k"})
    assert late.json()["id"] != first.json()["id"]
    long = await post(web, "/v1/payment_intents", form, **{"idempotency-key": "k" * 256})
    assert long.status_code == 400


async def test_faults_and_declines_are_repeated_under_their_key_but_wrong_parameters_are_not(
    simulator: CardSimulator, web: httpx.AsyncClient
) -> None:
    key = {"idempotency-key": "k"}
    wrong = await post(web, "/v1/payment_intents", {"amount": "x", "currency": "usd"}, **key)
    assert wrong.json()["error"]["code"] == "parameter_invalid_integer"
    simulator.add_fault(Fault(kind=FaultKind.ERROR_AFTER))
    form = {"amount": "100", "currency": "usd"}
    assert (await post(web, "/v1/payment_intents", form, **key)).status_code == 500
    again = await post(web, "/v1/payment_intents", form, **key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (500, "true")
    decline = form | {"confirm": "true", "payment_method": "pm_card_chargeDeclined"}
    for _ in range(2):
        answer = await post(web, "/v1/payment_intents", decline, **{"idempotency-key": "d"})
        assert answer.status_code == 402
    listed = await web.get("/v1/payment_intents", headers={"authorization": f"Bearer {KEY}"})
    assert len(listed.json()["data"]) == 2


@pytest.mark.parametrize("credentials", ["", "Bearer ", "Bearer sk_test_other", "Basic !!", "Basic c2s6"])
async def test_a_call_without_the_accounts_key_is_refused(web: httpx.AsyncClient, credentials: str) -> None:
    answer = await web.get("/v1/refunds", headers={"authorization": credentials})
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")


async def test_the_key_may_come_as_a_basic_user_name(web: httpx.AsyncClient) -> None:
    basic = base64.b64encode(f"{KEY}:".encode()).decode()
    assert (await web.get("/v1/refunds", headers={"authorization": f"Basic {basic}"})).status_code == 200


@pytest.mark.parametrize(
    ("path", "form", "status", "param"),
    [
        ("/v1/payment_intents", {"amount": "0", "currency": "usd"}, 400, "amount"),
        ("/v1/payment_intents", {"amount": "100000000", "currency": "usd"}, 400, "amount"),
        ("/v1/payment_intents", {"amount": "5"}, 400, "currency"),
        ("/v1/payment_intents", {"amount": "5", "currency": "usd", "colour": "red"}, 400, "colour"),
        (
            "/v1/payment_intents",
            {"amount": "5", "currency": "usd", "payment_method": "pm_x"},
            400,
            "payment_method",
        ),
        ("/v1/payment_intents/pi_none/confirm", {}, 404, "id"),
        ("/v1/checkout/sessions", {"mode": "payment", "success_url": "https://a.test"}, 400, "line_items"),
        ("/v1/checkout/sessions", {"mode": "setup"}, 400, "mode"),
        ("/v1/refunds", {}, 400, "payment_intent"),
        ("/v1/refunds", {"payment_intent": "pi_none"}, 404, "payment_intent"),
        ("/v1/products", {"id": "p"}, 400, "name"),
        ("/v1/products", {"name": "p", "metadata[a]": "x" * 501}, 400, "metadata"),
        ("/v1/nothing", {}, 404, None),
        ("/v1/charges", {}, 404, None),
    ],
)
async def test_what_the_api_does_not_take_is_refused_by_name(
    web: httpx.AsyncClient, path: str, form: dict[str, str], status: int, param: str | None
) -> None:
    answer = await post(web, path, form)
    assert (answer.status_code, answer.json()["error"].get("param")) == (status, param)


@pytest.mark.parametrize(("seconds", "status"), [(1_790, 400), (1_800, 200), (86_400, 200), (86_401, 400)])
async def test_a_session_lives_between_half_an_hour_and_a_day(
    web: httpx.AsyncClient, seconds: int, status: int
) -> None:
    form = {
        "mode": "payment",
        "success_url": "https://a.test",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "100",
        "line_items[0][price_data][product_data][name]": "x",
        "expires_at": str(int(NOW.timestamp()) + seconds),
    }
    assert (await post(web, "/v1/checkout/sessions", form)).status_code == status


async def test_a_webhook_is_signed_anew_and_tried_for_days_then_given_up(
    client: stripe.StripeClient, simulator: CardSimulator, inbox: Inbox
) -> None:
    inbox.answers = [500, TimeoutError(), *[404] * 20]
    await client.v1.payment_intents.create_async(params={"amount": 100, "currency": "usd"})
    (first,) = await simulator.deliver_due()
    assert (first.type, first.outcome, first.at) == ("payment_intent.created", "refused: 500", NOW)
    lines = await simulator.advance(timedelta(days=4))
    assert [line.outcome for line in lines] == ["no answer: TimeoutError", *["refused: 404"] * 8]
    assert lines[-1].at - NOW == timedelta(hours=65, minutes=35)
    assert len({header for _, header in inbox.received}) == 10
    assert len({event["id"] for event in inbox.events()}) == 1
    assert simulator.list_notices()[0].state == "abandoned"


async def test_webhooks_are_lost_held_and_doubled_as_told(
    client: stripe.StripeClient, simulator: CardSimulator, inbox: Inbox
) -> None:
    for kind, on in (
        (FaultKind.LOSE, "payment_intent.created"),
        (FaultKind.HOLD, "payment_intent.succeeded"),
        (FaultKind.DUPLICATE, "charge.succeeded"),
    ):
        simulator.add_fault(Fault(kind=kind, on=on))
    await client.v1.payment_intents.create_async(
        params={"amount": 100, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )
    lines = await simulator.deliver_due()
    assert [(line.type, line.outcome) for line in lines] == [
        ("payment_intent.created", "lost"),
        ("charge.succeeded", "success"),
        ("charge.succeeded", "success"),
        ("payment_intent.succeeded", "held"),
    ]
    assert [line.type for line in await simulator.release()] == ["payment_intent.succeeded"]
    assert len(inbox.events()) == 3


async def test_the_control_interface_pays_moves_the_clock_and_makes_faults(
    client: stripe.StripeClient, web: httpx.AsyncClient, inbox: Inbox
) -> None:
    await client.v1.checkout.sessions.create_async(params=SESSION)  # type: ignore[arg-type]
    declined = await web.post("/control/sessions/A1/pay", json={"card": "4000000000000002"})
    assert declined.status_code == 400
    fault = {"kind": "delay", "seconds": 30, "on": "checkout.session.completed"}
    assert (await web.post("/control/faults", json=fault)).status_code == 201
    assert (await web.post("/control/sessions/A1/pay", json={})).json()["payment_status"] == "paid"
    assert (await web.post("/control/sessions/none/pay", json={})).status_code == 404
    moved = (await web.post("/control/clock", json={"advance_seconds": 30})).json()
    assert moved["delivered"][-1]["type"] == "checkout.session.completed"
    assert (await web.get("/control/faults")).json() == []
    assert inbox.events()[-1]["data"]["object"]["client_reference_id"] == "A1"
    outside = await web.get("/control/sessions", headers={"host": "evil.test"})
    assert outside.status_code == 403


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"number": "4242424242424241"}, "The card number is wrong."),
        ({"number": "4111111111111111"}, "The simulator takes test cards only."),
        ({"expiry": "13/30"}, "Write the expiry date"),
        ({"expiry": "02/26"}, "in the past"),
        ({"cvc": "12"}, "3 or 4 digits"),
        ({"number": "4000000000009995"}, "insufficient funds"),
    ],
)
async def test_the_page_says_why_a_card_was_not_taken_and_keeps_no_number(
    client: stripe.StripeClient,
    simulator: CardSimulator,
    web: httpx.AsyncClient,
    form: dict[str, str],
    says: str,
) -> None:
    session = await client.v1.checkout.sessions.create_async(params=SESSION)  # type: ignore[arg-type]
    assert session.url is not None
    typed = {"number": "4242424242424242", "expiry": "12/34", "cvc": "123"} | form
    answer = await web.post(session.url, data=typed)
    assert typed["number"] not in answer.headers["location"]
    assert says in (await web.get(answer.headers["location"])).text
    assert simulator.session("A1")["status"] == "open"


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    account = Account(secret_key=KEY, webhook_url="https://shop.test/notify", webhook_secrets=(SECRET,))
    file = tmp_path / "card.sqlite3"
    before = CardSimulator(account=account, state_file=file, clock=SimulatorClock(frozen_at=NOW))
    async with httpx.AsyncClient(transport=before.transport(), base_url="http://card.test") as web:
        form = {"amount": "100", "currency": "usd", "confirm": "true", "payment_method": "pm_card_visa"}
        first = await post(web, "/v1/payment_intents", form, **{"idempotency-key": "k"})
    before.add_fault(Fault(kind=FaultKind.SLOW_REFUND))
    before.clock_changed()
    before.close()
    after = CardSimulator(account=account, state_file=file)
    assert (after.clock.now(), after.faults()[0].kind) == (NOW, FaultKind.SLOW_REFUND)
    assert [notice.type for notice in after.list_notices()][-1] == "payment_intent.succeeded"
    async with httpx.AsyncClient(transport=after.transport(), base_url="http://card.test") as web:
        again = await post(web, "/v1/payment_intents", form, **{"idempotency-key": "k"})
        assert again.json() == first.json()
        refund = await post(web, "/v1/refunds", {"payment_intent": first.json()["id"]})
        assert refund.json()["status"] == "pending"
    after.close()


async def test_a_third_partys_library_loses_what_it_authorized_and_did_not_take_within_a_week(
    client: stripe.StripeClient, simulator: CardSimulator, web: httpx.AsyncClient, inbox: Inbox
) -> None:
    data = {"capture_method": "manual", "metadata": {"order": "A1"}}
    session = await client.v1.checkout.sessions.create_async(params=SESSION | {"payment_intent_data": data})  # type: ignore[arg-type]
    assert session.url is not None
    await web.post(session.url, data={"number": "4242424242424242", "expiry": "01/30", "cvc": "123"})
    session = await client.v1.checkout.sessions.retrieve_async(
        session.id, params={"expand": ["payment_intent"]}
    )
    intent: Any = session.payment_intent
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 2_500)
    await simulator.advance(timedelta(days=7))
    intent = await client.v1.payment_intents.retrieve_async(intent.id)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")
    with pytest.raises(stripe.InvalidRequestError) as late:
        await client.v1.payment_intents.capture_async(intent.id)
    assert late.value.code == "payment_intent_unexpected_state"
    assert [event["type"] for event in inbox.events()][-2:] == [
        "checkout.session.completed",
        "payment_intent.canceled",
    ]


async def charged(client: stripe.StripeClient) -> Any:
    return await client.v1.payment_intents.create_async(
        params={"amount": 1_000, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )


async def test_a_third_partys_library_sees_a_dispute_from_its_opening_to_its_end(
    client: stripe.StripeClient, simulator: CardSimulator, inbox: Inbox
) -> None:
    intent = await charged(client)
    charge = simulator.find("charge", intent.latest_charge)
    assert charge is not None
    simulator.disputes.open(charge, now=simulator.clock.now())
    (dispute,) = (await client.v1.disputes.list_async({"payment_intent": intent.id})).data
    assert (dispute.status, dispute.amount, dispute.reason) == ("needs_response", 1_000, "fraudulent")
    (taken,) = dispute.balance_transactions
    assert (taken.type, taken.amount, taken.fee, taken.net) == ("adjustment", -1_000, 1_500, -2_500)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.refunds.create_async(params={"payment_intent": intent.id})
    assert refused.value.code == "charge_disputed"
    answered = await client.v1.disputes.update_async(
        dispute.id, params={"evidence": {"uncategorized_text": "signed for"}}
    )
    assert (answered.status, answered.evidence_details.submission_count) == ("under_review", 1)
    simulator.decide(dispute.id, won=True)
    won = await client.v1.disputes.retrieve_async(dispute.id)
    assert (won.status, [entry.amount for entry in won.balance_transactions]) == ("won", [-1_000, 1_000])
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.disputes.close_async(dispute.id)
    listed = await client.v1.balance_transactions.list_async(params={"type": "adjustment"})
    assert [entry.reporting_category for entry in listed.data] == ["dispute_reversal", "dispute"]
    await simulator.deliver_due()
    assert [event["type"] for event in inbox.events() if "dispute" in event["type"]] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]


async def test_a_dispute_without_an_answer_is_lost_after_a_week_and_a_question_costs_nothing(
    client: stripe.StripeClient, simulator: CardSimulator, web: httpx.AsyncClient
) -> None:
    intent = await charged(client)
    charge = simulator.find("charge", intent.latest_charge)
    assert charge is not None
    asked = simulator.disputes.open(charge, now=simulator.clock.now(), inquiry=True)
    assert (asked["status"], asked["balance_transactions"]) == ("warning_needs_response", [])
    await web.post(f"/disputes/{asked['id']}/submit")
    await web.post(f"/disputes/{asked['id']}/win")
    assert simulator.disputes.all()[0]["status"] == "warning_closed"
    dispute = simulator.disputes.open(charge, now=simulator.clock.now(), amount=400)
    assert dispute["id"] in (await web.get(f"/disputes/{dispute['id']}")).text
    await simulator.advance(timedelta(days=7))
    assert (await client.v1.disputes.retrieve_async(dispute["id"])).status == "lost"
