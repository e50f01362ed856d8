"""The simulator's memory: everything in dictionaries, every change written through to one SQLite file."""

import secrets
from pathlib import Path

from merx.simulators.card.model import Fault, Json, KeptAnswer, Notice
from merx.simulators.common.store import PeerStore

_DEADLINES = ("_due", "_expires_at", "_answer_by")


class Store(PeerStore[Fault, Notice]):
    """Objects by id, oldest first; webhooks; answers under idempotency keys; faults; the clock."""

    def __init__(self, path: Path | None) -> None:
        """Open `path`, or keep everything in memory only when it is None."""
        super().__init__(path, fault_type=Fault, notice_type=Notice)
        loaded = sorted(self._load("object", Json).values(), key=lambda each: each["_sequence"])
        self.objects: dict[str, Json] = {each["id"]: each for each in loaded}
        self._by_kind: dict[str, dict[str, Json]] = {}
        #: What time alone still changes: sessions, refunds, authorizations and disputes under way; webhooks.
        self.unsettled: dict[str, Json] = {}
        for each in loaded:
            self._remember(each)
        self.kept = self._load("kept", KeptAnswer)

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

    def keep(self, key: str, answer: KeptAnswer) -> None:
        """Keep the answer given under an idempotency key."""
        self.kept[key] = answer
        self._put("kept", key, answer)

    def forget(self, key: str) -> None:
        """Drop the answer under an idempotency key."""
        del self.kept[key]
        self._delete("kept", key)

    def _remember(self, thing: Json) -> None:
        self._by_kind.setdefault(thing["object"], {})[thing["id"]] = thing
        if any(thing.get(name) is not None for name in _DEADLINES) or (
            thing["object"] == "checkout.session" and thing["status"] == "open"
        ):
            self.unsettled[thing["id"]] = thing
        else:
            self.unsettled.pop(thing["id"], None)


def new_object_id(prefix: str) -> str:
    """An id as the API makes them: a prefix that says what it is of, and chance."""
    return f"{prefix}_{secrets.token_hex(12)}"
