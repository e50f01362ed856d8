"""The daily bill: every row exactly, and nothing of a file that is cut short, foreign, broken or a bomb."""

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from merx.kit.money import Money
from merx.payments.providers import (
    AlipayProvider,
    BillNotReady,
    BillRow,
    PaymentRequest,
    ProviderRefused,
    ProviderUnavailable,
)
from merx.payments.providers.alipay import bill
from merx.payments.providers.alipay.bill import read_bill
from merx.simulators import AlipaySimulator
from merx.simulators.alipay.model import Fault, FaultKind

DAY = date(2026, 3, 1)
READY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SELLER = "2088000100000002"
HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
REST = "0.00,0.00,0.00,0.00,0.00,,0.00,0.00"
PAID = f"2026030122001\t,P1\t,交易,茶,2026-03-01 10:00:00,2026-03-01 10:00:09,,,,,*买,12.30,12.30,{REST},,-0.07,0.00,"
BACK = f"2026030122001\t,P1\t,退款,茶,2026-03-01 10:00:00,2026-03-01 23:59:59,,,,,*买,-2.30,-2.30,{REST},R1\t,0.01,0.00,"
ROWS = [
    BillRow(
        kind="payment",
        number="P1",
        refund_number=None,
        reference="2026030122001",
        amount=Money(1_230, "CNY"),
        fee=Money(7, "CNY"),
        at=datetime(2026, 3, 1, 2, 0, 9, tzinfo=UTC),
    ),
    BillRow(
        kind="refund",
        number="P1",
        refund_number="R1",
        reference="2026030122001",
        amount=Money(230, "CNY"),
        fee=Money(-1, "CNY"),
        at=datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC),
    ),
]


def table(
    rows: Sequence[str] = (PAID, BACK),
    *,
    counts: tuple[int, int] = (1, 1),
    header: str = HEAD,
    account: str = SELLER,
) -> str:
    lines = [
        "#支付宝业务明细查询",
        f"#账号：[{account}0156]",
        "#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年03月02日 00:00:00]",
        "#----------业务明细列表----------",
        header,
        *rows,
        "#----------业务明细列表结束----------",
        f"#交易合计：{counts[0]}笔，商家实收共12.30元，商家优惠共0.00元",
        f"#退款合计：{counts[1]}笔，商家实收退款共-2.30元，商家优惠退款共0.00元",
        "#导出时间：[2026年03月02日 09:00:00]",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def packed(*texts: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for number, text in enumerate(texts):
            files.writestr(f"{number}.csv", text.encode("gbk"))
    return archive.getvalue()


def test_payments_and_refunds_are_read_exactly() -> None:
    assert read_bill(packed(table()), seller_id=SELLER) == ROWS


def test_the_list_is_found_beside_its_summary() -> None:
    assert read_bill(packed("#支付宝业务汇总查询\r\n", table()), seller_id=SELLER) == ROWS


def test_a_day_without_trades_is_an_empty_bill() -> None:
    assert read_bill(packed(table((), counts=(0, 0))), seller_id=SELLER) == []


def test_commas_in_a_subject_move_no_column() -> None:
    rows = [PAID.replace(",茶,", ",茶,杯,碗,"), BACK]
    assert read_bill(packed(table(rows)), seller_id=SELLER) == ROWS


def test_columns_are_found_by_name() -> None:
    moved = [HEAD, PAID, BACK]
    moved = [",".join([line.split(",")[-3], *line.split(",")[:-3], *line.split(",")[-2:]]) for line in moved]
    assert (
        read_bill(packed(table(moved[1:], header=moved[0].replace("（元）", "(元)"))), seller_id=SELLER)
        == ROWS
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (table(counts=(2, 1)), "does not hold the payments it counts"),
        (table((PAID,)), "does not hold the refunds it counts"),
        (table().partition("#交易合计")[0], "does not hold the payments it counts"),
        (table().partition("#----------业务明细列表结束")[0], "has no end"),
        (table(account="2088999999999999"), "another seller's"),
        (table((PAID[:60], BACK)), "wrong length"),
        (table((PAID.replace("交易", "转账"), BACK)), "neither a payment nor a refund"),
        (table((PAID.replace("P1", ""), BACK)), "neither a payment nor a refund"),
        (table((PAID.replace("12.30", "12.305"), BACK)), "no amount in yuan"),
        (table((PAID.replace("12.30", "--12.30"), BACK)), "no amount in yuan"),
        (table((PAID.replace("2026-03-01 10:00:09", "gestern"), BACK)), "not a time"),
        (table(header=HEAD.replace("服务费", "费用")), "lacks the column 服务费"),
        ("#支付宝业务汇总查询\r\n", "no list of trades"),
    ],
)
def test_a_bill_that_is_not_whole_or_not_ours_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_bill(packed(text), seller_id=SELLER)


@pytest.mark.parametrize("archive", [b"", b"no archive", packed(table())[:-40], packed(table())[200:]])
def test_a_broken_archive_is_refused(archive: bytes) -> None:
    with pytest.raises(ValueError, match="the archive cannot be read"):
        read_bill(archive, seller_id=SELLER)


def test_a_flipped_bit_is_refused() -> None:
    whole = packed(table())
    at = whole.index(b"0.csv") + 60
    with pytest.raises(ValueError, match="the archive cannot be read"):
        read_bill(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], seller_id=SELLER)


def test_what_unpacks_to_more_than_the_limit_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bill, "_MAX_TABLE", 100_000)
    bomb = packed("#支付宝业务明细查询\r\n" + "#\r\n" * 10_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(ValueError, match="the bill is too long"):
        read_bill(bomb, seller_id=SELLER)
    endless = packed("#支付宝业务明细查询" + "0" * 5_000_000)
    with pytest.raises(ValueError, match="the bill is too long"):
        read_bill(endless, seller_id=SELLER)


@pytest.fixture
async def traded(
    provider: AlipayProvider,
    simulator: AlipaySimulator,
    browser: httpx.AsyncClient,
    request_of: Callable[..., PaymentRequest],
) -> AlipayProvider:
    """A provider whose day had two payments and a refund, on the next morning."""
    for number in ("M1", "M2"):
        await browser.get((await provider.start(request_of(number=number))).url, follow_redirects=True)
        simulator.clock.advance(timedelta(seconds=1))
        simulator.pay(number)
    simulator.clock.advance(timedelta(seconds=1))
    assert await provider.refund(number="M1", refund_number="R1", amount=Money(2_345, "CNY")) is True
    simulator.clock.set(READY, freeze=True)
    return provider


def facts(rows: Sequence[BillRow]) -> list[tuple[str, str, str | None, int]]:
    return [(row.kind, row.number, row.refund_number, row.amount.amount) for row in rows]


async def test_the_bill_of_a_day_holds_its_payments_and_refunds(
    traded: AlipayProvider, simulator: AlipaySimulator
) -> None:
    rows = await traded.bill(DAY)
    assert facts(rows) == [
        ("payment", "M1", None, 12_345),
        ("payment", "M2", None, 12_345),
        ("refund", "M1", "R1", 2_345),
    ]
    assert [row.fee.amount for row in rows] == [74, 74, 0]
    assert [row.reference for row in rows[:2]] == [trade.trade_no for trade in simulator.list_trades()]
    assert rows[0].at == datetime(2026, 3, 1, 4, 0, 1, tzinfo=UTC)
    assert await traded.bill(DAY - timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (READY - timedelta(seconds=1), DAY),
        (READY, DAY + timedelta(days=1)),
        (READY, DAY + timedelta(days=30)),
    ],
)
async def test_a_bill_before_nine_the_next_morning_is_not_ready(
    traded: AlipayProvider, simulator: AlipaySimulator, now: datetime, day: date
) -> None:
    simulator.clock.set(now, freeze=True)
    with pytest.raises(BillNotReady) as caught:
        await traded.bill(day)
    assert caught.value.params == {"provider": "alipay", "day": day.isoformat()}


async def test_a_late_bill_is_not_ready_and_comes_later(
    traded: AlipayProvider, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.NOT_READY))
    with pytest.raises(BillNotReady):
        await traded.bill(DAY)
    assert len(await traded.bill(DAY)) == 3


async def test_a_wrong_bill_is_read_as_it_is(traded: AlipayProvider, simulator: AlipaySimulator) -> None:
    simulator.add_fault(Fault(kind=FaultKind.SKIP_ROW, number="M2"))
    simulator.add_fault(Fault(kind=FaultKind.ALTER_ROW, number="R1"))
    assert facts(await traded.bill(DAY)) == [("payment", "M1", None, 12_345), ("refund", "M1", "R1", 2_344)]


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT, FaultKind.BAD_SIGNATURE, FaultKind.BUSY])
async def test_a_bill_without_a_believable_address_is_unavailable(
    traded: AlipayProvider, simulator: AlipaySimulator, kind: FaultKind
) -> None:
    simulator.add_fault(Fault(kind=kind))
    with pytest.raises(ProviderUnavailable) as caught:
        await traded.bill(DAY)
    assert not isinstance(caught.value, BillNotReady | ProviderRefused)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(404), "HTTP 404"),
        (httpx.Response(302, headers={"location": "http://elsewhere.test/"}), "HTTP 302"),
        (httpx.Response(200, content=b"<html>"), "the archive cannot be read"),
        (httpx.Response(200, content=bytes(70_000)), "the answer is too long"),
        (
            httpx.Response(200, content=packed(table(account="2088999999999999"))),
            "the bill is another seller's",
        ),
    ],
)
@pytest.mark.usefixtures("traded")
async def test_a_bill_that_cannot_be_fetched_whole_is_unavailable(
    simulator: AlipaySimulator,
    connect: Callable[..., AlipayProvider],
    monkeypatch: pytest.MonkeyPatch,
    answer: httpx.Response,
    reason: str,
) -> None:
    class Swapped(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                return await simulator.transport().handle_async_request(request)
            return answer

    monkeypatch.setattr("merx.payments.providers.alipay.provider.MAX_ARCHIVE", 65_536)
    provider = connect(http=httpx.AsyncClient(transport=Swapped()))
    with pytest.raises(ProviderUnavailable) as caught:
        await provider.bill(DAY)
    assert caught.value.params["reason"] == reason
