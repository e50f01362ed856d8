"""WeChat Pay's bills: read from the simulator's files, checked against their hash, refused when incomplete."""

import gzip
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.world.wechat import NOW, NUMBER, WHOLE, WechatPeer

from merx.kit.money import Money
from merx.payments.providers import BillNotReady, BillRow, ProviderUnavailable, StatementProvider
from merx.payments.providers.wechat.bill import FundFlowRow, read_trade_bill, unpack
from merx.simulators.wechat.model import Fault, FaultKind

DAY = date(2026, 3, 1)
TEN_NEXT_DAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OTHER = "260301WECHAT00002"


@pytest.fixture
async def peer() -> AsyncIterator[WechatPeer]:
    """Two payments and a partial refund of the first, all on one Chinese day; it is ten o'clock of the next."""
    peer = WechatPeer()
    await peer.paid()
    peer.simulator.clock.advance(timedelta(minutes=1))
    await peer.paid(OTHER, Money(1, "CNY"))
    peer.simulator.clock.advance(timedelta(minutes=1))
    await peer.provider.refund(number=NUMBER, refund_number="R1", amount=Money(2_345, "CNY"))
    peer.simulator.clock.set(TEN_NEXT_DAY, freeze=True)
    yield peer
    await peer.close()


async def test_a_days_bill_has_every_payment_and_refund_with_its_fee(peer: WechatPeer) -> None:
    first, second = peer.simulator.list_orders()
    assert await peer.provider.bill(DAY) == [
        BillRow(
            kind="payment",
            number=NUMBER,
            refund_number=None,
            reference=first.transaction_id,
            amount=WHOLE,
            fee=Money(74, "CNY"),
            at=NOW,
        ),
        BillRow(
            kind="payment",
            number=OTHER,
            refund_number=None,
            reference=second.transaction_id,
            amount=Money(1, "CNY"),
            fee=Money(0, "CNY"),
            at=NOW + timedelta(minutes=1),
        ),
        BillRow(
            kind="refund",
            number=NUMBER,
            refund_number="R1",
            reference=first.refunds[0].refund_id,
            amount=Money(2_345, "CNY"),
            fee=Money(-14, "CNY"),
            at=NOW + timedelta(minutes=2),
        ),
    ]
    assert await peer.provider.bill(date(2026, 2, 28)) == []


async def test_the_fund_flow_adds_up_to_the_balance(peer: WechatPeer) -> None:
    rows = await peer.provider.fund_flow(DAY)
    assert [(row.business, row.direction, row.amount.amount, row.balance.amount) for row in rows] == [
        ("交易", "in", 12_345, 12_345),
        ("扣除交易手续费", "out", 74, 12_271),
        ("交易", "in", 1, 12_272),
        ("退款", "out", 2_331, 9_941),
    ]
    assert isinstance(rows[0], FundFlowRow)
    assert [row.number for row in rows] == [NUMBER, NUMBER, OTHER, "R1"]


async def test_the_balance_moved_as_the_bill_says(peer: WechatPeer) -> None:
    first, second = peer.simulator.list_orders()
    moved = [(each.reference, each.amount.amount) for each in await peer.provider.movements(DAY)]
    assert moved == [
        (first.transaction_id, 12_345),
        (first.transaction_id, -74),
        (second.transaction_id, 1),
        (first.refunds[0].refund_id, -2_331),
    ]
    assert isinstance(peer.provider, StatementProvider)


async def test_a_bill_is_not_ready_before_ten_and_while_it_is_being_made(peer: WechatPeer) -> None:
    peer.simulator.add_fault(Fault(kind=FaultKind.NOT_READY))
    with pytest.raises(BillNotReady):
        await peer.provider.bill(DAY)
    peer.simulator.clock.set(TEN_NEXT_DAY - timedelta(seconds=1), freeze=True)
    with pytest.raises(BillNotReady) as caught:
        await peer.provider.bill(DAY)
    assert caught.value.params == {"provider": "wechat", "day": "2026-03-01"}


async def test_a_skipped_and_an_altered_row_are_seen_as_the_provider_wrote_them(peer: WechatPeer) -> None:
    peer.simulator.add_fault(Fault(kind=FaultKind.SKIP_ROW, number=OTHER))
    assert [row.number for row in await peer.provider.bill(DAY)] == [NUMBER, NUMBER]
    peer.simulator.add_fault(Fault(kind=FaultKind.ALTER_ROW, number=OTHER))
    assert [row.amount.amount for row in await peer.provider.bill(DAY)] == [12_345, 2, 2_345]


async def test_a_file_that_is_not_the_one_promised_is_not_read(peer: WechatPeer) -> None:
    class Swapped(dict[str, bytes]):
        def __setitem__(self, token: str, file: bytes) -> None:
            super().__setitem__(token, gzip.compress(gzip.decompress(file).replace(b"123.45", b"123.46")))

    peer.simulator._gateway._files = Swapped()
    with pytest.raises(ProviderUnavailable) as caught:
        await peer.provider.bill(DAY)
    assert caught.value.params["reason"] == "the bill is not the one whose hash was given"


HEAD = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,订单金额,手续费,商品名称"
ROW = "`2026-03-01 12:00:00,`wx1,`19,`4200,`M1,`SUCCESS,`CNY,`1.00,`0.00600,`茶, 两盒"
TOTALS = "总交易单数,订单总金额\n`1,`1.00"


def test_columns_are_found_by_name_and_a_comma_in_a_name_harms_nothing() -> None:
    (row,) = read_trade_bill(f"{HEAD}\n{ROW}\n{TOTALS}\n", app_id="wx1", mch_id="19")
    assert (row.amount.amount, row.fee.amount, row.at) == (100, 1, NOW)
    assert read_trade_bill(f"{HEAD}\n{ROW}\n{TOTALS}\n", app_id="wx2", mch_id="19") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        f"{HEAD}\n{ROW}",
        f"{HEAD}\n{ROW}\n{ROW}\n{TOTALS}",
        f"{HEAD}\n{ROW},`more\n{TOTALS}",
        f"{HEAD}\n{ROW.replace('SUCCESS', 'MAYBE')}\n{TOTALS}",
        f"{HEAD}\n{ROW.replace('1.00', '1e2')}\n{TOTALS}",
        f"{HEAD}\n{ROW.replace('1.00', '-1.00')}\n{TOTALS}",
        f"{HEAD}\n{ROW.replace('CNY', 'USD')}\n{TOTALS}",
        f"{HEAD.replace('手续费', '费')}\n{ROW}\n{TOTALS}",
        f"{HEAD}\n{ROW.replace('2026-03-01', '01.03.2026')}\n{TOTALS}",
    ],
)
def test_what_is_not_a_complete_bill_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_trade_bill(text, app_id="wx1", mch_id="19")


def test_a_packed_file_is_bounded_and_must_be_whole() -> None:
    raw = b"a" * 10_000
    packed, sha1 = gzip.compress(raw), hashlib.sha1(raw).hexdigest()
    assert unpack(packed, sha1=sha1.upper(), limit=10_001) == raw.decode()
    assert unpack(raw, sha1=sha1, limit=10_001) == raw.decode()
    for file, limit in ((packed, 9_999), (packed[:-9], 10_001), (b"\x1f\x8bnot gzip", 10_001)):
        with pytest.raises(ValueError, match="bill"):
            unpack(file, sha1=sha1, limit=limit)
