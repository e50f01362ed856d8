"""The provider's daily bills as text: every payment and refund of a Chinese day, and every movement of the balance."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from merx.simulators.wechat import wire
from merx.simulators.wechat.model import Order, Refund

_TRADE_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注"
)
_TRADE_TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
_FLOW_COLUMNS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,"
    "业务凭证号"
)
_FLOW_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
_FEE_PER_MILLE = 6
_STATUS = {"SUCCESS": "SUCCESS", "PROCESSING": "PROCESSING", "CLOSED": "FAIL", "ABNORMAL": "CHANGE"}

TradeEntry = tuple[datetime, Order, Refund | None]


def fee_of(fen: int) -> int:
    """What the provider keeps of an amount: 0.6 %, rounded half up to whole fen."""
    return (fen * _FEE_PER_MILLE + 500) // 1000


def named(entry: TradeEntry) -> str:
    """The merchant's number of an entry: a refund has its own."""
    _, order, refund = entry
    return order.number if refund is None else refund.refund_number


def trade_entries(orders: Iterable[Order], *, mch_id: str, day: date, kind: str) -> list[TradeEntry]:
    """What belongs in a trade bill of this day: `kind` is ALL, SUCCESS or REFUND. In order of time."""
    entries: list[TradeEntry] = []
    for order in orders:
        if order.mch_id != mch_id or order.paid_at is None:
            continue
        if kind != "REFUND" and _is_on(order.paid_at, day):
            entries.append((order.paid_at, order, None))
        if kind != "SUCCESS":
            entries += [
                (each.created_at, order, each) for each in order.refunds if _is_on(each.created_at, day)
            ]
    return sorted(entries, key=lambda entry: entry[0])


def trade_bill(entries: list[TradeEntry], *, altered: int | None, now: datetime) -> str:
    """The trade bill. The row with index `altered` carries an amount that is one fen too high."""
    rows, paid, refunded, fees = [], 0, 0, 0
    for index, (at, order, refund) in enumerate(entries):
        wrong = 1 if index == altered else 0
        fen = (order.amount_fen if refund is None else refund.amount_fen) + wrong
        fee = fee_of(fen - wrong) * (1 if refund is None else -1)
        paid += fen if refund is None else 0
        refunded += 0 if refund is None else fen
        fees += fee
        rows.append(_trade_row(at, order, refund, fen, fee, now))
    totals = [str(len(rows)), wire.yuan(paid), wire.yuan(refunded), "0.00", _fee(fees), wire.yuan(paid)]
    return _text(_TRADE_COLUMNS, rows, _TRADE_TOTALS, [*totals, wire.yuan(refunded)])


def fund_flow_bill(orders: Iterable[Order], *, mch_id: str, day: date) -> str | None:
    """The bill of the basic account; None when nothing moved that day. The account began empty."""
    moves = sorted(_moves(order for order in orders if order.mch_id == mch_id))
    balance, rows = 0, []
    incomes: list[int] = []
    outgoings: list[int] = []
    for number, (at, business, fen, reference, voucher) in enumerate(moves, start=1):
        balance += fen
        if not _is_on(at, day):
            continue
        (incomes if fen > 0 else outgoings).append(abs(fen))
        rows.append(
            [
                *(wire.china_time(at), reference, f"90000{number:023d}"),
                *(business, business, "收入" if fen > 0 else "支出", wire.yuan(abs(fen)), wire.yuan(balance)),
                *("system", "", voucher),
            ]
        )
    if not rows:
        return None
    sums = [len(incomes), wire.yuan(sum(incomes)), len(outgoings), wire.yuan(sum(outgoings))]
    return _text(_FLOW_COLUMNS, rows, _FLOW_TOTALS, [str(each) for each in (len(rows), *sums)])


def _moves(orders: Iterable[Order]) -> Iterable[tuple[datetime, str, int, str, str]]:
    for order in orders:
        if order.paid_at is None:
            continue
        fee = fee_of(order.amount_fen)
        yield order.paid_at, "交易", order.amount_fen, order.transaction_id, order.number
        if fee:
            yield order.paid_at, "扣除交易手续费", -fee, order.transaction_id, order.number
        for refund in order.refunds:
            if refund.outcome == "SUCCESS":
                back = fee_of(refund.amount_fen)
                yield (
                    refund.created_at,
                    "退款",
                    back - refund.amount_fen,
                    refund.refund_id,
                    refund.refund_number,
                )


def _trade_row(
    at: datetime, order: Order, refund: Refund | None, fen: int, fee: int, now: datetime
) -> list[str]:
    common = [
        *(wire.china_time(at), order.app_id, order.mch_id, "0", "", order.transaction_id, order.number),
        *(order.openid, order.way.trade_type),
    ]
    name = order.description.replace("`", " ")
    if refund is None:
        return [
            *(*common, "SUCCESS", "OTHERS", "CNY", wire.yuan(fen), "0.00", "0", "0", "0.00", "0.00", "", ""),
            *(name, order.attach, _fee(fee), "0.60%", wire.yuan(fen), "0.00", ""),
        ]
    return [
        *(*common, "REFUND", "OTHERS", "CNY", "0.00", "0.00", refund.refund_id, refund.refund_number),
        *(wire.yuan(fen), "0.00", "ORIGINAL", _STATUS[refund.status(now)]),
        *(name, order.attach, _fee(fee), "0.60%", "0.00", wire.yuan(fen), ""),
    ]


def _text(columns: str, rows: list[list[str]], total_columns: str, totals: list[str]) -> str:
    lines = [",".join(f"`{value}" for value in row) for row in [*rows, totals]]
    return "\r\n".join([columns, *lines[:-1], total_columns, lines[-1]]) + "\r\n"


def _fee(fen: int) -> str:
    return f"{wire.yuan(fen)}000"


def _is_on(instant: datetime, day: date) -> bool:
    return instant.astimezone(wire.CHINA).date() == day


def ready_at(day: date) -> datetime:
    """From when the bills of a day can be had: ten o'clock of the next."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time().replace(hour=10), wire.CHINA)
