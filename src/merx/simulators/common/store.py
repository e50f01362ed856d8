"""A simulator's memory: everything in dictionaries, every change written through to one SQLite file."""

import sqlite3
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from merx.simulators.clock import ClockState
from merx.simulators.common.model import F, N, NoticeState

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID
"""
_PUT: Final = (
    "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"
)
_DELETE: Final = "DELETE FROM documents WHERE kind = ? AND key = ?"
_READ: Final = "SELECT key, body FROM documents WHERE kind = ?"

T = TypeVar("T")


class PeerStore(Generic[F, N]):
    """Notices by id, the faults still to make, and the clock. A provider's own store adds what it trades in."""

    def __init__(self, path: Path | None, *, fault_type: type[F], notice_type: type[N]) -> None:
        """Open `path`, or keep everything in memory only when it is None."""
        self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None)
        if path is not None:
            # A development peer: survive a killed process, not a power cut.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_SCHEMA)
        self.fault_type = fault_type
        #: Notices that can still fall due are pending: what each drain looks at.
        self.notices: dict[str, N] = {}
        self.pending: dict[str, N] = {}
        for notice in self._load("notice", notice_type).values():
            self._remember_notice(notice)
        self.faults: list[F] = [
            msgspec.convert(each, fault_type) for each in self._load("faults", list[object]).get("", [])
        ]
        self.clock = self._load("clock", ClockState).get("")

    def save_notice(self, notice: N) -> None:
        """Keep a new or changed notice."""
        self._remember_notice(notice)
        self._put("notice", notice.notice_id, notice)

    def save_faults(self) -> None:
        """Keep the list of faults as it now is."""
        self._put("faults", "", self.faults)

    def use(self, fault: F) -> None:
        """Count one occasion of a fault and drop it when it is used up."""
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            self.save_faults()

    def save_clock(self, state: ClockState) -> None:
        """Keep the clock's setting."""
        self.clock = state
        self._put("clock", "", state)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _remember_notice(self, notice: N) -> None:
        self.notices[notice.notice_id] = notice
        if notice.state is NoticeState.PENDING:
            self.pending[notice.notice_id] = notice
        else:
            self.pending.pop(notice.notice_id, None)

    def _load(self, kind: str, type_: type[T]) -> dict[str, T]:
        rows = self._db.execute(_READ, (kind,))
        return {key: msgspec.json.decode(body, type=type_) for key, body in rows}

    def _put(self, kind: str, key: str, value: object) -> None:
        self._db.execute(_PUT, (kind, key, msgspec.json.encode(value)))

    def _delete(self, kind: str, key: str) -> None:
        self._db.execute(_DELETE, (kind, key))
