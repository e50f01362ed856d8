"""Bills as the simulated Alipay makes them: the files byte for byte, addresses that work once, and faults."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.world.merchant import Calls

from merx.simulators import AlipaySimulator

BILL = "alipay.data.dataservice.bill.downloadurl.query"
READY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
async def traded(calls: Calls, simulator: AlipaySimulator) -> Calls:
    """A day with one payment of 8.80 yuan and a refund of 0.80, on the next morning."""
    await calls.open()
    simulator.pay("M1")
    await calls.api("alipay.trade.refund", out_trade_no="M1", refund_amount="0.80", out_request_no="R1")
    simulator.clock.set(READY, freeze=True)
    return calls


async def ask(calls: Calls, **content: object) -> dict[str, Any]:
    return await calls.api(BILL, **({"bill_type": "trade", "bill_date": "2026-03-01"} | content))


async def fetch(calls: Calls, web: httpx.AsyncClient) -> httpx.Response:
    return await web.get((await ask(calls))["bill_download_url"])


def lines(archive: bytes, ending: str) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(archive), metadata_encoding="gbk") as files:
        (name,) = [name for name in files.namelist() if name.endswith(ending)]
        return files.read(name).decode("gbk").split("\r\n")


async def test_the_files_are_a_list_and_a_summary_in_gbk(
    traded: Calls, web: httpx.AsyncClient, simulator: AlipaySimulator
) -> None:
    answer = await fetch(traded, web)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content), metadata_encoding="gbk") as files:
        assert files.testzip() is None
        assert files.namelist() == [
            "20880001000000020156_20260301_业务明细.csv",
            "20880001000000020156_20260301_业务明细(汇总).csv",
        ]
    trade_no = simulator.list_trades()[0].trade_no
    detail = lines(answer.content, "明细.csv")
    assert detail[:3] == [
        "#支付宝业务明细查询",
        "#账号：[20880001000000020156]",
        "#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年03月02日 00:00:00]",
    ]
    times = "2026-03-01 12:00:00,2026-03-01 12:00:00"
    rest = "0.00,0.00,0.00,0.00,0.00,,0.00,0.00"
    assert detail[5:7] == [
        f"{trade_no}\t,M1\t,交易,铁观音 <b>250g</b>,{times},,,,,*拟(sim***@example.com),8.80,8.80,{rest},,-0.05,0.00,",
        f"{trade_no}\t,M1\t,退款,铁观音 <b>250g</b>,{times},,,,,*拟(sim***@example.com),-0.80,-0.80,{rest},R1\t,0.00,0.00,",
    ]
    assert detail[8:] == [
        "#交易合计：1笔，商家实收共8.80元，商家优惠共0.00元",
        "#退款合计：1笔，商家实收退款共-0.80元，商家优惠退款共0.00元",
        "#导出时间：[2026年03月02日 09:00:00]",
        "",
    ]
    assert lines(answer.content, "(汇总).csv")[5] == "合计,,1,1,8.00,8.00,0.00,0.00,0.00,-0.05,0.00,7.95"


async def test_an_address_works_once_and_for_half_a_minute(
    traded: Calls, web: httpx.AsyncClient, simulator: AlipaySimulator
) -> None:
    used, slow = [(await ask(traded))["bill_download_url"] for _ in range(2)]
    assert [(await web.get(used)).status_code for _ in range(2)] == [200, 404]
    simulator.clock.advance(timedelta(seconds=30))
    assert (await web.get(slow)).status_code == 404
    assert (await web.get("/downloadBillFile.resource")).status_code == 404


@pytest.mark.parametrize(
    ("content", "sub_code"),
    [
        ({"bill_date": "2026-03-02"}, "isp.bill_not_exist"),
        ({"bill_date": "2026-03"}, "isv.invalid-arguments"),
        ({"bill_date": "20260301"}, "isv.invalid-arguments"),
        ({"bill_type": "signcustomer"}, "isv.invalid-arguments"),
    ],
)
async def test_what_has_no_bill_is_refused(traded: Calls, content: dict[str, str], sub_code: str) -> None:
    answer = await ask(traded, **content)
    assert (answer["code"], answer["sub_code"]) == ("40004", sub_code)


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ({"kind": "skip_row"}, [("退款", "-0.80")]),
        ({"kind": "skip_row", "number": "R1"}, [("交易", "8.80")]),
        ({"kind": "skip_row", "times": 2}, []),
        ({"kind": "alter_row", "number": "M1"}, [("交易", "8.81"), ("退款", "-0.80")]),
        ({"kind": "alter_row", "number": "M2"}, [("交易", "8.80"), ("退款", "-0.80")]),
    ],
)
async def test_a_bill_can_lack_a_row_or_say_a_cent_more(
    traded: Calls, web: httpx.AsyncClient, fault: dict[str, object], kinds: list[tuple[str, str]]
) -> None:
    await web.post("/control/faults", json=fault)
    rows = [line.split(",") for line in lines((await fetch(traded, web)).content, "明细.csv")[5:]]
    assert [(row[2], row[11]) for row in rows if len(row) == 25] == kinds


async def test_a_bill_can_be_late(traded: Calls, web: httpx.AsyncClient) -> None:
    await web.post("/control/faults", json={"kind": "not_ready"})
    assert (await ask(traded))["sub_code"] == "isp.bill_not_exist"
    assert (await ask(traded))["code"] == "10000"


async def test_a_bill_holds_what_happened_on_its_day_in_china(
    calls: Calls, web: httpx.AsyncClient, simulator: AlipaySimulator
) -> None:
    last = datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)
    simulator.clock.set(last, freeze=True)
    for number in ("M1", "M2"):
        await calls.open(number, time_expire=None)
        simulator.pay(number)
        simulator.clock.advance(timedelta(seconds=1))
    simulator.clock.set(READY, freeze=True)
    detail = lines((await fetch(calls, web)).content, "明细.csv")
    assert [line.split(",")[1] for line in detail[5:6]] == ["M1\t"]
    assert detail[7].startswith("#交易合计：1笔")
