"""Facts that happened, as values: each package declares its own in its `events.py`, the outbox keeps and delivers them.

An event's kind is the name of its class. What was written is read for ever, so neither that name nor the name of a field
changes, and a field that is added has a default.
"""

from functools import cache
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact. What a subscriber needs of it are its fields: ids, amounts in minor units, times; no personal data.

    `subject` is the name of the field that says what it happened to, `actor_id` the account that did it.
    """

    subject: ClassVar[str]

    actor_id: UUID | None = None


E = TypeVar("E", bound=Event)


def subject_of(event: Event) -> UUID:
    """What an event happened to."""
    subject_id: UUID = getattr(event, event.subject)
    return subject_id


def encode_data(event: Event) -> str:
    """The fields of an event besides its subject and actor, as JSON; those that have their defaults are left out."""
    data = msgspec.structs.asdict(event)
    del data[event.subject], data["actor_id"]
    for name, default in _optional(type(event)):
        if data[name] == default:
            del data[name]
    return msgspec.json.encode(data).decode()


def decode_event(kind: type[E], *, subject_id: UUID, data: str, actor_id: UUID | None) -> E:
    """The event that was kept as this subject, data and actor. Raises msgspec.ValidationError when it is none."""
    fields = {**msgspec.json.decode(data), kind.subject: subject_id, "actor_id": actor_id}
    return msgspec.convert(fields, type=kind)


@cache
def _optional(kind: type[Event]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (field.name, field.default)
        for field in msgspec.structs.fields(kind)
        if not field.required and field.name != "actor_id"
    )
