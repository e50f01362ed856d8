"""The simulator's memory: everything in dictionaries, every change written through to one SQLite file."""

import sqlite3
from pathlib import Path
from typing import TypeVar

import msgspec

from merx.simulators.clock import ClockState
from merx.simulators.wechat.model import Fault, KeyState, Notice, NoticeState, Order

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
    """Orders by (mch_id, number), notices by id, platform keys oldest first, faults still to make, and the clock."""

    def __init__(self, path: Path | None) -> None:
        """Open `path`, or keep everything in memory only when it is None."""
        self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None)
        if path is not None:
            # A development peer: survive a killed process, not a power cut.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_SCHEMA)
        self.orders: dict[tuple[str, str], Order] = {}
        self.by_token: dict[str, Order] = {}
        self.by_transaction: dict[str, Order] = {}
        self.by_refund: dict[tuple[str, str], Order] = {}
        self.notices: dict[str, Notice] = {}
        self.pending: dict[str, Notice] = {}
        for order in self._load("order", Order):
            self._remember(order)
        for notice in self._load("notice", Notice):
            self._remember_notice(notice)
        self.faults = next(iter(self._load("faults", list[Fault])), [])
        self.clock = next(iter(self._load("clock", ClockState)), None)
        self.keys = next(iter(self._load("keys", KeyState)), None) or KeyState()

    def save_order(self, order: Order) -> None:
        """Keep a new or changed order."""
        self._remember(order)
        self._put("order", f"{order.mch_id}/{order.number}", order)

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

    def save_keys(self) -> None:
        """Keep the platform keys as they now are."""
        self._put("keys", "", self.keys)

    def use(self, fault: Fault) -> None:
        """Count one occasion of a fault and drop it when it is used up."""
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            self.save_faults()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _remember(self, order: Order) -> None:
        self.orders[order.mch_id, order.number] = order
        self.by_token[order.token] = order
        self.by_transaction[order.transaction_id] = order
        for refund in order.refunds:
            self.by_refund[order.mch_id, refund.refund_number] = order

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
