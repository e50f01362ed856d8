"""Webhooks of the card API: believed when one of our secrets signed these bytes just now, for our account and mode."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from merx.kit.money import Money
from merx.payments.providers import NoticeProblem, NoticeRejected, PaymentRequest, ProviderStatus
from merx.payments.providers.card import CardProvider
from merx.payments.providers.card.notice import EVENTS, Signatures, is_signed, read_notice
from merx.payments.providers.model import ProviderNotice, RefundState
from merx.simulators.card import CHECKOUT_EVENTS, CardSimulator, Fault, FaultKind
from merx.simulators.common.delivery import NoticeAnswer

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
NUMBER = "M20260301_0001"
SECRET = "whsec_simulator"
RequestOf = Callable[..., PaymentRequest]


def session_event(**changes: object) -> dict[str, Any]:
    thing = {
        "id": "cs_test_1",
        "object": "checkout.session",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": 12_345,
        "currency": "cny",
        "client_reference_id": NUMBER,
        "payment_intent": "pi_1",
    }
    return {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(NOW.timestamp()) - 2,
        "livemode": False,
        "data": {"object": thing | changes},
    }


def signed(body: bytes, *, secret: str = SECRET, at: datetime = NOW) -> str:
    text = f"{int(at.timestamp())}.".encode() + body
    return f"t={int(at.timestamp())},v1={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"


def read(body: bytes, header: str, *secrets: str, now: datetime = NOW, live: bool = False) -> ProviderNotice:
    return read_notice(
        {"Stripe-Signature": header},
        body,
        signatures=Signatures(secrets or (SECRET,), live=live),
        now=now,
        provider="card",
    )


def read_event(event: object, **options: Any) -> ProviderNotice:
    body = json.dumps(event).encode()
    return read(body, signed(body), **options)


def problem_of(call: Callable[[], object]) -> NoticeProblem:
    with pytest.raises(NoticeRejected) as raised:
        call()
    assert NUMBER not in raised.value.detail
    return raised.value.reason


def test_the_simulated_merchant_subscribes_to_what_we_read() -> None:
    assert set(CHECKOUT_EVENTS) == set(EVENTS)


def test_a_paid_session_is_a_capture() -> None:
    notice = read_event(session_event())
    assert notice == ProviderNotice(
        provider="card",
        notice_id="evt_1",
        number=NUMBER,
        provider_reference="pi_1",
        status=ProviderStatus.CAPTURED,
        amount=Money(12_345, "CNY"),
        occurred_at=NOW - timedelta(seconds=2),
        app_id="test",
        seller_id="",
        raw={"type": "checkout.session.completed", "object": "cs_test_1"},
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"payment_status": "unpaid"}, ProviderStatus.WAITING),
        ({"payment_status": "no_payment_required"}, ProviderStatus.WAITING),
        ({"status": "open"}, ProviderStatus.WAITING),
        ({"payment_intent": None}, ProviderStatus.WAITING),
        ({"status": "expired", "payment_status": "unpaid"}, ProviderStatus.CLOSED),
    ],
)
def test_a_session_that_is_not_both_complete_and_paid_is_no_capture(
    changes: dict[str, object], status: ProviderStatus
) -> None:
    assert read_event(session_event(**changes)).status is status


def test_both_secrets_of_a_rotation_are_believed_and_any_of_several_signatures() -> None:
    body = json.dumps(session_event()).encode()
    for secret in ("whsec_old", "whsec_new"):
        assert read(body, signed(body, secret=secret), "whsec_old", "whsec_new").number == NUMBER
    both = signed(body, secret="whsec_other") + "," + signed(body).partition(",")[2] + ",v0=abc"
    assert read(body, both).number == NUMBER
    assert problem_of(lambda: read(body, signed(body), "whsec_other")) is NoticeProblem.BAD_SIGNATURE


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_of_the_last_five_minutes_is_believed(seconds: int) -> None:
    body = json.dumps(session_event()).encode()
    header = signed(body, at=NOW + timedelta(seconds=seconds))
    assert is_signed(body, header, secrets=[SECRET], now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -3 * 86_400])
def test_an_older_or_future_one_is_not(seconds: int) -> None:
    body = json.dumps(session_event()).encode()
    header = signed(body, at=NOW + timedelta(seconds=seconds))
    assert not is_signed(body, header, secrets=[SECRET], now=NOW)


def test_no_other_bytes_and_no_other_header_are_believed() -> None:
    body = json.dumps(session_event()).encode()
    header = signed(body)
    time, signature = header.split(",")
    later = f"t={int(NOW.timestamp()) + 1}"
    headers = [
        "",
        time,
        signature,
        f"{time},v1=",
        f"{time},v0={signature[3:]}",
        f"{time},v1={signature[3:].upper()}",
        f"{time},v1={signature[3:-1]}0x",
        f"{later},{signature}",
        f"{time},{time},{signature}",
        f"t=,{signature}",
        f"t=１,{signature}",
        f"t=-1,{signature}",
        "," * 1000,
    ]
    assert all(not is_signed(body, each, secrets=[SECRET], now=NOW) for each in headers)
    assert not is_signed(body + b" ", header, secrets=[SECRET], now=NOW)
    assert not is_signed(body, header, secrets=[], now=NOW)
    assert problem_of(lambda: read(body.replace(b"12345", b"12346"), header)) is NoticeProblem.BAD_SIGNATURE


def test_another_mode_and_another_account_are_refused() -> None:
    assert problem_of(lambda: read_event(session_event(), live=True)) is NoticeProblem.WRONG_APP
    live = session_event() | {"livemode": True}
    assert problem_of(lambda: read_event(live)) is NoticeProblem.WRONG_APP
    assert read_event(live, live=True).app_id == "live"
    foreign = session_event() | {"account": "acct_1"}
    assert problem_of(lambda: read_event(foreign)) is NoticeProblem.WRONG_SELLER


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        session_event() | {"id": "x"},
        session_event() | {"created": "now"},
        session_event() | {"created": 10**18},
        session_event() | {"type": "customer.created"},
        session_event() | {"type": "checkout"},
        session_event() | {"data": {}},
        session_event(client_reference_id=None),
        session_event(client_reference_id="a b"),
        session_event(client_reference_id=7),
        session_event(amount_total=None),
        session_event(amount_total="12345"),
        session_event(amount_total=1.5),
        session_event(currency="yuan"),
        session_event(currency=None),
        session_event(payment_intent=[]),
    ],
)
def test_a_genuine_notice_that_cannot_be_read_is_refused(event: object) -> None:
    assert problem_of(lambda: read_event(event)) is NoticeProblem.MALFORMED


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_genuine_body_that_is_no_json_is_refused(body: bytes) -> None:
    assert problem_of(lambda: read(body, signed(body))) is NoticeProblem.MALFORMED


class Inbox:
    """Reads every webhook as the shop does."""

    def __init__(self, provider: CardProvider) -> None:
        self.provider = provider
        self.notices: list[ProviderNotice] = []
        self.refused: list[NoticeProblem] = []

    async def receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        assert url == "https://shop.test/payments/card/notify"
        reply = self.provider.acknowledgement
        try:
            notice = self.provider.parse_notice(headers, body)
        except NoticeRejected as problem:
            self.refused.append(problem.reason)
            reply = self.provider.refusal
        else:
            self.notices.append(notice)
        return NoticeAnswer(reply.status, reply.body)


@pytest.fixture
def inbox(card_provider: CardProvider, card_simulator: CardSimulator) -> Inbox:
    inbox = Inbox(card_provider)
    card_simulator.notices._send = inbox.receive
    return inbox


async def test_a_payment_and_its_refund_are_told_by_webhooks(
    card_provider: CardProvider, card_simulator: CardSimulator, inbox: Inbox, request_of: RequestOf
) -> None:
    card_simulator.add_fault(Fault(kind=FaultKind.LOSE, on="charge.succeeded", times=None))
    card_simulator.add_fault(Fault(kind=FaultKind.LOSE, on="payment_intent.created", times=None))
    await card_provider.start(request_of())
    card_simulator.pay(NUMBER)
    await card_simulator.deliver_due()
    state = await card_provider.query(NUMBER)
    assert {notice.raw["type"] for notice in inbox.notices} == {
        "payment_intent.succeeded",
        "checkout.session.completed",
    }
    assert {(n.status, n.number, n.amount, n.provider_reference) for n in inbox.notices} == {
        (ProviderStatus.CAPTURED, NUMBER, Money(12_345, "CNY"), state.provider_reference)
    }
    inbox.notices.clear()
    card_simulator.add_fault(Fault(kind=FaultKind.SLOW_REFUND, seconds=60))
    await card_provider.refund(number=NUMBER, refund_number="R1", amount=Money(45, "CNY"))
    await card_simulator.deliver_due()
    await card_simulator.advance(timedelta(minutes=1))
    assert [(n.raw["type"], n.refund_number, n.refund_state, n.amount) for n in inbox.notices] == [
        ("refund.created", "R1", RefundState.PROCESSING, Money(12_345, "CNY")),
        ("charge.refunded", None, None, Money(12_345, "CNY")),
        ("refund.updated", "R1", RefundState.SUCCEEDED, Money(12_345, "CNY")),
    ]
    assert inbox.refused == []
    assert {notice.raw["type"] for notice in inbox.notices} < set(EVENTS)


async def test_a_decline_and_an_expiry_move_no_money(
    card_provider: CardProvider, card_simulator: CardSimulator, inbox: Inbox, request_of: RequestOf
) -> None:
    await card_provider.start(request_of())
    with pytest.raises(Exception, match="declined"):
        card_simulator.pay(NUMBER, "4000000000000002")
    await card_provider.close(NUMBER)
    await card_simulator.deliver_due()
    told = {n.raw["type"]: n.status for n in inbox.notices}
    assert told["payment_intent.payment_failed"] is ProviderStatus.WAITING
    assert told["checkout.session.expired"] is ProviderStatus.CLOSED


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (FaultKind.FORGE, NoticeProblem.BAD_SIGNATURE),
        (FaultKind.OLD, NoticeProblem.BAD_SIGNATURE),
        (FaultKind.WRONG_MODE, NoticeProblem.WRONG_APP),
        (FaultKind.WRONG_ACCOUNT, NoticeProblem.WRONG_SELLER),
    ],
)
async def test_a_notice_not_to_be_believed_is_refused_and_the_true_one_comes_again(
    card_provider: CardProvider,
    card_simulator: CardSimulator,
    inbox: Inbox,
    request_of: RequestOf,
    kind: FaultKind,
    problem: NoticeProblem,
) -> None:
    await card_provider.start(request_of())
    card_simulator.pay(NUMBER)
    card_simulator.add_fault(Fault(kind=kind, on="checkout.session.completed"))
    await card_simulator.deliver_due()
    assert problem in inbox.refused
    inbox.notices.clear()
    await card_simulator.advance(timedelta(minutes=5))
    assert [n.raw["type"] for n in inbox.notices] == ["checkout.session.completed"]
