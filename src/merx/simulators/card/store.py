"""The simulator's memory: everything in dictionaries, every change written through to one SQLite file."""

import secrets
import sqlite3
from pathlib import Path
from typing import TypeVar

import msgspec

from merx.simulators.card.model import ClockState, Fault, Json, KeptAnswer, Notice, NoticeState

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID
"""
_PUT = "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"
_DELETE = "DELETE FROM documents WHERE kind = ? AND key = ?"
_READ = "SELECT key, body FROM documents WHERE kind = ?"

_DEADLINES = ("_due", "_expires_at", "_answer_by")

T = TypeVar("T")


class Store:
    """Objects by id, oldest first; webhooks; answers under idempotency keys; faults; the clock."""

    def __init__(self, path: Path | None) -> None:
        """Open `path`, or keep everything in memory only when it is None."""
        self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None)
        if path is not None:
            # A development peer: survive a killed process, not a power cut.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_SCHEMA)
        loaded = sorted(self._load("object", Json).values(), key=lambda each: each["_sequence"])
        self.objects: dict[str, Json] = {each["id"]: each for each in loaded}
        self._by_kind: dict[str, dict[str, Json]] = {}
        #: What time alone still changes: sessions, refunds, authorizations and disputes under way; webhooks.
        self.unsettled: dict[str, Json] = {}
        self.pending: dict[str, Notice] = {}
        for each in loaded:
            self._remember(each)
        self.notices = self._load("notice", Notice)
        for notice in self.notices.values():
            self._remember_notice(notice)
        self.kept = self._load("kept", KeptAnswer)
        self.faults = self._load("faults", list[Fault]).get("", [])
        self.clock = self._load("clock", ClockState).get("")

    def find(self, kind: str, object_id: str) -> Json | None:
        """An object of a kind by its id."""
        found = self.objects.get(object_id)
        return found if found is not None and found["object"] == kind else None

    def all(self, kind: str) -> list[Json]:
        """Every object of a kind, oldest first."""
        return list(self._by_kind.get(kind, {}).values())

    def save(self, thing: Json) -> Json:
        """Keep a new or changed object."""
        thing.setdefault("_sequence", len(self.objects))
        self.objects[thing["id"]] = thing
        self._remember(thing)
        self._put("object", thing["id"], thing)
        return thing

    def save_notice(self, notice: Notice) -> None:
        """Keep a new or changed webhook."""
        self.notices[notice.notice_id] = notice
        self._remember_notice(notice)
        self._put("notice", notice.notice_id, notice)

    def keep(self, key: str, answer: KeptAnswer) -> None:
        """Keep the answer given under an idempotency key."""
        self.kept[key] = answer
        self._put("kept", key, answer)

    def forget(self, key: str) -> None:
        """Drop the answer under an idempotency key."""
        del self.kept[key]
        self._db.execute(_DELETE, ("kept", key))

    def save_faults(self) -> None:
        """Keep the list of faults as it now is."""
        self._put("faults", "", self.faults)

    def use(self, fault: Fault) -> None:
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

    def _remember(self, thing: Json) -> None:
        self._by_kind.setdefault(thing["object"], {})[thing["id"]] = thing
        if any(thing.get(name) is not None for name in _DEADLINES) or (
            thing["object"] == "checkout.session" and thing["status"] == "open"
        ):
            self.unsettled[thing["id"]] = thing
        else:
            self.unsettled.pop(thing["id"], None)

    def _remember_notice(self, notice: Notice) -> None:
        if notice.state is NoticeState.PENDING:
            self.pending[notice.notice_id] = notice
        else:
            self.pending.pop(notice.notice_id, None)

    def _load(self, kind: str, type_: type[T]) -> dict[str, T]:
        rows = self._db.execute(_READ, (kind,))
        return {key: msgspec.json.decode(body, type=type_) for key, body in rows}

    def _put(self, kind: str, key: str, value: object) -> None:
        self._db.execute(_PUT, (kind, key, msgspec.json.encode(value)))


def new_object_id(prefix: str) -> str:
    """An id as the API makes them: a prefix that says what it is of, and chance."""
    return f"{prefix}_{secrets.token_hex(12)}"
