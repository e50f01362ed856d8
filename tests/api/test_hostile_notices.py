"""Every way in which a notice may lie or fail, for every provider, through the public address.

Each case asserts the answer in the provider's own protocol, and that nothing at all changed.
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.world.client import Api, Changes, Placed, key, problem
from tests.world.hostile import PEERS, CardPeer, Message, Peer, at_provider

from merx.accounts import appoint_staff
from merx.infra.dispatch import drain
from merx.payments.providers import ProviderRegistry
from merx.refunds import ask_refunds, send_refunds
from merx.simulators import NoticeAnswer
from merx.simulators.card import Fault, FaultKind
from merx.subscriptions import SUBSCRIPTIONS
from merx.verify import verify

LIES = ("signature", "unsigned", "app", "merchant", "amount", "cheap")
# Alipay's notices name no currency and no time of signing: there is nothing to lie about.
MORE_LIES = [("wechat", "currency"), ("card", "currency"), ("wechat", "probe")]


@pytest.fixture
async def peer(api: Api, request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    """The provider the test is about, beside Alipay."""

    async def send(url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        answer = await api.client.post(url, content=body, headers=dict(headers))
        return NoticeAnswer(answer.status_code, answer.content)

    peer = PEERS[request.param](api, send)
    if peer.code != "alipay":
        api.services.providers = ProviderRegistry([*api.services.providers, peer.provider])
    yield peer
    if peer.code != "alipay":
        await peer.provider.aclose()
    peer.close()


async def told(api: Api, peer: Peer, message: Message) -> tuple[int, str, bytes]:
    """Post a notice; return the answer as the provider reads it."""
    answer = await api.client.post(
        f"/payments/{peer.code}/notify", content=message.body, headers=message.headers
    )
    return answer.status_code, answer.headers["content-type"].partition(";")[0], answer.content


async def paid_unsaid(api: Api, peer: Peer) -> Placed:
    placed = await at_provider(api, peer)
    peer.pay()
    return placed


async def state_of(api: Api, placed: Placed) -> str:
    return str((await api.client.get(placed.url, headers=placed.headers)).json()["state"])


@pytest.mark.parametrize(
    ("peer", "lie"), [*((code, lie) for code in PEERS for lie in LIES), *MORE_LIES], indirect=["peer"]
)
async def test_a_notice_that_lies_is_refused_changes_nothing_and_the_true_one_still_counts(
    api: Api, peer: Peer, changes: Changes, lie: str
) -> None:
    placed = await paid_unsaid(api, peer)
    async with changes.none():
        assert await told(api, peer, peer.notice(lie)) == peer.refused
    assert await told(api, peer, peer.notice()) == peer.accepted
    assert await state_of(api, placed) == "placed"


@pytest.mark.parametrize("minutes", [-6, 6])
@pytest.mark.parametrize("peer", ["wechat", "card"], indirect=True)
async def test_a_notice_signed_more_than_five_minutes_from_now_is_refused(
    api: Api, peer: Peer, changes: Changes, minutes: int
) -> None:
    await paid_unsaid(api, peer)
    when = api.simulator.clock.now() + timedelta(minutes=minutes)
    async with changes.none():
        assert await told(api, peer, peer.notice(at=when)) == peer.refused


@pytest.mark.parametrize("peer", PEERS, indirect=True)
async def test_a_notice_replayed_after_three_days_pays_nothing_again(
    api: Api, peer: Peer, changes: Changes
) -> None:
    placed = await paid_unsaid(api, peer)
    message = peer.notice()
    assert await told(api, peer, message) == peer.accepted
    api.simulator.clock.advance(timedelta(days=3))
    before = await changes.state()
    # Alipay signs no time: its copy is recognised by its id, and only counted.
    expected = peer.accepted if peer.code == "alipay" else peer.refused
    assert await told(api, peer, message) == expected
    after = await changes.state()
    counted = {"provider_notices"} if peer.code == "alipay" else set()
    assert {name for name in before if before[name] != after[name]} <= counted
    assert await state_of(api, placed) == "placed"


@pytest.mark.parametrize("peer", PEERS, indirect=True)
async def test_money_for_a_cancelled_order_finds_its_stock_or_goes_back_once(api: Api, peer: Peer) -> None:
    placed = await at_provider(api, peer)
    peer.silent()
    cancelled = await api.client.post(f"{placed.url}/cancel", headers={**placed.headers, **key()})
    assert cancelled.status_code == 200, cancelled.text
    assert await state_of(api, placed) == "cancelled"
    await api.owner.execute("UPDATE allotments SET received = held + sold")
    peer.pay()
    for _ in range(2):
        assert await told(api, peer, peer.notice()) == peer.accepted
    assert await state_of(api, placed) == "cancelled"
    done = 0
    for _ in range(3):  # WeChat Pay accepts a refund first and does it later
        done += await send_refunds(api.services.db, api.services.providers, now=api.services.clock())
        api.simulator.clock.advance(timedelta(minutes=10))
    assert done == 1
    refund = await api.owner.fetchrow("SELECT reason, state, amount FROM refunds")
    assert tuple(refund or ()) == ("late_payment", "succeeded", placed.total)


def deep(levels: int) -> bytes:
    return b'{"data":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize("peer", PEERS, indirect=True)
async def test_a_body_that_cannot_be_read_is_refused_even_when_it_is_signed(
    api: Api, peer: Peer, changes: Changes
) -> None:
    await paid_unsaid(api, peer)
    genuine = peer.notice().body
    bodies = [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"=&=&=", b"a" * 1000, deep(5_000), genuine[:-20]]
    async with changes.none():
        for body in bodies:
            assert await told(api, peer, peer.signed(body)) == peer.refused
            assert await told(api, peer, Message({}, body)) == peer.refused


@pytest.mark.parametrize("peer", PEERS, indirect=True)
async def test_a_body_that_is_too_large_is_not_read(api: Api, peer: Peer, changes: Changes) -> None:
    await paid_unsaid(api, peer)
    message = peer.signed(b"x" * 70_000)
    async with changes.none():
        answer = await api.client.post(
            f"/payments/{peer.code}/notify", content=message.body, headers=message.headers
        )
    problem(answer, 413, "body_too_large")


async def staff_of(api: Api) -> dict[str, str]:
    session = await api.account("staff@example.com")
    account_id = await api.account_id(session)
    async with api.services.db.transaction() as tx:
        await appoint_staff(tx, account_id=account_id, now=api.services.clock())
    return session


async def asked_back(api: Api, placed: Placed, headers: dict[str, str], quantity: int) -> Any:
    order = (await api.orders(placed))[0]
    body = {
        "kind": "refund_only",
        "reason": "changed_mind",
        "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": quantity}],
        "body": "",
    }
    return await api.client.post(
        f"/api/v1/orders/{order['id']}/returns", json=body, headers={**headers, **key()}
    )


@pytest.mark.parametrize("peer", PEERS, indirect=True)
async def test_more_than_was_captured_is_not_refunded(api: Api, peer: Peer, changes: Changes) -> None:
    placed = await paid_unsaid(api, peer)
    await told(api, peer, peer.notice())
    async with changes.none():
        problem(await asked_back(api, placed, placed.headers, 2), 409, "over_returned")
    case = (await asked_back(api, placed, placed.headers, 1)).json()
    seller = await api.seller()
    url = f"/api/v1/seller/returns/{case['id']}"
    async with changes.none():
        over = await api.client.post(
            f"{url}/propose", json={"amount": placed.total + 1, "answer": "x"}, headers={**seller, **key()}
        )
        problem(over, 422, "bad_proposal")
        again = await asked_back(api, placed, placed.headers, 1)
        problem(again, 409, "over_returned")
    for _ in range(2):
        await api.client.post(f"{url}/approve", headers={**seller, **key()})
    await send_refunds(api.services.db, api.services.providers, now=api.services.clock())
    assert await api.owner.fetchval("SELECT sum(amount)::int FROM refunds") == placed.total
    assert await api.owner.fetchval("SELECT captured - refunded FROM payments") == 0


@pytest.mark.parametrize("peer", PEERS, indirect=True)
async def test_nobody_elses_order_is_refunded(api: Api, peer: Peer, changes: Changes) -> None:
    placed = await paid_unsaid(api, peer)
    await told(api, peer, peer.notice())
    other = await at_provider(api, peer)
    stranger = await api.account("stranger@example.com")
    async with changes.none():
        for who in (other.headers, stranger):
            problem(await asked_back(api, placed, who, 1), 404, "unknown_order")
    case = (await asked_back(api, placed, placed.headers, 1)).json()
    (rival,) = [code for code in api.shop.sellers if code != "tea-house"]
    rivals = await api.seller(rival)
    async with changes.none():
        refused = await api.client.post(
            f"/api/v1/seller/returns/{case['id']}/approve", headers={**rivals, **key()}
        )
        problem(refused, 404, "unknown_return")


@pytest.mark.parametrize("peer", ["card"], indirect=True)
async def test_a_dispute_of_a_payment_that_is_not_ours_is_refused_and_one_of_ours_shows_to_staff_alone(
    api: Api, peer: CardPeer, changes: Changes
) -> None:
    placed = await paid_unsaid(api, peer)
    number = peer.simulator.list_sessions()[-1]["client_reference_id"]
    peer.simulator.dispute(number)
    body = json.dumps(
        next(each.event for each in peer.simulator.list_notices() if ".dispute." in each.type)
    ).encode()
    async with changes.none():
        assert await told(api, peer, peer.signed(body)) == peer.refused
    assert await told(api, peer, peer.notice()) == peer.accepted
    dollars = body.replace(b'"currency": "cny"', b'"currency": "usd"')
    assert dollars != body
    async with changes.none():
        assert await told(api, peer, peer.signed(dollars)) == peer.refused
    assert await told(api, peer, peer.signed(body)) == peer.accepted
    assert await state_of(api, placed) == "placed"
    staff, buyer, url = await staff_of(api), await api.account("b@example.com"), "/api/v1/staff/disputes"
    (shown,) = (await api.client.get(url, headers=staff)).json()["items"]
    assert (shown["state"], shown["reason"], shown["reference"]) == (
        "needs_response",
        "fraudulent",
        peer.simulator.disputes.all()[0]["id"],
    )
    assert shown["amount"]["amount"] == shown["withdrawn"]["amount"] == placed.total
    assert (await api.client.get(url, params={"state": "won"}, headers=staff)).json()["items"] == []
    problem(await api.client.get(url, headers=buyer), 403, "forbidden")
    problem(await api.client.get(url), 401, "unauthenticated")
    seller = await api.seller()
    await drain(api.services.db, SUBSCRIPTIONS, now=api.services.clock())
    for who, kind in ((staff, "dispute_for_staff"), (seller, "dispute_for_seller")):
        told_of = (await api.client.get("/api/v1/me/notifications", headers=who)).json()["items"]
        assert kind in {each["kind"] for each in told_of}


@pytest.mark.parametrize("peer", ["card"], indirect=True)
async def test_staff_see_a_refund_that_came_back_on_their_page_and_try_it_again(
    api: Api, peer: CardPeer
) -> None:
    placed = await paid_unsaid(api, peer)
    await told(api, peer, peer.notice())
    case = (await asked_back(api, placed, placed.headers, 1)).json()
    seller, staff = await api.seller(), await staff_of(api)
    approve = f"/api/v1/seller/returns/{case['id']}/approve"
    await api.client.post(approve, headers={**seller, **key()})
    peer.simulator.add_fault(Fault(kind=FaultKind.FAILED_REFUND, seconds=60))
    db, providers, clock = api.services.db, api.services.providers, api.services.clock
    assert await send_refunds(db, providers, now=clock()) == 1
    assert (await api.client.get(placed.url, headers=placed.headers)).json()["state"] == "cancelled"
    api.simulator.clock.advance(timedelta(minutes=1))
    await peer.simulator.deliver_due()
    assert await ask_refunds(db, providers, now=clock()) == 1
    (failed,) = (await api.client.get("/api/v1/staff/refunds", headers=staff)).json()["items"]
    assert (failed["reversals"], failed["amount"]["amount"]) == (1, placed.total)
    order = await api.owner.fetchrow("SELECT payment_status, refunded FROM orders")
    assert tuple(order or ()) == ("paid", 0)
    retry = f"/api/v1/staff/refunds/{failed['id']}/retry"
    assert (await api.client.post(retry, headers={**staff, **key()})).status_code == 200
    assert await send_refunds(db, providers, now=clock()) == 1
    order = await api.owner.fetchrow("SELECT payment_status, refunded FROM orders")
    assert tuple(order or ()) == ("refunded", placed.total)
    report = await verify(db, now=clock(), key_ids=[])
    assert {each.code for each in report.results if each.breaks} <= {"D2"}
