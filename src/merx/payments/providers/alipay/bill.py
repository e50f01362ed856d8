"""Reading Alipay's daily bill: a ZIP with a table in GBK between lines that start with #. Pure.

Everything is bounded, also what an archive unpacks to, and a bill that is cut short is refused: it must carry its end
mark and the counts of its own footer. A row that is missing for any other reason is for the comparison to find.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final

from merx.kit.money import MalformedAmount, Money, parse_decimal
from merx.payments.providers.alipay.fields import CURRENCY, parse_time
from merx.payments.providers.model import BillRow

MAX_ARCHIVE: Final = 64 * 1024 * 1024
"""The largest archive that is read, in bytes."""
_MAX_TABLE: Final = 512 * 1024 * 1024
_MAX_LINE: Final = 16 * 1024
_MAX_FILES: Final = 20
_TITLE: Final = "#支付宝业务明细查询"
_END: Final = "业务明细列表结束"
_ACCOUNT: Final = re.compile(r"#账号：\[([0-9]+)\]", re.ASCII)
_COUNT: Final = re.compile(r"#(交易|退款)合计：([0-9]{1,9})笔", re.ASCII)
_KINDS: Final = {"交易": "payment", "退款": "refund"}
_SUBJECT: Final = "商品名称"
_COLUMNS: Final = (
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    _SUBJECT,
    "完成时间",
    "订单金额",
    "退款批次号/请求号",
    "服务费",
)


def read_bill(archive: bytes, *, seller_id: str) -> list[BillRow]:
    """The rows of a bill, payments and refunds, in its order. Raises ValueError when it is not this seller's whole bill."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            for member in files.infolist()[:_MAX_FILES]:
                lines = _lines(files, member)
                if next(lines, "").startswith(_TITLE):
                    return _rows(lines, seller_id)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
        raise ValueError("the archive cannot be read") from problem
    raise ValueError("the archive holds no list of trades")


def _opened(files: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return files.open(member)
    except ValueError as problem:  # a place that lies outside the archive
        raise zipfile.BadZipFile(member.filename) from problem


def _lines(files: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[str]:
    size = 0
    with io.BufferedReader(_opened(files, member)) as file:  # type: ignore[type-var]  # it is readable, which is all that counts
        while raw := file.readline(_MAX_LINE + 1):
            size += len(raw)
            if len(raw) > _MAX_LINE or size > _MAX_TABLE:
                raise ValueError("the bill is too long")
            # GB18030 reads everything that is GBK.
            yield raw.decode("gb18030").strip("\r\n")


def _rows(lines: Iterator[str], seller_id: str) -> list[BillRow]:
    header: list[str] | None = None
    rows: list[BillRow] = []
    for line in lines:
        if line.startswith("#") and _END in line:
            break
        if (account := _ACCOUNT.match(line)) and not account[1].startswith(seller_id):
            raise ValueError("the bill is another seller's")
        if line.startswith("#") or not line.strip():
            continue
        if header is None:
            header = _header(line)
        else:
            rows.append(_row(_named(line, header)))
    else:
        raise ValueError("the bill has no end")
    _check_counts(lines, rows)
    return rows


def _check_counts(footer: Iterator[str], rows: list[BillRow]) -> None:
    stated = {_KINDS[found[1]]: int(found[2]) for line in footer if (found := _COUNT.match(line))}
    for kind in ("payment", "refund"):
        if stated.get(kind) != sum(1 for row in rows if row.kind == kind):
            raise ValueError(f"the bill does not hold the {kind}s it counts")


def _header(line: str) -> list[str]:
    names = [name.strip().removesuffix("（元）").removesuffix("(元)") for name in line.split(",")]
    if missing := [name for name in _COLUMNS if name not in names]:
        raise ValueError(f"the bill lacks the column {missing[0]}")
    return names


def _named(line: str, header: list[str]) -> dict[str, str]:
    values = line.split(",")
    # Nothing is quoted: commas that are too many belong to the one free text, the subject.
    if (more := len(values) - len(header)) > 0:
        at = header.index(_SUBJECT)
        values[at : at + more + 1] = [",".join(values[at : at + more + 1])]
    if len(values) != len(header):
        raise ValueError("a row of the bill has the wrong length")
    return {name: value.strip() for name, value in zip(header, values, strict=True)}


def _row(row: dict[str, str]) -> BillRow:
    kind = _KINDS.get(row["业务类型"])
    if kind is None or not row["商户订单号"] or not row["支付宝交易号"]:
        raise ValueError("a row of the bill is neither a payment nor a refund of one")
    return BillRow(
        kind="payment" if kind == "payment" else "refund",
        number=row["商户订单号"],
        refund_number=(row["退款批次号/请求号"] or None) if kind == "refund" else None,
        reference=row["支付宝交易号"],
        amount=Money(abs(_fen(row["订单金额"])), CURRENCY),
        # From the seller's side: what Alipay keeps is negative there.
        fee=Money(-_fen(row["服务费"]), CURRENCY),
        at=parse_time(row["完成时间"]),
    )


def _fen(text: str) -> int:
    try:
        fen = parse_decimal(text.removeprefix("-"), CURRENCY).amount
    except MalformedAmount as problem:
        raise ValueError("a row of the bill has no amount in yuan") from problem
    return -fen if text.startswith("-") else fen
