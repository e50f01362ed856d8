"""The provider's book of orders: what a merchant or a payer may do to one, and when."""

import secrets
from datetime import datetime, timedelta

from merx.simulators.wechat import wire
from merx.simulators.wechat.model import Order, Refund, TradeState, Way
from merx.simulators.wechat.notices import NoticeDesk
from merx.simulators.wechat.store import Store

_DEFAULT_LIFE = timedelta(days=7)
_MOST_REFUNDS = 50


class Refused(Exception):
    """The provider's business refusal: HTTP status and code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class Book:
    """All orders, read as of an instant: an order past its deadline is closed, whoever looks first."""

    def __init__(self, store: Store, notices: NoticeDesk) -> None:
        self._store = store
        self._notices = notices

    def order(self, wanted: Order, now: datetime) -> Order:
        """Register an order; the same one again is the same. Raises Refused when its number is taken."""
        known = self._store.orders.get((wanted.mch_id, wanted.number))
        if known is None:
            if wanted.expires_at <= now:
                raise Refused(400, "PARAM_ERROR", "time_expire 已过")
            self._store.save_order(wanted)
            return wanted
        known = self._as_of(known, now)
        if known.state in (TradeState.SUCCESS, TradeState.REFUND):
            raise Refused(400, "ORDERPAID", "该订单已支付")
        if known.state is TradeState.CLOSED:
            raise Refused(400, "ORDER_CLOSED", "该订单已关闭")
        if (known.way, known.amount_fen, known.description) != (
            wanted.way,
            wanted.amount_fen,
            wanted.description,
        ):
            raise Refused(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        return known

    def new_order(
        self,
        *,
        merchant: tuple[str, str],
        number: str,
        way: Way,
        description: str,
        amount_fen: int,
        expires_at: datetime | None,
        notify_url: str,
        attach: str,
        openid: str,
        now: datetime,
    ) -> Order:
        """An order that is not in the book yet; `merchant` is application and merchant id."""
        return Order(
            app_id=merchant[0],
            mch_id=merchant[1],
            number=number,
            transaction_id=f"42000{now.astimezone(wire.CHINA):%Y%m%d}{secrets.randbelow(10**15):015d}",
            token=secrets.token_hex(12),
            way=way,
            description=description,
            amount_fen=amount_fen,
            state=TradeState.NOTPAY,
            created_at=now,
            expires_at=expires_at or now + _DEFAULT_LIFE,
            notify_url=notify_url,
            attach=attach,
            openid=openid or "oSimulatedPayer000000000001",
        )

    def by_token(self, token: str, now: datetime) -> Order | None:
        """The order of a code, a link or a prepay id."""
        order = self._store.by_token.get(token)
        return None if order is None else self._as_of(order, now)

    def find(self, mch_id: str, *, number: str | None, transaction_id: str | None, now: datetime) -> Order:
        """The merchant's order by either number; an unpaid one only by the merchant's. Raises Refused."""
        order = (
            self._store.by_transaction.get(transaction_id)
            if transaction_id
            else self._store.orders.get((mch_id, number or ""))
        )
        if order is None or order.mch_id != mch_id or (transaction_id and order.paid_at is None):
            raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
        return self._as_of(order, now)

    def by_number(self, number: str, now: datetime) -> Order | None:
        """An order of any merchant by the merchant's number."""
        for order in self._store.orders.values():
            if order.number == number:
                return self._as_of(order, now)
        return None

    def pay(self, order: Order, now: datetime) -> None:
        """The payer pays. Paying a paid order again changes nothing; a closed one is Refused."""
        order = self._as_of(order, now)
        if order.state is TradeState.CLOSED:
            raise Refused(400, "ORDER_CLOSED", "该订单已关闭")
        if order.state is not TradeState.NOTPAY:
            return
        order.state, order.paid_at = TradeState.SUCCESS, now
        self._store.save_order(order)
        self._notices.announce_payment(order, now)

    def close(self, order: Order, now: datetime) -> None:
        """The merchant closes an unpaid order; Refused when it is paid or closed."""
        order = self._as_of(order, now)
        if order.state is TradeState.CLOSED:
            raise Refused(400, "ORDER_CLOSED", "订单已关闭")
        if order.state is not TradeState.NOTPAY:
            raise Refused(400, "ORDER_PAID", "订单已支付")
        order.state, order.closed_at = TradeState.CLOSED, now
        self._store.save_order(order)

    def refund(self, order: Order, wanted: Refund, *, total_fen: int, now: datetime) -> Refund:
        """Give back a part or the whole; a known number gives the refund made then, and a failed one is tried again.

        Raises Refused when the order is not paid, the totals differ or more would go back than was paid.
        """
        order = self._as_of(order, now)
        elsewhere = self._store.by_refund.get((order.mch_id, wanted.refund_number), order)
        known = next((each for each in order.refunds if each.refund_number == wanted.refund_number), None)
        if order.paid_at is None:
            raise Refused(400, "INVALID_REQUEST", "订单状态不允许退款")
        if elsewhere is not order or total_fen != order.amount_fen:
            raise Refused(400, "INVALID_REQUEST", "请求参数与订单不一致")
        if known is not None and known.amount_fen != wanted.amount_fen:
            raise Refused(400, "INVALID_REQUEST", "退款请求与之前不一致")
        if known is not None and known.status(now) in ("SUCCESS", "PROCESSING"):
            return known
        if order.refunded_fen + wanted.amount_fen > order.amount_fen:
            raise Refused(400, "INVALID_REQUEST", "退款金额大于可退金额")
        if known is not None:
            known.done_at, known.outcome, known.announced = wanted.done_at, wanted.outcome, False
            wanted = known
        elif len(order.refunds) >= _MOST_REFUNDS:
            raise Refused(403, "RULE_LIMIT", "退款次数超过限制")
        else:
            order.refunds = [*order.refunds, wanted]
        order.state = TradeState.REFUND
        self._store.save_order(order)
        return wanted

    def refund_of(self, mch_id: str, refund_number: str) -> tuple[Order, Refund]:
        """A refund by the merchant's number. Raises Refused."""
        order = self._store.by_refund.get((mch_id, refund_number))
        if order is None:
            raise Refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return order, next(each for each in order.refunds if each.refund_number == refund_number)

    def settle(self, now: datetime) -> None:
        """Announce every refund that has become final."""
        for order in self._store.orders.values():
            for refund in order.refunds:
                if not refund.announced and now >= refund.done_at:
                    refund.announced = True
                    self._store.save_order(order)
                    self._notices.announce_refund(order, refund)

    def all(self, now: datetime) -> list[Order]:
        """Every order, oldest first."""
        return sorted((self._as_of(o, now) for o in self._store.orders.values()), key=lambda o: o.created_at)

    def _as_of(self, order: Order, now: datetime) -> Order:
        # An unpaid order that ran out is closed; the provider tells nobody.
        if order.state is TradeState.NOTPAY and now >= order.expires_at:
            order.state, order.closed_at = TradeState.CLOSED, order.expires_at
            self._store.save_order(order)
        return order
