"""The provider's book of trades: what a merchant or a payer may do to one, and when."""

import secrets
from datetime import datetime, timedelta

from merx.simulators.alipay.model import Refund, Trade, TradeStatus
from merx.simulators.alipay.notices import NoticeDesk
from merx.simulators.alipay.store import Store
from merx.simulators.alipay.wire import CHINA

_DEFAULT_LIFE = timedelta(days=15)


class Refused(Exception):
    """The provider's business refusal, by its `sub_code`."""

    def __init__(self, sub_code: str) -> None:
        super().__init__(sub_code)
        self.sub_code = sub_code


class Book:
    """All trades, read as of an instant: a trade past its deadline is closed, whoever looks first."""

    def __init__(self, store: Store, notices: NoticeDesk) -> None:
        self._store = store
        self._notices = notices

    def order(
        self,
        *,
        app_id: str,
        number: str,
        subject: str,
        amount_fen: int,
        expires_at: datetime | None,
        urls: tuple[str, str],
        passback_params: str,
        scene: str = "page",
        quit_url: str = "",
        now: datetime,
    ) -> Trade:
        """Register a cashier link or a code (`urls` = notify, return); the same order again is the same trade.

        Raises Refused when the number is taken by a different, a paid or a closed order.
        """
        known = self._store.trades.get((app_id, number))
        if known is not None:
            known = self._as_of(known, now)
            if known.status is TradeStatus.SUCCESS:
                raise Refused("ACQ.TRADE_HAS_SUCCESS")
            if known.status is TradeStatus.CLOSED:
                raise Refused("ACQ.TRADE_HAS_CLOSE")
            if (known.subject, known.amount_fen) != (subject, amount_fen):
                raise Refused("ACQ.CONTEXT_INCONSISTENT")
            return known
        if expires_at is not None and expires_at <= now:
            raise Refused("ACQ.INVALID_PARAMETER")
        trade = Trade(
            app_id=app_id,
            number=number,
            trade_no=f"{now.astimezone(CHINA):%Y%m%d}22001{secrets.randbelow(10**15):015d}",
            token=secrets.token_urlsafe(18),
            subject=subject,
            amount_fen=amount_fen,
            status=TradeStatus.WAITING,
            created_at=now,
            expires_at=expires_at or now + _DEFAULT_LIFE,
            notify_url=urls[0],
            return_url=urls[1],
            passback_params=passback_params,
            scene=scene,
            quit_url=quit_url,
        )
        self._store.save_trade(trade)
        return trade

    def at_cashier(self, token: str, now: datetime) -> Trade | None:
        """The payer opens the cashier page: from here on the trade exists for queries."""
        trade = self._store.by_token.get(token)
        if trade is None:
            return None
        if not trade.opened:
            trade.opened = True
            self._store.save_trade(trade)
        return self._as_of(trade, now)

    def find(self, app_id: str, *, number: str | None, trade_no: str | None, now: datetime) -> Trade:
        """The merchant's trade by either number (`trade_no` wins); Refused when the payer never came."""
        trade = (
            self._store.by_trade_no.get(trade_no)
            if trade_no
            else self._store.trades.get((app_id, number or ""))
        )
        if trade is None or trade.app_id != app_id or not trade.opened:
            raise Refused("ACQ.TRADE_NOT_EXIST")
        return self._as_of(trade, now)

    def by_number(self, number: str, now: datetime) -> Trade | None:
        """A trade of any merchant by the merchant's number, opened or not."""
        for trade in self._store.trades.values():
            if trade.number == number:
                return self._as_of(trade, now)
        return None

    def pay(self, trade: Trade, now: datetime) -> None:
        """The payer pays. Paying a paid trade again changes nothing; a closed one is Refused."""
        trade = self._as_of(trade, now)
        if trade.status is TradeStatus.SUCCESS:
            return
        if trade.status is TradeStatus.CLOSED:
            raise Refused("ACQ.TRADE_HAS_CLOSE")
        trade.status, trade.paid_at, trade.opened = TradeStatus.SUCCESS, now, True
        self._store.save_trade(trade)
        self._notices.announce(trade, now)

    def close(self, trade: Trade, now: datetime) -> None:
        """The merchant closes an unpaid trade; Refused when it is not waiting for the payer."""
        trade = self._as_of(trade, now)
        if trade.status is not TradeStatus.WAITING:
            raise Refused("ACQ.TRADE_STATUS_ERROR")
        self._shut(trade, now)

    def refund(
        self,
        trade: Trade,
        *,
        request_number: str,
        amount_fen: int,
        reason: str,
        now: datetime,
        done_at: datetime,
    ) -> tuple[Refund, bool]:
        """Give back a part or the whole of a paid trade; True when this call did it, False when an earlier one had.

        Refused when the number was used for another amount, when more would go back than was paid, and when the
        trade is not a paid one: nothing is left of a trade that was refunded whole.
        """
        trade = self._as_of(trade, now)
        for known in trade.refunds:
            if known.request_number == request_number:
                if known.amount_fen != amount_fen:
                    raise Refused("ACQ.DISCORDANT_REPEAT_REQUEST")
                return known, False
        if trade.status is not TradeStatus.SUCCESS:
            raise Refused("ACQ.TRADE_STATUS_ERROR")
        if trade.refunded_fen + amount_fen > trade.amount_fen:
            raise Refused("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        refund = Refund(request_number=request_number, amount_fen=amount_fen, reason=reason, done_at=done_at)
        trade.refunds = [*trade.refunds, refund]
        if trade.refunded_fen == trade.amount_fen:
            trade.status, trade.closed_at = TradeStatus.CLOSED, done_at
        self._store.save_trade(trade)
        self._notices.announce(trade, done_at, refund)
        return refund, True

    def close_expired(self, now: datetime) -> None:
        """Close every opened trade past its deadline, so that its notice goes out without anybody looking."""
        for trade in list(self._store.waiting.values()):
            if trade.opened:
                self._as_of(trade, now)

    def all(self, now: datetime) -> list[Trade]:
        """Every trade, oldest first."""
        return sorted((self._as_of(t, now) for t in self._store.trades.values()), key=lambda t: t.created_at)

    def _as_of(self, trade: Trade, now: datetime) -> Trade:
        if trade.status is TradeStatus.WAITING and now >= trade.expires_at:
            self._shut(trade, trade.expires_at)
        return trade

    def _shut(self, trade: Trade, at: datetime) -> None:
        trade.status, trade.closed_at = TradeStatus.CLOSED, at
        self._store.save_trade(trade)
        if trade.opened:
            self._notices.announce(trade, at)
