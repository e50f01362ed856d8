import re
from pathlib import Path

import httpx
import pytest

from merx.bench import store
from merx.bench.engine import command
from merx.bench.floor import read_rate, script
from merx.bench.load import Answered, read_answer
from merx.bench.model import BenchError, Line, Requirement
from merx.bench.notices import write_notices
from merx.bench.report import as_document, number
from merx.bench.web import provider_keys
from merx.kit.money import Money, tax_inside
from merx.payments.providers import ProviderStatus, WechatProvider
from merx.payments.providers.wechat.settings import SIMULATED


def test_a_ratio_is_the_figure_by_its_floor() -> None:
    line = Line("engine_orders", 5_000.0, "orders/s", 2_000.0, Requirement(least_ratio=2.0))
    assert line.ratio == 2.5
    assert line.ok


def test_a_line_below_its_share_of_the_floor_is_not_ok() -> None:
    assert not Line("engine_orders", 3_999.0, "orders/s", 2_000.0, Requirement(least_ratio=2.0)).ok


def test_a_line_that_needs_a_floor_and_has_none_is_not_ok() -> None:
    line = Line("engine_orders", 3_999.0, "orders/s", None, Requirement(least_ratio=2.0))
    assert line.ratio is None
    assert not line.ok


@pytest.mark.parametrize(("figure", "ok"), [(200.0, True), (200.1, False)])
def test_a_limit_holds_for_the_figure_itself(figure: float, *, ok: bool) -> None:
    assert Line("memory", figure, "MB", None, Requirement(most=200)).ok is ok


def test_the_document_has_the_lines_by_name() -> None:
    lines = [
        Line("hot_item", 2_345.678, "buyers/s", 3_000.0, Requirement(least_ratio=0.7)),
        Line("memory", 123.456, "MB", None, Requirement(most=200)),
    ]
    assert as_document(lines) == {
        "hot_item": {
            "figure": 2345.68, "unit": "buyers/s", "floor": 3000.0, "ratio": 0.782, "required": "≥ 0.7 ×", "ok": True,
        },
        "memory": {
            "figure": 123.46, "unit": "MB", "floor": None, "ratio": None, "required": "≤ 200", "ok": True,
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "text"), [(12_345.6, "12,346"), (99.94, "99.9"), (4.0, "4"), (0.0, "0"), (100.4, "100")]
)
def test_numbers_are_short(figure: float, text: str) -> None:
    assert number(figure) == text


PGBENCH = """transaction type: floor.pgbench
number of transactions actually processed: 128/128
number of failed transactions: 0 (0.000%)
tps = 2512.123456 (without initial connection time)
"""


def test_the_rate_of_pgbench_is_read() -> None:
    assert read_rate(PGBENCH, transactions=128) == 2512.123456


def test_a_pgbench_run_that_lost_transactions_is_refused() -> None:
    with pytest.raises(BenchError, match="did not finish"):
        read_rate(PGBENCH, transactions=129)


def test_the_floor_has_no_placeholder_left() -> None:
    for version, maker in ((180_000, "uuidv7()"), (160_004, "gen_random_uuid()")):
        text = script(version)
        assert not re.search(r"NEW_ID|CART_KIND|\bTOTAL\b", text)
        assert text.count(maker) == 8
        assert store.CART_KIND in text


WRK = """Running 4s test @ http://127.0.0.1:1
  1 threads and 64 connections
{"completed":100,"refused":7,"failed":0,"seconds":0.500000}
"""


def test_the_answer_of_wrk_is_read() -> None:
    assert read_answer(WRK, script="orders") == Answered(completed=100, failed=0, seconds=0.5, refused=7)


@pytest.mark.parametrize(
    "output",
    [
        "unable to connect",
        '{"completed":99,"failed":1,"seconds":0.5}\n500 fault',
        '{"completed":0,"failed":0,"seconds":0.5}',
    ],
)
def test_a_wrk_run_with_a_failure_or_without_an_answer_is_refused(output: str) -> None:
    with pytest.raises(BenchError):
        read_answer(output, script="orders")


def test_a_prepared_cart_is_found_by_its_number() -> None:
    assert str(command(255).cart_id) == f"{store.CART_KIND}-0000-0000-0000-0000000000ff"
    assert command(255).expected_total == 2 * store.PRICE + store.SHIPPING


def test_the_tax_of_the_past_is_that_of_the_shop() -> None:
    assert round(store.PRICE * 1300 / 11300) == tax_inside(store.PRICE, 1300)
    assert round(store.SHIPPING * 1300 / 11300) == tax_inside(store.SHIPPING, 1300)


def test_a_prepared_notice_is_one_the_shop_believes(tmp_path: Path) -> None:
    private, public = provider_keys(tmp_path)
    write_notices(tmp_path / "notices", ["26112100000000AAP1", "26112100000000BBP1"], tmp_path)
    provider = WechatProvider(
        app_id=SIMULATED["wechat_app_id"],
        mch_id=SIMULATED["wechat_mch_id"],
        cert_serial=SIMULATED["wechat_cert_serial"],
        private_key_pem=private.read_text(),
        api_v3_key=SIMULATED["wechat_api_v3_key"],
        base_url="http://127.0.0.1:9",
        http=httpx.AsyncClient(),
        public_key_id=SIMULATED["wechat_public_key_id"],
        public_key_pem=public.read_text(),
    )
    names = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature")
    read = []
    for line in (tmp_path / "notices").read_text(encoding="utf-8").splitlines():
        *head, body = line.split("\t")
        read.append(provider.parse_notice(dict(zip(names, head, strict=True)), body.encode()))
    assert [notice.number for notice in read] == ["26112100000000AAP1", "26112100000000BBP1"]
    assert {(notice.status, notice.amount) for notice in read} == {
        (ProviderStatus.CAPTURED, Money(store.TOTAL, store.CURRENCY))
    }
    assert len({notice.provider_reference for notice in read}) == 2
