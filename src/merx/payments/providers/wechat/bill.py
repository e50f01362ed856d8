"""WeChat Pay's bills: text files with named columns, a backtick before each value, two lines of totals. Pure."""

import hashlib
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

import msgspec

from merx.kit.money import Money
from merx.payments.providers.model import BillRow
from merx.payments.providers.wechat.fields import CHINA, CURRENCY, MAX_FEN

_GZIP_MAGIC: Final = b"\x1f\x8b"
_MARK: Final = "`"
_SEPARATOR: Final = ",`"
_NOT_DONE: Final = frozenset({"PROCESSING", "FAIL", "CHANGE"})
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)


class FundFlowRow(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of the merchant's balance. `number` is the business voucher: ours of a payment or refund."""

    reference: str
    flow_number: str
    business: str
    direction: Literal["in", "out"]
    amount: Money
    balance: Money
    number: str
    at: datetime


def unpack(file: bytes, *, sha1: str, limit: int) -> str:
    """The text of a downloaded bill, unzipped when it is a gzip file, after its hash is checked.

    Raises ValueError when it is not the file whose hash the provider signed, or longer than `limit` bytes.
    """
    raw = _gunzipped(file, limit) if file.startswith(_GZIP_MAGIC) else file
    # The provider's hash is of the text, not of the packed file. SHA-1 is its choice; the hash itself was signed.
    if hashlib.sha1(raw, usedforsecurity=False).hexdigest() != sha1.lower():
        raise ValueError("the bill is not the one whose hash was given")
    return raw.decode("utf-8-sig")


def read_trade_bill(text: str, *, app_id: str, mch_id: str) -> list[BillRow]:
    """Payments and refunds of an ALL bill, in its order. Rows of another application or merchant are left out.

    Raises ValueError when the file is not a complete bill.
    """
    rows, totals = _table(text, "总交易单数")
    if int(totals["总交易单数"]) != len(rows):
        raise ValueError("the bill is not complete")
    ours = [row for row in rows if (row["公众账号ID"], row["商户号"]) == (app_id, mch_id)]
    return [_trade_row(row) for row in ours]


def read_fund_flow_bill(text: str) -> list[FundFlowRow]:
    """Movements of the balance, in the bill's order. Raises ValueError when the file is not a complete bill."""
    rows, totals = _table(text, "资金流水总笔数")
    if int(Decimal(totals["资金流水总笔数"])) != len(rows):
        raise ValueError("the bill is not complete")
    return [_flow_row(row) for row in rows]


def _gunzipped(file: bytes, limit: int) -> bytes:
    # A stream, so that a small file cannot unpack to more than we can hold.
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        raw = unzip.decompress(file, limit)
    except zlib.error as problem:
        raise ValueError("the bill cannot be unpacked") from problem
    if unzip.unconsumed_tail or not unzip.eof:
        raise ValueError("the bill is too long, or cut off")
    return raw


def _table(text: str, total_name: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The rows by column name, and the totals. The order of columns is not fixed, so only names count."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 3:
        raise ValueError("the bill has no totals")
    head = [name.strip(_MARK).strip() for name in lines[0].split(",")]
    total_head = [name.strip(_MARK).strip() for name in lines[-2].split(",")]
    if total_name not in total_head:
        raise ValueError("the bill has no totals")
    totals = dict(zip(total_head, next(_values(lines[-1:])), strict=True))
    return [dict(zip(head, values, strict=True)) for values in _values(lines[1:-2])], totals


def _values(lines: list[str]) -> Iterator[list[str]]:
    for line in lines:
        if not line.startswith(_MARK):
            raise ValueError("a line is not one of a bill")
        yield [value.strip() for value in line.removeprefix(_MARK).split(_SEPARATOR)]


def _trade_row(row: dict[str, str]) -> BillRow:
    try:
        if row["货币种类"] != CURRENCY:
            raise ValueError("a row is not in Chinese yuan")
        at, fee = _time(row["交易时间"]), _money(row["手续费"])
        state = row["交易状态"]
        if state == "SUCCESS":
            return BillRow(
                kind="payment",
                number=row["商户订单号"],
                refund_number=None,
                reference=row["微信订单号"],
                amount=_amount(row.get("订单金额") or row["应结订单金额"]),
                fee=fee,
                at=at,
            )
        if state in ("REFUND", "REVOKED"):
            refund_number = row["商户退款单号"]
            return BillRow(
                kind="refund",
                number=row["商户订单号"],
                # A payment taken back at a till has no refund number.
                refund_number=None if refund_number in ("", "0") else refund_number,
                reference=row["微信退款单号"],
                amount=_amount(row.get("申请退款金额") or row["退款金额"]),
                fee=fee,
                at=at,
                done=row["退款状态"] not in _NOT_DONE,
            )
    except KeyError as missing:
        raise ValueError(f"the bill has no column {missing.args[0]}") from None
    raise ValueError("a row has an unknown state")


def _flow_row(row: dict[str, str]) -> FundFlowRow:
    try:
        direction: Literal["in", "out"] = "in" if row["收支类型"] == "收入" else "out"
        return FundFlowRow(
            reference=row["微信支付业务单号"],
            flow_number=row["资金流水单号"],
            business=row["业务类型"],
            direction=direction,
            amount=_money(row["收支金额(元)"]),
            balance=_money(row["账户结余(元)"]),
            number=row["业务凭证号"],
            at=_time(row["记账时间"]),
        )
    except KeyError as missing:
        raise ValueError(f"the bill has no column {missing.args[0]}") from None


def _amount(text: str) -> Money:
    amount = _money(text)
    if not 0 < amount.amount <= MAX_FEN:
        raise ValueError("an amount is outside the range of a payment")
    return amount


def _money(text: str) -> Money:
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError("not an amount")
    # Fees are written with five places; the provider itself rounds them half up to whole fen.
    return Money(int((Decimal(text) * 100).quantize(Decimal(1), ROUND_HALF_UP)), CURRENCY)


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).astimezone(UTC)
