"""WeChat Pay's notices: what is believed, what is refused, and what the provider is answered."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.world.wechat import NOW, NUMBER, WHOLE, WechatPeer

from merx.kit.money import Money
from merx.payments.providers import (
    NoticeProblem,
    NoticeRejected,
    ProviderNotice,
    ProviderStatus,
    RefundState,
)
from merx.simulators import SIMULATED_WECHAT_APP_ID, SIMULATED_WECHAT_MCH_ID
from merx.simulators.wechat.model import Fault, FaultKind


@pytest.fixture
async def peer() -> AsyncIterator[WechatPeer]:
    peer = WechatPeer()
    yield peer
    await peer.close()


async def outcomes(peer: WechatPeer) -> list[str]:
    return [each.outcome for each in await peer.simulator.deliver_due()]


def last(peer: WechatPeer) -> ProviderNotice:
    notice = peer.notices[-1]
    assert isinstance(notice, ProviderNotice)
    return notice


async def test_a_payments_notice_is_read_and_acknowledged(peer: WechatPeer) -> None:
    await peer.paid()
    assert await outcomes(peer) == ["success"]
    notice, (order,) = last(peer), peer.simulator.list_orders()
    assert (notice.provider, notice.number, notice.status) == ("wechat", NUMBER, ProviderStatus.CAPTURED)
    assert (notice.amount, notice.occurred_at) == (WHOLE, NOW)
    assert notice.provider_reference == order.transaction_id
    assert (notice.app_id, notice.seller_id) == (SIMULATED_WECHAT_APP_ID, SIMULATED_WECHAT_MCH_ID)
    assert notice.notice_id == peer.simulator.list_notices()[0].notice_id
    assert (notice.refund_number, notice.refund_state) == (None, None)


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (None, RefundState.SUCCEEDED),
        (FaultKind.CLOSED_REFUND, RefundState.FAILED),
        (FaultKind.ABNORMAL_REFUND, RefundState.FAILED),
    ],
)
async def test_a_refunds_notice_names_the_refund_and_the_payments_amount(
    peer: WechatPeer, fault: FaultKind | None, state: RefundState
) -> None:
    await peer.paid()
    await peer.simulator.deliver_due()
    if fault is not None:
        peer.simulator.add_fault(Fault(kind=fault))
    await peer.provider.refund(number=NUMBER, refund_number="R1", amount=Money(100, "CNY"))
    assert await outcomes(peer) == ["success"]
    notice = last(peer)
    assert (notice.refund_number, notice.refund_state) == ("R1", state)
    assert (notice.number, notice.amount, notice.status) == (NUMBER, WHOLE, ProviderStatus.CAPTURED)


@pytest.mark.parametrize(
    ("kind", "problem", "detail"),
    [
        (FaultKind.FORGE, NoticeProblem.BAD_SIGNATURE, "the signature is not valid"),
        (FaultKind.PROBE, NoticeProblem.BAD_SIGNATURE, "the signature is not valid"),
        (FaultKind.OLD, NoticeProblem.BAD_SIGNATURE, "the time is too far from ours"),
        (FaultKind.WRONG_APP, NoticeProblem.WRONG_APP, ""),
        (FaultKind.WRONG_SELLER, NoticeProblem.WRONG_SELLER, ""),
    ],
)
async def test_a_notice_not_to_be_believed_is_refused_with_401_and_the_true_one_follows(
    peer: WechatPeer, kind: FaultKind, problem: NoticeProblem, detail: str
) -> None:
    peer.simulator.add_fault(Fault(kind=kind))
    await peer.paid()
    assert await outcomes(peer) == ['refused: 401 {"code":"FAIL","message":"失败"}']
    (rejected,) = peer.notices
    assert isinstance(rejected, NoticeRejected)
    assert (rejected.reason, rejected.detail) == (problem, detail)
    assert [each.outcome for each in await peer.simulator.advance(timedelta(seconds=15))] == ["success"]
    assert last(peer).amount == WHOLE


async def test_an_amount_changed_by_the_provider_is_read_for_the_receiver_to_judge(peer: WechatPeer) -> None:
    peer.simulator.add_fault(Fault(kind=FaultKind.WRONG_AMOUNT))
    await peer.paid()
    await peer.simulator.deliver_due()
    assert last(peer).amount == Money(12_346, "CNY")


async def test_changing_anything_or_dropping_a_header_is_a_bad_signature(peer: WechatPeer) -> None:
    await peer.paid()
    await peer.simulator.deliver_due()
    ((headers, body),) = peer.received
    signed = ("timestamp", "nonce", "signature", "serial")
    attempts = [({k: v for k, v in headers.items() if k != f"wechatpay-{name}"}, body) for name in signed]
    attempts += [
        (headers, body.replace(b"TRANSACTION.SUCCESS", b"TRANSACTION.SUCCES5")),
        (headers, body + b" "),
        (headers | {"wechatpay-timestamp": str(int(NOW.timestamp()) + 1)}, body),
        (headers | {"wechatpay-timestamp": "９" * 10}, body),
        (headers | {"wechatpay-signature": "not base64!"}, body),
        (headers | {"wechatpay-signature-type": "WECHATPAY2-SM2-WITH-SM3"}, body),
        (headers | {"wechatpay-serial": "PUB_KEY_ID_0000000000000000000000000000000"}, body),
    ]
    for changed, text in attempts:
        with pytest.raises(NoticeRejected) as caught:
            peer.provider.parse_notice(changed, text)
        assert caught.value.reason is NoticeProblem.BAD_SIGNATURE
    assert peer.provider.parse_notice(headers, body).number == NUMBER


async def test_a_notice_replayed_after_five_minutes_is_refused(peer: WechatPeer) -> None:
    await peer.paid()
    await peer.simulator.deliver_due()
    ((headers, body),) = peer.received
    peer.simulator.clock.advance(timedelta(minutes=5))
    assert peer.provider.parse_notice(headers, body).number == NUMBER
    peer.simulator.clock.advance(timedelta(seconds=1))
    with pytest.raises(NoticeRejected) as caught:
        peer.provider.parse_notice(headers, body)
    assert caught.value.detail == "the time is too far from ours"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"resource_type":"plain","resource":{}}',
        b'{"resource_type":"encrypt-resource","resource":{"algorithm":"AEAD_SM4_GCM"}}',
        b'{"resource_type":"encrypt-resource","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"123456789012","ciphertext":"AA"}}',
    ],
)
async def test_a_signed_body_that_cannot_be_read_is_malformed(peer: WechatPeer, body: bytes) -> None:
    headers = peer.simulator.keys.notice_headers(body, now=NOW)
    with pytest.raises(NoticeRejected) as caught:
        peer.provider.parse_notice(headers, body)
    assert caught.value.reason is NoticeProblem.MALFORMED


async def test_a_notice_sealed_with_another_secret_is_malformed(peer: WechatPeer) -> None:
    peer.receiver = peer.new_provider(api_v3_key="another-secret-of-32-characters-")
    await peer.paid()
    await peer.simulator.deliver_due()
    (rejected,) = peer.notices
    assert isinstance(rejected, NoticeRejected)
    assert rejected.reason is NoticeProblem.MALFORMED
    await peer.receiver.aclose()


async def test_what_stands_in_the_clear_beside_the_sealed_part_decides_nothing(peer: WechatPeer) -> None:
    await peer.paid()
    await peer.simulator.deliver_due()
    ((_, body),) = peer.received
    notice = json.loads(body) | {"out_trade_no": "260301WECHAT00002", "amount": {"total": 1}}
    text = json.dumps(notice).encode()
    read = peer.provider.parse_notice(peer.simulator.keys.notice_headers(text, now=NOW), text)
    assert (read.number, read.amount) == (NUMBER, WHOLE)


async def test_a_notice_of_an_unknown_certificate_fetches_it_and_a_later_copy_is_believed(
    peer: WechatPeer,
) -> None:
    """Both modes live at once: answers by the public key, notices by a certificate, which then rotates."""
    refused = 'refused: 401 {"code":"FAIL","message":"失败"}'
    peer.simulator.keys.sign_notices_by_certificate(yes=True)
    await peer.paid()
    assert await outcomes(peer) == [refused]
    await fetched(peer)
    assert [each.outcome for each in await peer.simulator.advance(timedelta(seconds=15))] == ["success"]

    peer.simulator.rotate_certificate()
    await peer.paid("260301WECHAT00002")
    tries = await peer.simulator.deliver_due()
    while tries[-1].outcome != "success":  # new certificates are looked for once a minute
        await fetched(peer)
        tries += await peer.simulator.advance(timedelta(seconds=15))
    assert [each.outcome for each in tries] == [*[refused] * 4, "success"]


async def fetched(peer: WechatPeer) -> None:
    refreshing = peer.provider._refreshing
    assert refreshing is not None
    await refreshing
