"""The simulator's memory: everything in dictionaries, every change written through to one SQLite file."""

import sqlite3
from pathlib import Path
from typing import TypeVar

import msgspec

from merx.simulators.alipay.model import Fault, Notice, NoticeState, Trade, TradeStatus
from merx.simulators.clock import ClockState

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID
"""
_PUT = "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"
_READ = "SELECT body FROM documents WHERE kind = ?"

T = TypeVar("T")


class Store:
    """Trades by (app_id, number), notices by id, the faults still to make, and the clock."""

    def __init__(self, path: Path | None) -> None:
        """Open `path`, or keep everything in memory only when it is None."""
        self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None)
        if path is not None:
            # A development peer: survive a killed process, not a power cut.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_SCHEMA)
        self.trades: dict[tuple[str, str], Trade] = {}
        self.by_token: dict[str, Trade] = {}
        self.by_trade_no: dict[str, Trade] = {}
        #: Trades that a deadline can still close, and notices that can still fall due: what each drain looks at.
        self.waiting: dict[str, Trade] = {}
        self.notices: dict[str, Notice] = {}
        self.pending: dict[str, Notice] = {}
        for trade in self._load("trade", Trade):
            self._remember(trade)
        for notice in self._load("notice", Notice):
            self._remember_notice(notice)
        self.faults = next(iter(self._load("faults", list[Fault])), [])
        self.clock = next(iter(self._load("clock", ClockState)), None)

    def save_trade(self, trade: Trade) -> None:
        """Keep a new or changed trade."""
        self._remember(trade)
        self._put("trade", f"{trade.app_id}/{trade.number}", trade)

    def save_notice(self, notice: Notice) -> None:
        """Keep a new or changed notice."""
        self._remember_notice(notice)
        self._put("notice", notice.notice_id, notice)

    def save_faults(self) -> None:
        """Keep the list of faults as it now is."""
        self._put("faults", "", self.faults)

    def save_clock(self, state: ClockState) -> None:
        """Keep the clock's setting."""
        self.clock = state
        self._put("clock", "", state)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _remember(self, trade: Trade) -> None:
        self.trades[trade.app_id, trade.number] = trade
        self.by_token[trade.token] = trade
        self.by_trade_no[trade.trade_no] = trade
        if trade.status is TradeStatus.WAITING:
            self.waiting[trade.trade_no] = trade
        else:
            self.waiting.pop(trade.trade_no, None)

    def _remember_notice(self, notice: Notice) -> None:
        self.notices[notice.notice_id] = notice
        if notice.state is NoticeState.PENDING:
            self.pending[notice.notice_id] = notice
        else:
            self.pending.pop(notice.notice_id, None)

    def _load(self, kind: str, type_: type[T]) -> list[T]:
        return [msgspec.json.decode(body, type=type_) for (body,) in self._db.execute(_READ, (kind,))]

    def _put(self, kind: str, key: str, value: object) -> None:
        self._db.execute(_PUT, (kind, key, msgspec.json.encode(value)))
