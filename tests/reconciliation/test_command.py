"""`merx reconcile`: what it prints and how it exits."""

import io
from datetime import date

import pytest
from rich.console import Console
from tests.world.books import Books
from tests.world.shop import total_of

from merx.commands.reconcile import reconcile_and_show, run_reconcile
from merx.configuration import load_settings
from merx.kit.money import Money
from merx.simulators.alipay.model import Fault, FaultKind


async def run(books: Books, provider: str = "alipay", day: date | None = None) -> tuple[int, str]:
    out = io.StringIO()
    code = await reconcile_and_show(
        books.db, books.providers, provider=provider, day=day, now=books.now, console=Console(file=out, width=120)
    )  # fmt: skip
    return code, out.getvalue()


async def test_a_bill_that_agrees_is_shown_and_exits_with_0(books: Books) -> None:
    await books.refunded(await books.paid())
    books.wait(days=1)
    code, printed = await run(books)
    assert code == 0
    assert "alipay 2026-11-21: 2 rows, 2 matched" in printed
    fen = total_of({"TEA": 1})
    total, fee = (Money(each, "CNY").decimal() for each in (fen, (fen * 6 + 500) // 1000))
    words = printed.split()
    assert words[words.index("CNY") :][:6] == ["CNY", "1", total, "1", total, fee]
    assert "nothing is open" in printed


async def test_an_open_difference_exits_with_1(books: Books) -> None:
    await books.paid("wechat")
    books.wait(days=1)
    books.alipay.add_fault(Fault(kind=FaultKind.SKIP_ROW))
    await books.paid("alipay")
    books.wait(days=1)
    code, printed = await run(books, "alipay_qr", date(2026, 11, 22))
    assert code == 1
    assert "1 differences are open" in printed


@pytest.mark.parametrize(
    ("provider", "day", "says"),
    [
        ("cash_on_delivery", None, "Those that do: alipay, card, wechat."),
        ("alipay", date(2026, 11, 22), "is not over"),
        ("alipay", None, "could not be read: the provider has not made it yet"),
    ],
)
async def test_without_a_bill_a_sentence_says_what_to_do(
    books: Books, capsys: pytest.CaptureFixture[str], provider: str, day: date | None, says: str
) -> None:
    books.wait(hours=16)  # half past eight in the morning in China
    assert await run(books, provider, day) == (2, "")
    assert says in " ".join(capsys.readouterr().err.split())


async def test_a_shop_without_providers_is_told_so(
    worker_dsn: str, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    settings = load_settings({"MERX_HOME": str(tmp_path)})
    assert await run_reconcile(settings, worker_dsn, provider="alipay", day=None) == 2
    assert "none is configured" in capsys.readouterr().err
