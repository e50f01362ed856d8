"""The simulator's memory: everything in dictionaries, every change written through to one SQLite file."""

from pathlib import Path

from merx.simulators.alipay.model import Fault, Notice, Trade, TradeStatus
from merx.simulators.common.store import PeerStore


class Store(PeerStore[Fault, Notice]):
    """Trades by (app_id, number), notices by id, the faults still to make, and the clock."""

    def __init__(self, path: Path | None) -> None:
        """Open `path`, or keep everything in memory only when it is None."""
        super().__init__(path, fault_type=Fault, notice_type=Notice)
        self.trades: dict[tuple[str, str], Trade] = {}
        self.by_token: dict[str, Trade] = {}
        self.by_trade_no: dict[str, Trade] = {}
        #: Trades that a deadline can still close, and notices that can still fall due: what each drain looks at.
        self.waiting: dict[str, Trade] = {}
        for trade in self._load("trade", Trade).values():
            self._remember(trade)

    def save_trade(self, trade: Trade) -> None:
        """Keep a new or changed trade."""
        self._remember(trade)
        self._put("trade", f"{trade.app_id}/{trade.number}", trade)

    def _remember(self, trade: Trade) -> None:
        self.trades[trade.app_id, trade.number] = trade
        self.by_token[trade.token] = trade
        self.by_trade_no[trade.trade_no] = trade
        if trade.status is TradeStatus.WAITING:
            self.waiting[trade.trade_no] = trade
        else:
            self.waiting.pop(trade.trade_no, None)
