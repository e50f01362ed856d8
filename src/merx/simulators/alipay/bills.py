"""The daily bill: a ZIP of tables in GBK, behind an address that works once and not for long."""

import io
import secrets
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec

from merx.simulators.alipay import wire
from merx.simulators.alipay.book import Refused
from merx.simulators.alipay.model import FaultKind, Merchant, Trade
from merx.simulators.alipay.store import Store

_VALID = timedelta(seconds=30)
_READY_AFTER = timedelta(hours=9)
_FEE_PER_MILLE = 6
_HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_SUMMARY_HEADER = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,"
    "卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
)


class BillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of money: a payment, or a refund with its number; refunds are negative."""

    trade: Trade
    request_number: str | None
    amount_fen: int
    fee_fen: int
    at: datetime


class BillDesk:
    """Makes bills of finished days and hands each one out once."""

    def __init__(self, store: Store, merchants: Iterable[Merchant]) -> None:
        self._store = store
        self._sellers = {merchant.app_id: merchant.seller_id for merchant in merchants}
        self._waiting: dict[str, tuple[datetime, str, bytes]] = {}

    def prepare(self, merchant: Merchant, day: date, now: datetime) -> str:
        """Make the bill of a day and return the token its address ends in; Refused while it is not ready."""
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), wire.CHINA)
        if now < midnight + _READY_AFTER or self._taken(FaultKind.NOT_READY, None):
            raise Refused("isp.bill_not_exist")
        lines = self._faulty(self._lines(merchant.seller_id, midnight))
        token = secrets.token_urlsafe(24)
        name = f"{merchant.seller_id}0156_{day:%Y%m%d}"
        self._waiting = {key: kept for key, kept in self._waiting.items() if kept[0] > now}
        self._waiting[token] = (now + _VALID, f"{name}.csv.zip", bill_archive(name, lines, midnight, now))
        return token

    def take(self, token: str, now: datetime) -> tuple[str, bytes] | None:
        """The name and the bytes of a prepared bill, once and while its address is valid; else None."""
        until, name, archive = self._waiting.pop(token, (now, "", b""))
        return (name, archive) if now < until else None

    def _lines(self, seller_id: str, midnight: datetime) -> list[BillLine]:
        start, lines = midnight - timedelta(days=1), []
        for trade in self._store.trades.values():
            if self._sellers.get(trade.app_id) != seller_id:
                continue
            if trade.paid_at is not None and start <= trade.paid_at < midnight:
                fee = (trade.amount_fen * _FEE_PER_MILLE + 500) // 1000
                lines.append(
                    BillLine(
                        trade=trade,
                        request_number=None,
                        amount_fen=trade.amount_fen,
                        fee_fen=-fee,
                        at=trade.paid_at,
                    )
                )
            lines += [
                BillLine(
                    trade=trade,
                    request_number=refund.request_number,
                    amount_fen=-refund.amount_fen,
                    fee_fen=0,
                    at=refund.done_at,
                )
                for refund in trade.refunds
                if start <= refund.done_at < midnight
            ]
        return sorted(lines, key=lambda line: line.at)

    def _faulty(self, lines: list[BillLine]) -> list[BillLine]:
        """The lines as a wrong bill shows them: one left out, one with a cent more, as the faults say."""
        done: list[BillLine] = []
        for line in lines:
            if self._taken(FaultKind.SKIP_ROW, line):
                continue
            wrong = self._taken(FaultKind.ALTER_ROW, line)
            done.append(msgspec.structs.replace(line, amount_fen=line.amount_fen + 1) if wrong else line)
        return done

    def _taken(self, kind: FaultKind, line: BillLine | None) -> bool:
        # A refund is named by its own number, because its line carries the payment's, too.
        name = None if line is None else line.request_number or line.trade.number
        for fault in self._store.faults:
            if fault.kind is kind and fault.number in (None, name):
                self._store.use(fault)
                return True
        return False


def bill_archive(name: str, lines: Sequence[BillLine], midnight: datetime, now: datetime) -> bytes:
    """The ZIP with the list and its summary, both GBK with CRLF; the file names are GBK, too."""
    files = {
        f"{name}_业务明细.csv": _table("业务明细查询", "业务明细列表", name, midnight, _detail(lines), now),
        f"{name}_业务明细(汇总).csv": _table(
            "业务汇总查询", "业务汇总列表", name, midnight, _summary(lines), now
        ),
    }
    archive = io.BytesIO()
    stand_ins: dict[bytes, bytes] = {}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number, (file_name, text) in enumerate(files.items()):
            # zipfile writes other than ASCII names as UTF-8 only: hold the place with as many bytes, then fill it.
            raw = file_name.encode("gbk")
            stand_in = f"{number}".rjust(len(raw), "~")
            stand_ins[stand_in.encode()] = raw
            entry = zipfile.ZipInfo(stand_in, now.astimezone(wire.CHINA).timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, text.encode("gbk", "replace"))
    packed = archive.getvalue()
    for stand_in_bytes, raw in stand_ins.items():
        packed = packed.replace(stand_in_bytes, raw)
    return packed


def _table(
    title: str, section: str, name: str, midnight: datetime, body: tuple[list[str], list[str]], now: datetime
) -> str:
    rows, footer = body
    start = midnight - timedelta(days=1)
    head = [
        f"#支付宝{title}",
        f"#账号：[{name.partition('_')[0]}]",
        f"#起始日期：[{start:%Y年%m月%d日 %H:%M:%S}]   终止日期：[{midnight:%Y年%m月%d日 %H:%M:%S}]",
        f"#{section.center(92, '-')}",
    ]
    end = [
        f"#{(section + '结束').center(90, '-')}",
        *footer,
        f"#导出时间：[{now.astimezone(wire.CHINA):%Y年%m月%d日 %H:%M:%S}]",
    ]
    return "".join(f"{line}\r\n" for line in (*head, *rows, *end))


def _detail(lines: Sequence[BillLine]) -> tuple[list[str], list[str]]:
    paid = [line.amount_fen for line in lines if line.request_number is None]
    back = [line.amount_fen for line in lines if line.request_number is not None]
    footer = [
        f"#交易合计：{len(paid)}笔，商家实收共{_yuan(sum(paid))}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{_yuan(sum(back))}元，商家优惠退款共0.00元",
    ]
    return [_HEADER, *(_row(line) for line in lines)], footer


def _row(line: BillLine) -> str:
    trade, amount = line.trade, _yuan(line.amount_fen)
    kind = "交易" if line.request_number is None else "退款"
    times = [wire.china_time(trade.created_at), wire.china_time(line.at)]
    people = ["", "", "", "", "*拟(sim***@example.com)"]
    request = "" if line.request_number is None else f"{line.request_number}\t"
    # Long numbers end in a tab, so that spreadsheets do not round them.
    return ",".join(
        [
            f"{trade.trade_no}\t",
            f"{trade.number}\t",
            kind,
            trade.subject,
            *times,
            *people,
            *(amount, amount),
            *["0.00"] * 5,
            *("", "0.00", "0.00"),
            *(request, _yuan(line.fee_fen), "0.00", ""),
        ]
    )


def _summary(lines: Sequence[BillLine]) -> tuple[list[str], list[str]]:
    total, fees = sum(line.amount_fen for line in lines), sum(line.fee_fen for line in lines)
    refunds = sum(1 for line in lines if line.request_number is not None)
    counts = f"{len(lines) - refunds},{refunds}"
    amounts = [_yuan(fen) for fen in (total, total, 0, 0, 0, fees, 0, total + fees)]
    return [_SUMMARY_HEADER, f"合计,,{counts},{','.join(amounts)}"], []


def _yuan(fen: int) -> str:
    return f"-{wire.yuan(-fen)}" if fen < 0 else wire.yuan(fen)
